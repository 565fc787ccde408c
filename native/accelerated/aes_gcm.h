#ifndef SKISSM_ACCELERATED_AES_GCM_H_
#define SKISSM_ACCELERATED_AES_GCM_H_

#include "memory/bytes.h"

namespace skissm {

// AES-256-GCM with AES-NI and PCLMULQDQ, eight blocks at a time. NIST SP 800-38D. Only for processors that have these
// instructions (processor.h). No branch and no address depends on key, plaintext or associated data; lengths do count.

/// `sealed` = ciphertext || tag, `plaintext.size()` + 16 bytes; an IV of any length but zero. False if the text is
/// longer than one key and IV may seal.
[[nodiscard]] bool AcceleratedAesGcmSeal(Bytes key, Bytes iv, Bytes associated_data, Bytes plaintext,
                                         MutableBytes sealed);

/// Checks the tag of `sealed` first, then gives the plaintext; false, and nothing written, if it does not match.
[[nodiscard]] bool AcceleratedAesGcmOpen(Bytes key, Bytes iv, Bytes associated_data, Bytes sealed,
                                         MutableBytes plaintext);

}  // namespace skissm

#endif  // SKISSM_ACCELERATED_AES_GCM_H_
