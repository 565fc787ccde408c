/**
 * One device's keys: made, renewed, supplied. Spec: one2one.md §1.
 *
 * Owns: which keys exist and their ids. Does not own: publishing them, storage, credentials. New states share the secrets of the old one
 * that they still need; what they do not is returned as `retired` for the caller to wipe once the new state is durable.
 */
import type { DeviceAddress } from '../base/address.js';
import { ProtocolError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import { type Wipeable, wipeAll } from '../base/secret.js';
import type { CipherSuite } from '../crypto/cipher-suite.js';
import { type Computation, all, one } from '../crypto/job.js';
import type { IdentityKeyPair } from './identity-key.js';
import { type OneTimePreKey, generateOneTimePreKeys } from './one-time-pre-key.js';
import { type SignedPreKey, signPreKey } from './signed-pre-key.js';

/** The keys of one device, without its one-time pre-keys, which are records of their own. Spec: wire.md §5 (Account). */
export interface Account {
  readonly suite: CipherSuite;
  readonly address: DeviceAddress;
  readonly identity: IdentityKeyPair;
  /** Newest first, at most `limits.signedPreKeysKept`. */
  readonly signedPreKeys: readonly SignedPreKey[];
  readonly nextOneTimePreKeyId: number;
}

/** What a new account consists of. */
export interface NewAccount {
  /** How many one-time pre-keys; see `usualOneTimePreKeys`. */
  readonly oneTimePreKeys: number;
  readonly suite: CipherSuite;
  readonly address: DeviceAddress;
  /** Ms since 1970. */
  readonly now: number;
}

/** An account and one-time pre-keys that are new to it. */
export interface SuppliedAccount {
  readonly account: Account;
  readonly oneTimePreKeys: readonly OneTimePreKey[];
}

/**
 * Generates all keys of a device: identity, signed pre-key 1, one-time pre-keys from 1. Throws `UsageError('pre-key-count')`.
 * Spec: one2one.md §1.1.
 */
export function* createAccount({ suite, address, oneTimePreKeys: count, now }: NewAccount): Computation<SuppliedAccount> {
  const oneTimePreKeys = yield* generateOneTimePreKeys(suite.agreement, 1, count);
  const made: Wipeable[] = oneTimePreKeys.map((key) => key.keyPair.privateKey);
  let finished = false;
  try {
    const [agreement, signing, preKeyPair] = yield* all([
      { operation: 'agreement-key-pair', scheme: suite.agreement },
      { operation: 'signing-key-pair', scheme: suite.signature },
      { operation: 'agreement-key-pair', scheme: suite.agreement },
    ]);
    made.push(agreement.privateKey, signing.privateKey, preKeyPair.privateKey);
    const signedPreKey = yield* signPreKey(suite, signing, preKeyPair, 1, now);
    finished = true;
    const identity = { agreement, signing };
    return { account: { suite, address, identity, signedPreKeys: [signedPreKey], nextOneTimePreKeyId: count + 1 }, oneTimePreKeys };
  } finally {
    if (!finished) wipeAll(made);
  }
}

/** The signed pre-key that is published now. Throws `ProtocolError('unknown-pre-key')` for an account without one. */
export function currentSignedPreKey(account: Account): SignedPreKey {
  const [current] = account.signedPreKeys;
  if (current === undefined) throw new ProtocolError('unknown-pre-key', 'the account has no signed pre-key');
  return current;
}

/** Whether the current signed pre-key has outlived its time. Spec: one2one.md §1.2. */
export function isSignedPreKeyExpired(account: Account, now: number): boolean {
  return now > currentSignedPreKey(account).expires;
}

/**
 * A new signed pre-key in front, the previous one kept for invites that are under way; older ones are retired. Its id is the next one but `skippedIds`,
 * which a state that was lost may have used. To be stored before it is published. Throws `ProtocolError('exhausted')` when the ids run out. Spec:
 * one2one.md §1.2.
 */
export function* renewSignedPreKey(
  account: Account,
  now: number,
  skippedIds = 0,
): Computation<{ readonly account: Account; readonly retired: readonly Wipeable[] }> {
  const { suite, identity, signedPreKeys } = account;
  const id = currentSignedPreKey(account).id + 1 + skippedIds;
  if (id > 0xffff_ffff) throw new ProtocolError('exhausted', 'the account has no id for a signed pre-key left');
  const keyPair = yield* one({ operation: 'agreement-key-pair', scheme: suite.agreement });
  let finished = false;
  try {
    const renewed = [yield* signPreKey(suite, identity.signing, keyPair, id, now), ...signedPreKeys];
    finished = true;
    const retired = renewed.slice(limits.signedPreKeysKept).map((key) => key.keyPair.privateKey);
    return { account: { ...account, signedPreKeys: renewed.slice(0, limits.signedPreKeysKept) }, retired };
  } finally {
    if (!finished) keyPair.privateKey.wipe();
  }
}

/**
 * `count` more one-time pre-keys; account and keys are stored together, before the keys are sent. Throws `UsageError('pre-key-count')`.
 * Spec: one2one.md §1.3.
 */
export function* supplyOneTimePreKeys(account: Account, count: number): Computation<SuppliedAccount> {
  const oneTimePreKeys = yield* generateOneTimePreKeys(account.suite.agreement, account.nextOneTimePreKeyId, count);
  return { account: { ...account, nextOneTimePreKeyId: account.nextOneTimePreKeyId + count }, oneTimePreKeys };
}

/** The signed pre-key `id`, current or previous. Throws `ProtocolError('unknown-pre-key')`. */
export function signedPreKey(account: Account, id: number): SignedPreKey {
  const found = account.signedPreKeys.find((key) => key.id === id);
  if (found === undefined) throw new ProtocolError('unknown-pre-key', `the account keeps no signed pre-key ${id}`);
  return found;
}
