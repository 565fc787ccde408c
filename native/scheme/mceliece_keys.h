#ifndef SKISSM_SCHEME_MCELIECE_KEYS_H_
#define SKISSM_SCHEME_MCELIECE_KEYS_H_

#include "memory/bytes.h"

namespace skissm {

/// Parameters of mceliece348864: n = 3488, t = 64, field GF(2^12), no pivot choice (not an "f" variant).
struct McEliece348864 {
  static constexpr size_t kGoppaDegree = 64;
  static constexpr uint32_t kFieldBits = 12;
  /// The string s of n bits at the end of a private key.
  static constexpr size_t kRejectionSecretLength = 3488 / 8;
};

/// Any bytes of the right length are a public key: the rows are whole bytes, so there is no padding to check.
[[nodiscard]] bool IsAnyPublicKeyValid(Bytes public_key);

/// Whether a private key (seed || pivots || Goppa polynomial || control bits || s) has the one pivot choice of its
/// parameter set and field elements only. The C code would silently mask what is too large.
template <typename Parameters>
[[nodiscard]] bool IsValidMcEliecePrivateKey(Bytes private_key);

}  // namespace skissm

#endif  // SKISSM_SCHEME_MCELIECE_KEYS_H_
