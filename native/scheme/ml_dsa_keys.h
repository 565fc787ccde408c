#ifndef SKISSM_SCHEME_ML_DSA_KEYS_H_
#define SKISSM_SCHEME_ML_DSA_KEYS_H_

#include "memory/bytes.h"

namespace skissm {

/// Whether the coefficients of s1 (`L` polynomials) and s2 (`K` polynomials) inside an ML-DSA private key
/// sk = rho || K || tr || s1 || s2 || t0 lie in [-`Eta`, `Eta`]. FIPS 204, Algorithm 25, says that decoding anything
/// else is only safe when the key comes from a trusted source.
template <uint32_t Eta, size_t K, size_t L>
[[nodiscard]] bool IsValidMlDsaPrivateKey(Bytes private_key);

}  // namespace skissm

#endif  // SKISSM_SCHEME_ML_DSA_KEYS_H_
