#include "operation/kem.h"

#include <algorithm>

#include "memory/secret_buffer.h"
#include "random/random.h"

namespace skissm {
namespace {

/// The result of a C function that may have drawn random bytes, with the outputs wiped unless it went well.
Status Ended(int result, MutableBytes first, MutableBytes second) {
  Status status = result == 0 ? Status::kOk : Status::kCryptoFailed;
  if (TakeRandomExhausted()) status = Status::kRandomExhausted;
  if (status != Status::kOk) {
    Wipe(first);
    Wipe(second);
  }
  return status;
}

}  // namespace

Status KemGenerateKeyPair(const KemScheme& scheme, MutableBytes public_key, MutableBytes private_key) {
  return Ended(scheme.generate(public_key.data(), private_key.data()), public_key, private_key);
}

Status KemEncapsulate(const KemScheme& scheme, Bytes public_key, MutableBytes ciphertext, MutableBytes shared_secret) {
  if (!scheme.is_valid_public_key(public_key)) {
    Wipe(ciphertext);
    Wipe(shared_secret);
    return Status::kBadPublicKey;
  }
  return Ended(scheme.encapsulate(ciphertext.data(), shared_secret.data(), public_key.data()), ciphertext,
               shared_secret);
}

Status KemDecapsulate(const KemScheme& scheme, Bytes private_key, Bytes ciphertext, MutableBytes shared_secret) {
  if (!scheme.is_valid_private_key(private_key)) {
    Wipe(shared_secret);
    return Status::kBadPrivateKey;
  }
  return Ended(scheme.decapsulate(shared_secret.data(), ciphertext.data(), private_key.data()), shared_secret, {});
}

Status KemIsEncapsulatedTo(const KemScheme& scheme, Bytes private_key, Bytes ciphertext, bool* result) {
  *result = false;
  SecretBuffer secret(scheme.shared_secret_length);
  SecretBuffer other_secret(scheme.shared_secret_length);
  const Status status = KemDecapsulate(scheme, private_key, ciphertext, secret.bytes());
  if (status != Status::kOk) return status;
  SecretBuffer other_key(scheme.private_key_length);
  std::ranges::copy(private_key, other_key.bytes().begin());
  for (uint8_t& byte : other_key.bytes().subspan(scheme.rejection_secret_offset, scheme.rejection_secret_length)) {
    byte = static_cast<uint8_t>(~byte);
  }
  if (scheme.decapsulate(other_secret.bytes().data(), ciphertext.data(), other_key.bytes().data()) != 0) {
    return Status::kCryptoFailed;
  }
  *result = EqualInConstantTime(secret.bytes(), other_secret.bytes());
  return Status::kOk;
}

}  // namespace skissm
