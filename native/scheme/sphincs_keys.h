#ifndef SKISSM_SCHEME_SPHINCS_KEYS_H_
#define SKISSM_SCHEME_SPHINCS_KEYS_H_

#include "memory/bytes.h"

namespace skissm {

/// Whether the root inside a SPHINCS+-SHA2-128f private key (SK.seed || SK.prf || PK.seed || PK.root) is the one that
/// the seeds give. Costs a key generation, a small part of a signature; a signature over another root would reveal
/// one-time keys and verify nowhere.
[[nodiscard]] bool IsValidSphincsSha2128fPrivateKey(Bytes private_key);

}  // namespace skissm

#endif  // SKISSM_SCHEME_SPHINCS_KEYS_H_
