#include "accelerated/sha256.h"

#include <algorithm>

#include "memory/wipe.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace skissm {
namespace {

/// The fractional parts of the square roots of the first eight primes. FIPS 180-4 §5.3.3.
constexpr std::array<uint32_t, 8> kInitialState = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                                   0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

#if defined(__x86_64__)

/// The fractional parts of the cube roots of the first 64 primes. FIPS 180-4 §4.2.2.
alignas(16) constexpr std::array<uint32_t, 64> kConstants = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/// Hashes whole blocks into `state`, which is a, b, .. h.
__attribute__((target("sha,ssse3,sse4.1"))) void Compress(uint32_t* state, const uint8_t* blocks, size_t count) {
  const __m128i big_endian = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
  // The instructions want the words as a, b, e, f and c, d, g, h, the first in the highest place.
  const __m128i dcba = _mm_loadu_si128(reinterpret_cast<const __m128i*>(state));
  const __m128i hgfe = _mm_loadu_si128(reinterpret_cast<const __m128i*>(state + 4));
  const __m128i cdab = _mm_shuffle_epi32(dcba, 0xb1);
  const __m128i efgh = _mm_shuffle_epi32(hgfe, 0x1b);
  __m128i abef = _mm_alignr_epi8(cdab, efgh, 8);
  __m128i cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);

  for (; count > 0; --count, blocks += AcceleratedSha256::kBlockLength) {
    const __m128i abef_before = abef;
    const __m128i cdgh_before = cdgh;
    __m128i words[4];
    for (int i = 0; i < 4; ++i) {
      words[i] = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(blocks + 16 * i)), big_endian);
    }
    // Four rounds at a time; meanwhile the words of the rounds 16 further on are made.
#pragma GCC unroll 16
    for (int group = 0; group < 16; ++group) {
      const __m128i current = words[group % 4];
      const __m128i constants = _mm_load_si128(reinterpret_cast<const __m128i*>(kConstants.data() + 4 * group));
      const __m128i input = _mm_add_epi32(current, constants);
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, input);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(input, 0x0e));
      if (group < 12) {
        const __m128i last = words[(group + 3) % 4];
        const __m128i seven_before = _mm_alignr_epi8(last, words[(group + 2) % 4], 4);
        const __m128i partial = _mm_add_epi32(_mm_sha256msg1_epu32(current, words[(group + 1) % 4]), seven_before);
        words[group % 4] = _mm_sha256msg2_epu32(partial, last);
      }
    }
    abef = _mm_add_epi32(abef, abef_before);
    cdgh = _mm_add_epi32(cdgh, cdgh_before);
  }

  const __m128i feba = _mm_shuffle_epi32(abef, 0x1b);
  const __m128i dchg = _mm_shuffle_epi32(cdgh, 0xb1);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(state), _mm_blend_epi16(feba, dchg, 0xf0));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

#else

/// Never called: processor.h says that there is no such instruction.
void Compress(uint32_t*, const uint8_t*, size_t) {}

#endif

}  // namespace

AcceleratedSha256::~AcceleratedSha256() {
  Wipe({reinterpret_cast<uint8_t*>(state_.data()), sizeof(state_)});
  Wipe(pending_);
}

void AcceleratedSha256::Reset() {
  state_ = kInitialState;
  length_ = 0;
}

void AcceleratedSha256::Update(Bytes bytes) {
  const size_t held = length_ % kBlockLength;
  length_ += bytes.size();
  if (held > 0) {
    const size_t taken = std::min(kBlockLength - held, bytes.size());
    std::copy_n(bytes.data(), taken, pending_.begin() + held);
    if (held + taken < kBlockLength) return;
    Compress(state_.data(), pending_.data(), 1);
    bytes = bytes.subspan(taken);
  }
  const size_t blocks = bytes.size() / kBlockLength;
  if (blocks > 0) Compress(state_.data(), bytes.data(), blocks);
  std::ranges::copy(bytes.subspan(blocks * kBlockLength), pending_.begin());
}

void AcceleratedSha256::Finish(MutableBytes digest) {
  // A one bit, zeros, and the length in bits at the end of a block. FIPS 180-4 §5.1.1.
  constexpr size_t kLengthOffset = kBlockLength - sizeof(uint64_t);
  size_t held = length_ % kBlockLength;
  pending_[held++] = 0x80;
  if (held > kLengthOffset) {
    std::fill(pending_.begin() + held, pending_.end(), 0);
    Compress(state_.data(), pending_.data(), 1);
    held = 0;
  }
  std::fill(pending_.begin() + held, pending_.begin() + kLengthOffset, 0);
  for (size_t i = 0; i < sizeof(uint64_t); ++i) {
    pending_[kLengthOffset + i] = static_cast<uint8_t>(length_ * 8 >> (56 - 8 * i));
  }
  Compress(state_.data(), pending_.data(), 1);
  for (size_t i = 0; i < kDigestLength; ++i) digest[i] = static_cast<uint8_t>(state_[i / 4] >> (24 - 8 * (i % 4)));
}

}  // namespace skissm
