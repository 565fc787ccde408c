#include "operation/hash.h"

#include <algorithm>

#include "accelerated/processor.h"
#include "memory/secret_buffer.h"

namespace skissm {
namespace {

constexpr size_t kSha256BlockLength = 64;
constexpr uint8_t kInnerPad = 0x36;
constexpr uint8_t kOuterPad = 0x5c;

const mbedtls_md_info_t* Sha256Kind() {
  return mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
}

bool Hash(mbedtls_md_type_t type, std::initializer_list<Bytes> parts, MutableBytes out) {
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
  KeyBlock(Bytes key, uint8_t pad) {
    std::ranges::copy(key, block_.data());
    for (uint8_t& byte : block_.bytes()) byte ^= pad;
  }

  [[nodiscard]] Bytes bytes() const { return block_.bytes(); }

 private:
  SecretArray<kSha256BlockLength> block_;
};

}  // namespace

bool Sha256(std::initializer_list<Bytes> parts, MutableBytes out) {
  if (!CurrentAcceleration().sha256) return Hash(MBEDTLS_MD_SHA256, parts, out);
  AcceleratedSha256 hash;
  for (const Bytes part : parts) hash.Update(part);
  hash.Finish(out);
  return true;
}

bool Sha512(std::initializer_list<Bytes> parts, MutableBytes out) {
  return Hash(MBEDTLS_MD_SHA512, parts, out);
}

bool HkdfSha256(Bytes ikm, Bytes salt, Bytes info, MutableBytes out) {
  SecretArray<kSha256Length> extracted;
  SecretArray<kSha256Length> block;
  HmacSha256 hmac;
  if (!hmac.SetKey(salt) || !hmac.Compute({ikm}, extracted.bytes()) || !hmac.SetKey(extracted.bytes())) return false;
  Bytes before;
  for (uint8_t number = 1; !out.empty(); ++number) {
    if (!hmac.Compute({before, info, {&number, 1}}, block.bytes())) return false;
    const size_t taken = std::min(out.size(), kSha256Length);
    std::ranges::copy(block.bytes().first(taken), out.begin());
    before = block.bytes();
    out = out.subspan(taken);
  }
  return true;
}

PortableHmacSha256::PortableHmacSha256() {
  mbedtls_md_init(&inner_);
  mbedtls_md_init(&outer_);
  mbedtls_md_init(&work_);
  ready_ = mbedtls_md_setup(&inner_, Sha256Kind(), 0) == 0 && mbedtls_md_setup(&outer_, Sha256Kind(), 0) == 0 &&
           mbedtls_md_setup(&work_, Sha256Kind(), 0) == 0;
}

PortableHmacSha256::~PortableHmacSha256() {
  mbedtls_md_free(&inner_);
  mbedtls_md_free(&outer_);
  mbedtls_md_free(&work_);
}

bool PortableHmacSha256::SetKey(Bytes key) {
  if (!ready_) return false;
  const KeyBlock inner(key, kInnerPad);
  const KeyBlock outer(key, kOuterPad);
  return mbedtls_md_starts(&inner_) == 0 &&
         mbedtls_md_update(&inner_, inner.bytes().data(), inner.bytes().size()) == 0 &&
         mbedtls_md_starts(&outer_) == 0 && mbedtls_md_update(&outer_, outer.bytes().data(), outer.bytes().size()) == 0;
}

bool PortableHmacSha256::Compute(std::initializer_list<Bytes> parts, MutableBytes out) {
  SecretArray<kSha256Length> inner_hash;
  if (mbedtls_md_clone(&work_, &inner_) != 0) return false;
  for (const Bytes part : parts) {
    if (mbedtls_md_update(&work_, part.data(), part.size()) != 0) return false;
  }
  return mbedtls_md_finish(&work_, inner_hash.data()) == 0 && mbedtls_md_clone(&work_, &outer_) == 0 &&
         mbedtls_md_update(&work_, inner_hash.data(), kSha256Length) == 0 && mbedtls_md_finish(&work_, out.data()) == 0;
}

void AcceleratedHmacSha256::SetKey(Bytes key) {
  inner_.Reset();
  inner_.Update(KeyBlock(key, kInnerPad).bytes());
  outer_.Reset();
  outer_.Update(KeyBlock(key, kOuterPad).bytes());
}

void AcceleratedHmacSha256::Compute(std::initializer_list<Bytes> parts, MutableBytes out) const {
  SecretArray<kSha256Length> inner_hash;
  AcceleratedSha256 inner = inner_;
  for (const Bytes part : parts) inner.Update(part);
  inner.Finish(inner_hash.bytes());
  AcceleratedSha256 outer = outer_;
  outer.Update(inner_hash.bytes());
  outer.Finish(out);
}

HmacSha256::HmacSha256() {
  if (!CurrentAcceleration().sha256) hmac_.emplace<PortableHmacSha256>();
}

bool HmacSha256::SetKey(Bytes key) {
  SecretArray<kSha256Length> hashed;
  if (key.size() > kSha256BlockLength) {
    if (!Sha256({key}, hashed.bytes())) return false;
    key = hashed.bytes();
  }
  if (auto* portable = std::get_if<PortableHmacSha256>(&hmac_)) return portable->SetKey(key);
  std::get_if<AcceleratedHmacSha256>(&hmac_)->SetKey(key);
  return true;
}

bool HmacSha256::Compute(std::initializer_list<Bytes> parts, MutableBytes out) {
  if (auto* portable = std::get_if<PortableHmacSha256>(&hmac_)) return portable->Compute(parts, out);
  std::get_if<AcceleratedHmacSha256>(&hmac_)->Compute(parts, out);
  return true;
}

}  // namespace skissm
