#ifndef SKISSM_SCHEME_HQC_KEYS_H_
#define SKISSM_SCHEME_HQC_KEYS_H_

#include "memory/bytes.h"

namespace skissm {

/// Where an HQC private key, seed || sigma || public key, keeps sigma, which implicit rejection answers with.
inline constexpr size_t kHqcRejectionSecretOffset = 40;

/// Whether the vector of `N` bits at the end of an HQC public key has no bit after its last. The C code takes such a
/// bit for a part of the vector.
template <size_t N>
[[nodiscard]] bool IsValidHqcPublicKey(Bytes public_key);

/// The same for a private key, which ends with its public key. The rest of it may be any bytes.
template <size_t N>
[[nodiscard]] bool IsValidHqcPrivateKey(Bytes private_key);

}  // namespace skissm

#endif  // SKISSM_SCHEME_HQC_KEYS_H_
