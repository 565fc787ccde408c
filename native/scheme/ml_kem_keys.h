#ifndef SKISSM_SCHEME_ML_KEM_KEYS_H_
#define SKISSM_SCHEME_ML_KEM_KEYS_H_

#include "memory/bytes.h"

namespace skissm {

/// Bytes of z, the last part of an ML-KEM decapsulation key dk = dk_PKE || ek || H(ek) || z.
inline constexpr size_t kMlKemRejectionSecretLength = 32;

/// The modulus check on an encapsulation key of module rank `K`: no coefficient is q or more. FIPS 203 §7.2.
template <size_t K>
[[nodiscard]] bool IsValidMlKemPublicKey(Bytes public_key);

/// The hash check on a decapsulation key of module rank `K`, and the modulus check on the two keys inside.
/// FIPS 203 §7.3.
template <size_t K>
[[nodiscard]] bool IsValidMlKemPrivateKey(Bytes private_key);

}  // namespace skissm

#endif  // SKISSM_SCHEME_ML_KEM_KEYS_H_
