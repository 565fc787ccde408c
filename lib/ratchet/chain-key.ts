import { limits } from '../base/limits.js';
import type { Secret } from '../base/secret.js';
import { walkChain } from '../crypto/chain.js';
import { type Computation, one } from '../crypto/job.js';

/** A chain key of 32 bytes and the number of the message key it derives next. Spec: crypto.md §7.1. */
export interface ChainKey {
  readonly key: Secret<'ChainKey'>;
  readonly index: number;
}

/**
 * The chain key `steps` positions further on, always a new secret of the caller: `NEXT(CK) = HMAC(CK, 0x02)` applied `steps` times.
 * Long walks are handed out as a job. Spec: crypto.md §7.1; the caller has bounded `steps` by `limits.forwardWalk`.
 */
export function* walk(key: Secret<'ChainKey'>, steps: number): Computation<Secret<'ChainKey'>> {
  if (steps <= limits.inlineChainSteps) return walkChain(key, steps);
  return yield* one({ operation: 'walk-chain', chainKey: key, steps });
}
