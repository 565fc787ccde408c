#include "operation/hash.h"

#include <mbedtls/hkdf.h>

#include <algorithm>

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

/// Starts hashing with the key's block, combined with `pad`. RFC 2104 §2.
bool AbsorbKeyBlock(mbedtls_md_context_t* context, Bytes key, uint8_t pad) {
  SecretArray<kSha256BlockLength> block;
  std::ranges::copy(key, block.data());
  for (uint8_t& byte : block.bytes()) byte ^= pad;
  return mbedtls_md_starts(context) == 0 && mbedtls_md_update(context, block.data(), kSha256BlockLength) == 0;
}

}  // namespace

bool Sha256(std::initializer_list<Bytes> parts, MutableBytes out) {
  return Hash(MBEDTLS_MD_SHA256, parts, out);
}

bool Sha512(std::initializer_list<Bytes> parts, MutableBytes out) {
  return Hash(MBEDTLS_MD_SHA512, parts, out);
}

bool HkdfSha256(Bytes ikm, Bytes salt, Bytes info, MutableBytes out) {
  return mbedtls_hkdf(Sha256Kind(), salt.data(), salt.size(), ikm.data(), ikm.size(), info.data(), info.size(),
                      out.data(), out.size()) == 0;
}

HmacSha256::HmacSha256() {
  mbedtls_md_init(&inner_);
  mbedtls_md_init(&outer_);
  mbedtls_md_init(&work_);
  ready_ = mbedtls_md_setup(&inner_, Sha256Kind(), 0) == 0 && mbedtls_md_setup(&outer_, Sha256Kind(), 0) == 0 &&
           mbedtls_md_setup(&work_, Sha256Kind(), 0) == 0;
}

HmacSha256::~HmacSha256() {
  mbedtls_md_free(&inner_);
  mbedtls_md_free(&outer_);
  mbedtls_md_free(&work_);
}

bool HmacSha256::SetKey(Bytes key) {
  if (!ready_) return false;
  SecretArray<kSha256Length> hashed;
  if (key.size() > kSha256BlockLength) {
    if (!Sha256({key}, hashed.bytes())) return false;
    key = hashed.bytes();
  }
  return AbsorbKeyBlock(&inner_, key, kInnerPad) && AbsorbKeyBlock(&outer_, key, kOuterPad);
}

bool HmacSha256::Compute(std::initializer_list<Bytes> parts, MutableBytes out) {
  SecretArray<kSha256Length> inner_hash;
  if (mbedtls_md_clone(&work_, &inner_) != 0) return false;
  for (const Bytes part : parts) {
    if (mbedtls_md_update(&work_, part.data(), part.size()) != 0) return false;
  }
  return mbedtls_md_finish(&work_, inner_hash.data()) == 0 && mbedtls_md_clone(&work_, &outer_) == 0 &&
         mbedtls_md_update(&work_, inner_hash.data(), kSha256Length) == 0 && mbedtls_md_finish(&work_, out.data()) == 0;
}

}  // namespace skissm
