#ifndef SKISSM_OPERATION_AEAD_H_
#define SKISSM_OPERATION_AEAD_H_

#include "memory/bytes.h"
#include "operation/status.h"

namespace skissm {

inline constexpr size_t kAeadKeyLength = 32;
inline constexpr size_t kAeadTagLength = 16;
/// The longest initialisation vector that we take; the protocol uses 16 bytes, other users 12.
inline constexpr size_t kLongestAeadIv = 1024;

// On instructions of the processor where it has them, otherwise in mbed TLS; the results are the same.

/// AES-256-GCM: `sealed` = ciphertext || tag, `plaintext.size()` + 16 bytes. NIST SP 800-38D.
[[nodiscard]] Status AeadSeal(Bytes key, Bytes iv, Bytes associated_data, Bytes plaintext, MutableBytes sealed);

/// AES-256-GCM: checks the tag and gives the plaintext, 16 bytes shorter than `sealed`; `kNotAuthentic` otherwise, then
/// `plaintext` is zero.
[[nodiscard]] Status AeadOpen(Bytes key, Bytes iv, Bytes associated_data, Bytes sealed, MutableBytes plaintext);

}  // namespace skissm

#endif  // SKISSM_OPERATION_AEAD_H_
