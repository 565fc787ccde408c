#ifndef SKISSM_SCHEME_SPHINCS_KEYS_H_
#define SKISSM_SCHEME_SPHINCS_KEYS_H_

#include <array>

#include "memory/secret_buffer.h"

namespace skissm {

/// Whether the root inside a SPHINCS+ private key (SK.seed || SK.prf || PK.seed || PK.root) of `Length` bytes is the
/// one that the seeds give, by `SeedKeyPair`, which makes a key pair from what the private key begins with. Costs a
/// key generation, a small part of a signature; a signature over another root would reveal one-time keys and verify
/// nowhere.
template <auto SeedKeyPair, size_t Length>
[[nodiscard]] bool IsValidSphincsPrivateKey(Bytes private_key) {
  std::array<uint8_t, Length / 2> public_key;
  SecretArray<Length> expected;
  if (SeedKeyPair(public_key.data(), expected.data(), private_key.data()) != 0) return false;
  return EqualInConstantTime(expected.bytes(), private_key);
}

}  // namespace skissm

#endif  // SKISSM_SCHEME_SPHINCS_KEYS_H_
