import { limits } from '../base/limits.js';
import type { Secret } from '../base/secret.js';
import { type ChainSecret, messageKeys } from '../crypto/chain.js';
import { type Computation, one } from '../crypto/job.js';

/**
 * The `count` message keys from this chain key on, secrets of the caller: `MSGKEY(CK) = HKDF(CK, zero(32), "MessageKeys", 48)`, the
 * first 32 bytes the key and the last 16 the IV of AES-256-GCM. Long runs are handed out as a job. Spec: crypto.md §4, §7.1.
 */
export function* messageKeysFrom(key: ChainSecret, count: number): Computation<readonly Secret<'MessageKey'>[]> {
  if (count === 0) return [];
  if (count <= limits.inlineChainSteps) return messageKeys(key, count);
  return yield* one({ operation: 'message-keys', chainKey: key, count });
}
