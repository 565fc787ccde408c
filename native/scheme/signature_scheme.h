#ifndef SKISSM_SCHEME_SIGNATURE_SCHEME_H_
#define SKISSM_SCHEME_SIGNATURE_SCHEME_H_

#include <span>

#include "memory/bytes.h"

namespace skissm {

/// A signature scheme: everything the addon knows about it. Lengths in bytes.
struct SignatureScheme {
  const char* name;
  uint32_t code;
  const char* spec;
  size_t public_key_length;
  size_t private_key_length;
  /// The maximum if `fixed_length` is false.
  size_t signature_length;
  bool fixed_length;
  // The C functions; they take no key lengths and return 0 for success.
  int (*generate)(uint8_t* public_key, uint8_t* private_key);
  int (*sign)(uint8_t* signature, size_t* signature_length, const uint8_t* message, size_t message_length,
              const uint8_t* private_key);
  int (*verify)(const uint8_t* signature, size_t signature_length, const uint8_t* message, size_t message_length,
                const uint8_t* public_key);
  // The same with a context of 0 to 255 bytes; null where the scheme has none.
  int (*sign_with_context)(uint8_t* signature, size_t* signature_length, const uint8_t* message, size_t message_length,
                           const uint8_t* context, size_t context_length, const uint8_t* private_key);
  int (*verify_with_context)(const uint8_t* signature, size_t signature_length, const uint8_t* message,
                             size_t message_length, const uint8_t* context, size_t context_length,
                             const uint8_t* public_key);
  // The check that they leave to us; a key of the right length is given.
  bool (*is_valid_private_key)(Bytes private_key);
};

/// The longest context of a signature. FIPS 204 §5.2.
inline constexpr size_t kLongestContext = 255;

/// All signature schemes, one row each.
[[nodiscard]] std::span<const SignatureScheme> SignatureSchemes();

/// The scheme with this wire code, or null. Takes the number as JavaScript gives it: fractions match nothing.
[[nodiscard]] const SignatureScheme* FindSignatureScheme(double code);

}  // namespace skissm

#endif  // SKISSM_SCHEME_SIGNATURE_SCHEME_H_
