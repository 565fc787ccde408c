import { UsageError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import { type Job, type JobResult, all } from '../crypto/job.js';
import type { Computation } from '../crypto/job.js';
import type { AgreementKeyPair } from '../crypto/key-pair.js';
import type { AgreementScheme } from '../crypto/scheme.js';
import type { OneTimePreKeyPublic } from './pre-key-bundle.js';

/** An agreement key used by one handshake. Spec: wire.md §4 (OneTimePreKey). */
export interface OneTimePreKey {
  /** From 1; 0 means "none" on the wire. */
  readonly id: number;
  readonly keyPair: AgreementKeyPair;
  /** `unpublished` until the relay has confirmed it. */
  readonly state: 'unpublished' | 'published' | 'used';
}

/** The greatest id: ids are unsigned 32-bit numbers. */
const maxId = 0xffff_ffff;

/**
 * Generates `count` keys with ids from `firstId`, all unpublished: they are stored before anything of them is sent. Throws
 * `UsageError('pre-key-count')` beyond `limits.oneTimePreKeys` and `UsageError('pre-key-ids')` when the ids run out. Spec: one2one.md §1.3.
 */
export function* generateOneTimePreKeys(scheme: AgreementScheme, firstId: number, count: number): Computation<readonly OneTimePreKey[]> {
  if (!Number.isInteger(count) || count < 0 || count > limits.oneTimePreKeys) {
    throw new UsageError('pre-key-count', `between 0 and ${limits.oneTimePreKeys} one-time pre-keys can be made at a time`);
  }
  if (firstId + count > maxId) throw new UsageError('pre-key-ids', 'the account has no ids for one-time pre-keys left');
  if (count === 0) return [];
  const job = { operation: 'agreement-key-pair', scheme } as const satisfies Job;
  const keyPairs: readonly JobResult<typeof job>[] = yield* all(Array.from({ length: count }, () => job));
  return keyPairs.map((keyPair, position) => ({ id: firstId + position, keyPair, state: 'unpublished' }));
}

/** The public half of `key`, as it is published. */
export function oneTimePreKeyPublic(key: OneTimePreKey): OneTimePreKeyPublic {
  return { id: key.id, publicKey: key.keyPair.publicKey };
}
