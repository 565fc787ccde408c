#include "accelerated/aes_gcm.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <array>

#include "memory/wipe.h"

// For functions that use the instructions: the file is compiled for any x86-64, and they are called where the processor
// has them only.
#define SKISSM_AES_GCM __attribute__((target("aes,pclmul,ssse3,sse4.1")))

namespace skissm {
namespace {

using Block = __m128i;

constexpr size_t kBlockLength = 16;
constexpr size_t kTagLength = 16;
constexpr size_t kIvOfCounter = 12;
constexpr int kRounds = 14;
/// Blocks that are worked on side by side.
constexpr size_t kLanes = 8;
constexpr size_t kStride = kLanes * kBlockLength;
/// Bytes that one key and IV may seal: 2^32 - 2 blocks. NIST SP 800-38D §5.2.1.1.
constexpr uint64_t kLongestText = ((uint64_t{1} << 32) - 2) * kBlockLength;

SKISSM_AES_GCM inline Block Load(const uint8_t* bytes) {
  return _mm_loadu_si128(reinterpret_cast<const Block*>(bytes));
}

SKISSM_AES_GCM inline void Store(uint8_t* bytes, Block block) {
  _mm_storeu_si128(reinterpret_cast<Block*>(bytes), block);
}

/// The bytes of a block the other way round. GHASH's polynomials have their first coefficient in the first byte's
/// highest bit, counters are big-endian; both become ordinary little-endian numbers.
SKISSM_AES_GCM inline Block Reverse(Block block) {
  return _mm_shuffle_epi8(block, _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

/// The first `length` bytes and zeros behind them; at most a block.
SKISSM_AES_GCM inline Block LoadPart(const uint8_t* bytes, size_t length) {
  alignas(Block) std::array<uint8_t, kBlockLength> whole{};
  std::copy_n(bytes, length, whole.begin());
  const Block block = Load(whole.data());
  Wipe(whole);
  return block;
}

/// w0, w0^w1, w0^w1^w2, w0^w1^w2^w3: what the key schedule does with four words. FIPS 197 §5.2.
SKISSM_AES_GCM inline Block RunningXor(Block words) {
  words = _mm_xor_si128(words, _mm_slli_si128(words, 4));
  return _mm_xor_si128(words, _mm_slli_si128(words, 8));
}

/// The next round key with an even number: `kConstant` is its round constant.
template <int kConstant>
SKISSM_AES_GCM inline Block NextEven(Block even, Block odd) {
  const Block substituted = _mm_shuffle_epi32(_mm_aeskeygenassist_si128(odd, kConstant), 0xff);
  return _mm_xor_si128(RunningXor(even), substituted);
}

/// The next round key with an odd number.
SKISSM_AES_GCM inline Block NextOdd(Block odd, Block even) {
  const Block substituted = _mm_shuffle_epi32(_mm_aeskeygenassist_si128(even, 0), 0xaa);
  return _mm_xor_si128(RunningXor(odd), substituted);
}

/// A product of two polynomials before its reduction: 256 bits, the middle of it still apart.
struct Product {
  Block low;
  Block middle;
  Block high;
};

SKISSM_AES_GCM inline void AddProduct(Product* sum, Block a, Block b) {
  sum->low = _mm_xor_si128(sum->low, _mm_clmulepi64_si128(a, b, 0x00));
  sum->high = _mm_xor_si128(sum->high, _mm_clmulepi64_si128(a, b, 0x11));
  sum->middle = _mm_xor_si128(sum->middle, _mm_clmulepi64_si128(a, b, 0x10));
  sum->middle = _mm_xor_si128(sum->middle, _mm_clmulepi64_si128(a, b, 0x01));
}

/// The product modulo x^128 + x^7 + x^2 + x + 1. Of bit-reversed factors the product lies one bit too low, so it is
/// shifted first; the reduction then runs from the low half up.
SKISSM_AES_GCM inline Block Reduce(const Product& product) {
  Block low = _mm_xor_si128(product.low, _mm_slli_si128(product.middle, 8));
  Block high = _mm_xor_si128(product.high, _mm_srli_si128(product.middle, 8));

  const Block low_carry = _mm_srli_epi32(low, 31);
  const Block high_carry = _mm_srli_epi32(high, 31);
  low = _mm_or_si128(_mm_slli_epi32(low, 1), _mm_slli_si128(low_carry, 4));
  high = _mm_or_si128(_mm_slli_epi32(high, 1), _mm_slli_si128(high_carry, 4));
  high = _mm_or_si128(high, _mm_srli_si128(low_carry, 12));

  const Block folded =
      _mm_xor_si128(_mm_xor_si128(_mm_slli_epi32(low, 31), _mm_slli_epi32(low, 30)), _mm_slli_epi32(low, 25));
  low = _mm_xor_si128(low, _mm_slli_si128(folded, 12));
  Block rest = _mm_xor_si128(_mm_srli_epi32(low, 1), _mm_srli_epi32(low, 2));
  rest = _mm_xor_si128(rest, _mm_srli_epi32(low, 7));
  rest = _mm_xor_si128(rest, _mm_srli_si128(folded, 4));
  return _mm_xor_si128(high, _mm_xor_si128(low, rest));
}

/// One key: its schedule, and the powers of its hash key.
class AesGcm {
 public:
  SKISSM_AES_GCM explicit AesGcm(const uint8_t* key) {
    ExpandKey(key);
    const Block hash_key = Reverse(Encrypt(_mm_setzero_si128()));
    powers_[0] = hash_key;
    for (size_t i = 1; i < kLanes; ++i) powers_[i] = Multiply(powers_[i - 1], hash_key);
  }
  AesGcm(const AesGcm&) = delete;
  AesGcm& operator=(const AesGcm&) = delete;
  ~AesGcm() { Wipe({reinterpret_cast<uint8_t*>(this), sizeof(*this)}); }

  /// Sets the first counter: the IV and a one, or the hash of an IV of another length. NIST SP 800-38D §7.1.
  SKISSM_AES_GCM void Start(Bytes iv) {
    hash_ = _mm_setzero_si128();
    if (iv.size() == kIvOfCounter) {
      counter_ = _mm_insert_epi32(Reverse(LoadPart(iv.data(), iv.size())), 1, 0);
    } else {
      Absorb(iv);
      AbsorbLengths(0, iv.size());
      counter_ = hash_;
      hash_ = _mm_setzero_si128();
    }
    tag_mask_ = Encrypt(Reverse(counter_));
  }

  /// Hashes `bytes`, filled up with zeros to whole blocks.
  SKISSM_AES_GCM void Absorb(Bytes bytes) {
    const uint8_t* from = bytes.data();
    size_t left = bytes.size();
    for (; left >= kStride; left -= kStride, from += kStride) AbsorbBlocks<kLanes>(from);
    for (; left >= kBlockLength; left -= kBlockLength, from += kBlockLength) AbsorbBlocks<1>(from);
    if (left > 0) AbsorbBlock(LoadPart(from, left));
  }

  /// Hashes the block of both lengths, in bits.
  SKISSM_AES_GCM void AbsorbLengths(uint64_t first, uint64_t second) {
    const Block lengths = _mm_set_epi64x(static_cast<int64_t>(first * 8), static_cast<int64_t>(second * 8));
    hash_ = Multiply(_mm_xor_si128(hash_, lengths), powers_[0]);
  }

  /// out = in combined with the key stream. Wipes what it leaves on the stack.
  SKISSM_AES_GCM void Crypt(Bytes in, uint8_t* out) {
    const uint8_t* from = in.data();
    size_t left = in.size();
    Block stream[kLanes];
    for (; left >= kStride; left -= kStride, from += kStride, out += kStride) {
      NextStream(stream);
      for (size_t i = 0; i < kLanes; ++i) {
        Store(out + i * kBlockLength, _mm_xor_si128(stream[i], Load(from + i * kBlockLength)));
      }
    }
    if (left > 0) {
      NextStream(stream);
      const auto* bytes = reinterpret_cast<const uint8_t*>(stream);
      for (size_t i = 0; i < left; ++i) out[i] = static_cast<uint8_t>(from[i] ^ bytes[i]);
    }
    Wipe({reinterpret_cast<uint8_t*>(stream), sizeof(stream)});
  }

  SKISSM_AES_GCM void Tag(uint8_t* tag) const { Store(tag, _mm_xor_si128(Reverse(hash_), tag_mask_)); }

 private:
  SKISSM_AES_GCM void ExpandKey(const uint8_t* key) {
    round_keys_[0] = Load(key);
    round_keys_[1] = Load(key + kBlockLength);
    round_keys_[2] = NextEven<0x01>(round_keys_[0], round_keys_[1]);
    round_keys_[3] = NextOdd(round_keys_[1], round_keys_[2]);
    round_keys_[4] = NextEven<0x02>(round_keys_[2], round_keys_[3]);
    round_keys_[5] = NextOdd(round_keys_[3], round_keys_[4]);
    round_keys_[6] = NextEven<0x04>(round_keys_[4], round_keys_[5]);
    round_keys_[7] = NextOdd(round_keys_[5], round_keys_[6]);
    round_keys_[8] = NextEven<0x08>(round_keys_[6], round_keys_[7]);
    round_keys_[9] = NextOdd(round_keys_[7], round_keys_[8]);
    round_keys_[10] = NextEven<0x10>(round_keys_[8], round_keys_[9]);
    round_keys_[11] = NextOdd(round_keys_[9], round_keys_[10]);
    round_keys_[12] = NextEven<0x20>(round_keys_[10], round_keys_[11]);
    round_keys_[13] = NextOdd(round_keys_[11], round_keys_[12]);
    round_keys_[14] = NextEven<0x40>(round_keys_[12], round_keys_[13]);
  }

  [[nodiscard]] SKISSM_AES_GCM Block Encrypt(Block block) const {
    block = _mm_xor_si128(block, round_keys_[0]);
    for (int round = 1; round < kRounds; ++round) block = _mm_aesenc_si128(block, round_keys_[round]);
    return _mm_aesenclast_si128(block, round_keys_[kRounds]);
  }

  /// The next eight blocks of the key stream. The counter is the last 32 bits and wraps by itself.
  SKISSM_AES_GCM void NextStream(Block* stream) {
    for (size_t i = 0; i < kLanes; ++i) {
      counter_ = _mm_add_epi32(counter_, _mm_set_epi32(0, 0, 0, 1));
      stream[i] = _mm_xor_si128(Reverse(counter_), round_keys_[0]);
    }
    for (int round = 1; round < kRounds; ++round) {
      for (size_t i = 0; i < kLanes; ++i) stream[i] = _mm_aesenc_si128(stream[i], round_keys_[round]);
    }
    for (size_t i = 0; i < kLanes; ++i) stream[i] = _mm_aesenclast_si128(stream[i], round_keys_[kRounds]);
  }

  [[nodiscard]] SKISSM_AES_GCM static Block Multiply(Block a, Block b) {
    Product product = {_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128()};
    AddProduct(&product, a, b);
    return Reduce(product);
  }

  SKISSM_AES_GCM void AbsorbBlock(Block block) { hash_ = Multiply(_mm_xor_si128(hash_, Reverse(block)), powers_[0]); }

  /// Hashes `kCount` blocks with one reduction: the first is multiplied by the highest power.
  template <size_t kCount>
  SKISSM_AES_GCM void AbsorbBlocks(const uint8_t* from) {
    Product sum = {_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128()};
    AddProduct(&sum, _mm_xor_si128(hash_, Reverse(Load(from))), powers_[kCount - 1]);
    for (size_t i = 1; i < kCount; ++i) {
      AddProduct(&sum, Reverse(Load(from + i * kBlockLength)), powers_[kCount - 1 - i]);
    }
    hash_ = Reduce(sum);
  }

  Block round_keys_[kRounds + 1];
  /// H, H^2, .. H^8.
  Block powers_[kLanes];
  Block hash_ = _mm_setzero_si128();
  /// The last counter that was used, as a little-endian number.
  Block counter_;
  /// What the hash is combined with.
  Block tag_mask_;
};

}  // namespace

SKISSM_AES_GCM bool AcceleratedAesGcmSeal(Bytes key, Bytes iv, Bytes associated_data, Bytes plaintext,
                                          MutableBytes sealed) {
  if (plaintext.size() > kLongestText) return false;
  const MutableBytes ciphertext = sealed.first(plaintext.size());
  AesGcm gcm(key.data());
  gcm.Start(iv);
  gcm.Absorb(associated_data);
  gcm.Crypt(plaintext, ciphertext.data());
  gcm.Absorb(ciphertext);
  gcm.AbsorbLengths(associated_data.size(), ciphertext.size());
  gcm.Tag(sealed.data() + ciphertext.size());
  return true;
}

SKISSM_AES_GCM bool AcceleratedAesGcmOpen(Bytes key, Bytes iv, Bytes associated_data, Bytes sealed,
                                          MutableBytes plaintext) {
  const Bytes ciphertext = sealed.first(sealed.size() - kTagLength);
  if (ciphertext.size() > kLongestText) return false;
  AesGcm gcm(key.data());
  gcm.Start(iv);
  gcm.Absorb(associated_data);
  gcm.Absorb(ciphertext);
  gcm.AbsorbLengths(associated_data.size(), ciphertext.size());
  std::array<uint8_t, kTagLength> tag;
  gcm.Tag(tag.data());
  if (!EqualInConstantTime(tag, sealed.last(kTagLength))) return false;
  gcm.Crypt(ciphertext, plaintext.data());
  return true;
}

}  // namespace skissm

#undef SKISSM_AES_GCM

#else

namespace skissm {

bool AcceleratedAesGcmSeal(Bytes, Bytes, Bytes, Bytes, MutableBytes) {
  return false;
}

bool AcceleratedAesGcmOpen(Bytes, Bytes, Bytes, Bytes, MutableBytes) {
  return false;
}

}  // namespace skissm

#endif
