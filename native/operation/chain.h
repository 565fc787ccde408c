#ifndef SKISSM_OPERATION_CHAIN_H_
#define SKISSM_OPERATION_CHAIN_H_

#include "memory/bytes.h"
#include "operation/status.h"
#include "scheme/hash_algorithm.h"

namespace skissm {

// Chain keys, spec crypto.md 7.1; they have the length of the hash's digest:
//   NEXT(CK)   = HMAC(CK, 0x02)
//   MSGKEY(CK) = HKDF(CK, zero, "MessageKeys", 48) = key (32 bytes) || iv (16 bytes)

inline constexpr size_t kMessageKeyLength = 48;
/// The most positions that one call walks: the protocol's bound for one message (spec crypto.md 7.6).
inline constexpr uint32_t kMostChainSteps = 65536;

/// NEXT applied `steps` times.
[[nodiscard]] Status ChainWalk(const HashAlgorithm& hash, Bytes chain_key, uint32_t steps, MutableBytes out);

/// The message keys of this position and those that follow, as many as fit into `keys`.
[[nodiscard]] Status ChainMessageKeys(const HashAlgorithm& hash, Bytes chain_key, MutableBytes keys);

/// Seals under MSGKEY(chain_key) and gives NEXT(chain_key); on failure both outputs are zero.
[[nodiscard]] Status ChainSeal(const HashAlgorithm& hash, Bytes chain_key, Bytes associated_data, Bytes plaintext,
                               MutableBytes sealed, MutableBytes next_chain_key);

/// Walks `steps` positions, opens under the message key there and gives the chain key after it; on failure both
/// outputs are zero.
[[nodiscard]] Status ChainOpen(const HashAlgorithm& hash, Bytes chain_key, uint32_t steps, Bytes associated_data,
                               Bytes sealed, MutableBytes plaintext, MutableBytes next_chain_key);

}  // namespace skissm

#endif  // SKISSM_OPERATION_CHAIN_H_
