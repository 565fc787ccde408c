#ifndef SKISSM_SCHEME_KEM_SCHEME_H_
#define SKISSM_SCHEME_KEM_SCHEME_H_

#include <span>

#include "memory/bytes.h"

namespace skissm {

/// A key encapsulation mechanism: everything the addon knows about it. Lengths in bytes.
struct KemScheme {
  const char* name;
  uint32_t code;
  const char* spec;
  size_t public_key_length;
  size_t private_key_length;
  size_t ciphertext_length;
  size_t shared_secret_length;
  /// Where the private key keeps the secret that implicit rejection answers with.
  size_t rejection_secret_offset;
  size_t rejection_secret_length;
  // The C functions; they take no lengths and return 0 for success.
  int (*generate)(uint8_t* public_key, uint8_t* private_key);
  int (*encapsulate)(uint8_t* ciphertext, uint8_t* shared_secret, const uint8_t* public_key);
  int (*decapsulate)(uint8_t* shared_secret, const uint8_t* ciphertext, const uint8_t* private_key);
  // The checks that they leave to us; keys of the right length are given.
  bool (*is_valid_public_key)(Bytes public_key);
  bool (*is_valid_private_key)(Bytes private_key);
};

/// All KEMs, one row each.
[[nodiscard]] std::span<const KemScheme> KemSchemes();

/// The KEM with this wire code, or null. Takes the number as JavaScript gives it: fractions match nothing.
[[nodiscard]] const KemScheme* FindKemScheme(double code);

}  // namespace skissm

#endif  // SKISSM_SCHEME_KEM_SCHEME_H_
