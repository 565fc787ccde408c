#ifndef SKISSM_SCHEME_CURVE25519_SIGNATURE_H_
#define SKISSM_SCHEME_CURVE25519_SIGNATURE_H_

#include "memory/bytes.h"

namespace skissm {

// The Curve25519 signature of spec crypto.md 3.1: XEdDSA in the form whose signature carries the sign bit of the
// Edwards key. Own glue over ref10's field and group operations and SHA-512. Shaped like PQClean's functions, so that
// it is one more row of the table.

inline constexpr size_t kCurve25519KeyLength = 32;
inline constexpr size_t kCurve25519SignatureLength = 64;

/// Makes a clamped X25519 key pair that provably signs: ten zero bytes are signed and verified, and the key is made
/// anew until that works. Returns 0.
int Curve25519SignatureGenerate(uint8_t* public_key, uint8_t* private_key);

/// Signs with 64 fresh random bytes; `private_key` must be clamped. Returns 0, or -1 if hashing fails.
int Curve25519Sign(uint8_t* signature, size_t* signature_length, const uint8_t* message, size_t message_length,
                   const uint8_t* private_key);

/// Returns 0 if the signature is valid for the X25519 `public_key`. Refused, stricter than the equation: S not below
/// the group order, a public key not below p or equal to p - 1. There is no cofactor multiplication; small-order keys
/// are not singled out.
int Curve25519Verify(const uint8_t* signature, size_t signature_length, const uint8_t* message, size_t message_length,
                     const uint8_t* public_key);

/// Whether the key is clamped as RFC 7748 §5 does it.
[[nodiscard]] bool IsClampedCurve25519PrivateKey(Bytes private_key);

}  // namespace skissm

#endif  // SKISSM_SCHEME_CURVE25519_SIGNATURE_H_
