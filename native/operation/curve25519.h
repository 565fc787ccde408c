#ifndef SKISSM_OPERATION_CURVE25519_H_
#define SKISSM_OPERATION_CURVE25519_H_

#include "memory/bytes.h"
#include "operation/status.h"

namespace skissm {

/// Bytes of an X25519 private key, public key and shared secret. RFC 7748 §5.
inline constexpr size_t kX25519Length = 32;

/// Makes a clamped private key and its public key.
void X25519GenerateKeyPair(MutableBytes public_key, MutableBytes private_key);

/// The public key of `private_key`.
void X25519PublicKey(Bytes private_key, MutableBytes public_key);

/// The shared secret; `kZeroSharedSecret` if it is all zero, because the public key has small order. RFC 7748 §6.1.
[[nodiscard]] Status X25519(Bytes private_key, Bytes public_key, MutableBytes shared_secret);

}  // namespace skissm

#endif  // SKISSM_OPERATION_CURVE25519_H_
