#include "operation/hash.h"

#include <algorithm>

#include "accelerated/processor.h"
#include "memory/secret_buffer.h"

namespace skissm {
namespace {

constexpr uint8_t kInnerPad = 0x36;
constexpr uint8_t kOuterPad = 0x5c;

bool IsSha3(const HashAlgorithm& algorithm) {
  return algorithm.sha2 == MBEDTLS_MD_NONE;
}

bool IsAccelerated(const HashAlgorithm& algorithm) {
  return algorithm.sha2 == MBEDTLS_MD_SHA256 && CurrentAcceleration().sha256;
}

Keccak Sha3(const HashAlgorithm& algorithm) {
  return {algorithm.block_length, KeccakDomain::kSha3};
}

template <typename State>
void HashWith(State hash, std::initializer_list<Bytes> parts, MutableBytes out) {
  for (const Bytes part : parts) hash.Update(part);
  hash.Finish(out);
}

bool HashInMbedtls(mbedtls_md_type_t type, std::initializer_list<Bytes> parts, MutableBytes out) {
  mbedtls_md_context_t context;
  mbedtls_md_init(&context);
  bool good = mbedtls_md_setup(&context, mbedtls_md_info_from_type(type), 0) == 0 && mbedtls_md_starts(&context) == 0;
  for (const Bytes part : parts) good = good && mbedtls_md_update(&context, part.data(), part.size()) == 0;
  good = good && mbedtls_md_finish(&context, out.data()) == 0;
  mbedtls_md_free(&context);
  return good;
}

/// A key of a block at most, filled up with zeros and combined with a pad. RFC 2104 §2.
class KeyBlock {
 public:
  KeyBlock(Bytes key, size_t block_length, uint8_t pad) : length_(block_length) {
    std::ranges::copy(key, block_.data());
    for (uint8_t& byte : block_.bytes().first(length_)) byte ^= pad;
  }

  [[nodiscard]] Bytes bytes() const { return block_.bytes().first(length_); }

 private:
  SecretArray<kLongestHashBlock> block_;
  size_t length_;
};

}  // namespace

bool Hash(const HashAlgorithm& algorithm, std::initializer_list<Bytes> parts, MutableBytes out) {
  if (IsAccelerated(algorithm)) {
    HashWith(AcceleratedSha256(), parts, out);
  } else if (IsSha3(algorithm)) {
    HashWith(Sha3(algorithm), parts, out);
  } else {
    return HashInMbedtls(algorithm.sha2, parts, out);
  }
  return true;
}

bool Hkdf(const HashAlgorithm& algorithm, Bytes ikm, Bytes salt, Bytes info, MutableBytes out) {
  SecretArray<kLongestDigest> memory;
  const MutableBytes extracted = memory.bytes().first(algorithm.digest_length);
  Hmac hmac(algorithm);
  return hmac.SetKey(salt) && hmac.Compute({ikm}, extracted) && hmac.SetKey(extracted) && hmac.Expand(info, out);
}

MbedtlsHmac::MbedtlsHmac(mbedtls_md_type_t type) {
  const mbedtls_md_info_t* kind = mbedtls_md_info_from_type(type);
  mbedtls_md_init(&inner_);
  mbedtls_md_init(&outer_);
  mbedtls_md_init(&work_);
  ready_ = mbedtls_md_setup(&inner_, kind, 0) == 0 && mbedtls_md_setup(&outer_, kind, 0) == 0 &&
           mbedtls_md_setup(&work_, kind, 0) == 0;
}

MbedtlsHmac::~MbedtlsHmac() {
  mbedtls_md_free(&inner_);
  mbedtls_md_free(&outer_);
  mbedtls_md_free(&work_);
}

bool MbedtlsHmac::SetKeyBlocks(Bytes inner, Bytes outer) {
  return ready_ && mbedtls_md_starts(&inner_) == 0 && mbedtls_md_update(&inner_, inner.data(), inner.size()) == 0 &&
         mbedtls_md_starts(&outer_) == 0 && mbedtls_md_update(&outer_, outer.data(), outer.size()) == 0;
}

bool MbedtlsHmac::Compute(std::initializer_list<Bytes> parts, MutableBytes out) {
  SecretArray<kLongestDigest> inner_hash;
  if (mbedtls_md_clone(&work_, &inner_) != 0) return false;
  for (const Bytes part : parts) {
    if (mbedtls_md_update(&work_, part.data(), part.size()) != 0) return false;
  }
  return mbedtls_md_finish(&work_, inner_hash.data()) == 0 && mbedtls_md_clone(&work_, &outer_) == 0 &&
         mbedtls_md_update(&work_, inner_hash.data(), out.size()) == 0 && mbedtls_md_finish(&work_, out.data()) == 0;
}

template <typename State>
bool CopyingHmac<State>::Compute(std::initializer_list<Bytes> parts, MutableBytes out) const {
  SecretArray<kLongestDigest> inner_hash_memory;
  const MutableBytes inner_hash = inner_hash_memory.bytes().first(out.size());
  HashWith(inner_, parts, inner_hash);
  HashWith(outer_, {inner_hash}, out);
  return true;
}

Hmac::Hmac(const HashAlgorithm& algorithm)
    : algorithm_(algorithm), state_(std::in_place_type<CopyingHmac<AcceleratedSha256>>, AcceleratedSha256()) {
  if (IsAccelerated(algorithm)) return;
  if (IsSha3(algorithm)) {
    state_.emplace<CopyingHmac<Keccak>>(Sha3(algorithm));
  } else {
    state_.emplace<MbedtlsHmac>(algorithm.sha2);
  }
}

bool Hmac::SetKey(Bytes key) {
  SecretArray<kLongestDigest> hashed_memory;
  const size_t block_length = algorithm_.block_length;
  if (key.size() > block_length) {
    const MutableBytes hashed = hashed_memory.bytes().first(algorithm_.digest_length);
    if (!Hash(algorithm_, {key}, hashed)) return false;
    key = hashed;
  }
  const KeyBlock inner(key, block_length, kInnerPad);
  const KeyBlock outer(key, block_length, kOuterPad);
  return std::visit([&](auto& state) { return state.SetKeyBlocks(inner.bytes(), outer.bytes()); }, state_);
}

bool Hmac::Expand(Bytes info, MutableBytes out) {
  SecretArray<kLongestDigest> memory;
  const MutableBytes block = memory.bytes().first(algorithm_.digest_length);
  Bytes before;
  for (uint8_t number = 1; !out.empty(); ++number) {
    if (!Compute({before, info, {&number, 1}}, block)) return false;
    const size_t taken = std::min(out.size(), block.size());
    std::ranges::copy(block.first(taken), out.begin());
    before = block;
    out = out.subspan(taken);
  }
  return true;
}

bool Hmac::Compute(std::initializer_list<Bytes> parts, MutableBytes out) {
  return std::visit([&](auto& state) { return state.Compute(parts, out); }, state_);
}

}  // namespace skissm
