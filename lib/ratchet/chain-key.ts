import { limits } from '../base/limits.js';
import { type ChainSecret, walkChain } from '../crypto/chain.js';
import { type Computation, one } from '../crypto/job.js';

/** A chain key and the number of the message key it derives next. Spec: crypto.md §7.1. */
export interface ChainKey {
  readonly key: ChainSecret;
  readonly index: number;
}

/**
 * The chain key `steps` positions further on, always a new secret of the caller: `NEXT(CK) = HMAC(CK, 0x02)` applied `steps` times.
 * Long walks are handed out as a job. Spec: crypto.md §7.1; the caller has bounded `steps` by `limits.forwardWalk`.
 */
export function* walk(key: ChainSecret, steps: number): Computation<ChainSecret> {
  if (steps <= limits.inlineChainSteps) return walkChain(key, steps);
  return yield* one({ operation: 'walk-chain', chainKey: key, steps });
}
