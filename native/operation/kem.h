#ifndef SKISSM_OPERATION_KEM_H_
#define SKISSM_OPERATION_KEM_H_

#include "memory/bytes.h"
#include "operation/status.h"
#include "scheme/kem_scheme.h"

namespace skissm {

// Checked KEM operations. All lengths are the scheme's; on failure every output is zero.

/// Makes a key pair.
[[nodiscard]] Status KemGenerateKeyPair(const KemScheme& scheme, MutableBytes public_key, MutableBytes private_key);

/// Encapsulates to `public_key`; `kBadPublicKey` if it is not valid. ML-KEM: FIPS 203, Algorithm 20.
[[nodiscard]] Status KemEncapsulate(const KemScheme& scheme, Bytes public_key, MutableBytes ciphertext,
                                    MutableBytes shared_secret);

/// Decapsulates; `kBadPrivateKey` if the key is corrupted. A ciphertext made for another key gives an unrelated secret.
/// ML-KEM: FIPS 203, Algorithm 21.
[[nodiscard]] Status KemDecapsulate(const KemScheme& scheme, Bytes private_key, Bytes ciphertext,
                                    MutableBytes shared_secret);

/// Whether `ciphertext` was made for this key: decapsulation gives the same secret when the one that implicit rejection
/// answers with is another.
[[nodiscard]] Status KemIsEncapsulatedTo(const KemScheme& scheme, Bytes private_key, Bytes ciphertext, bool* result);

}  // namespace skissm

#endif  // SKISSM_OPERATION_KEM_H_
