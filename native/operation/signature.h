#ifndef SKISSM_OPERATION_SIGNATURE_H_
#define SKISSM_OPERATION_SIGNATURE_H_

#include "memory/bytes.h"
#include "operation/status.h"
#include "scheme/signature_scheme.h"

namespace skissm {

// Checked signature operations. Key lengths are the scheme's; on failure every output is zero.

/// Makes a key pair.
[[nodiscard]] Status SignatureGenerateKeyPair(const SignatureScheme& scheme, MutableBytes public_key,
                                              MutableBytes private_key);

/// Signs; `signature` has the scheme's (maximal) length, `signature_length` receives the true one. `kBadPrivateKey` if
/// the key is not valid.
[[nodiscard]] Status Sign(const SignatureScheme& scheme, Bytes private_key, Bytes message, MutableBytes signature,
                          size_t* signature_length);

/// As Sign() with a context of at most 255 bytes; `kUnknownScheme` if the scheme has none. FIPS 204, Algorithm 2.
[[nodiscard]] Status SignWithContext(const SignatureScheme& scheme, Bytes private_key, Bytes message, Bytes context,
                                     MutableBytes signature, size_t* signature_length);

/// Whether the signature is valid. One of a length that the scheme does not produce is not.
[[nodiscard]] bool Verify(const SignatureScheme& scheme, Bytes public_key, Bytes message, Bytes signature);

/// As Verify() with a context of at most 255 bytes; `kUnknownScheme` if the scheme has none. FIPS 204, Algorithm 3.
[[nodiscard]] Status VerifyWithContext(const SignatureScheme& scheme, Bytes public_key, Bytes message, Bytes context,
                                       Bytes signature, bool* valid);

}  // namespace skissm

#endif  // SKISSM_OPERATION_SIGNATURE_H_
