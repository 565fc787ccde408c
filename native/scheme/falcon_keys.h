#ifndef SKISSM_SCHEME_FALCON_KEYS_H_
#define SKISSM_SCHEME_FALCON_KEYS_H_

#include "memory/bytes.h"

namespace skissm {

/// Whether a Falcon private key (header, f, g, F) decodes, f is invertible and the fourth polynomial G that follows
/// from the others is short, as of every generated key.
[[nodiscard]] bool IsValidFalcon512PrivateKey(Bytes private_key);
[[nodiscard]] bool IsValidFalcon1024PrivateKey(Bytes private_key);

/// Verify Falcon signatures of their true length only. PQClean also takes them padded with zeros to the length of
/// Falcon-padded, which would give one signature two forms; the last byte of a true one is never zero.
int Falcon512Verify(const uint8_t* signature, size_t signature_length, const uint8_t* message, size_t message_length,
                    const uint8_t* public_key);
int Falcon1024Verify(const uint8_t* signature, size_t signature_length, const uint8_t* message, size_t message_length,
                     const uint8_t* public_key);

}  // namespace skissm

#endif  // SKISSM_SCHEME_FALCON_KEYS_H_
