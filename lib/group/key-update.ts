/**
 * How group keys come from each other. All results are new secrets of the caller, of the length of the digest of the group's hash: 32 in the formulas of
 * the specification, which are those of SHA-256. Spec: crypto.md §8.
 */
import { concat, utf8 } from '../base/bytes.js';
import { type Secret, allocateSecret, wipeAll } from '../base/secret.js';
import { ChainSecret } from '../crypto/chain.js';
import { hkdf } from '../crypto/kdf.js';
import type { HashAlgorithm } from '../crypto/scheme.js';

/** Bytes of the seed of an epoch. */
export const groupSeedLength = 32;

/** HKDF fills it up with zeros. */
const noSalt = new Uint8Array(0);
const rootInfo = utf8('ROOT');
const welcomeSalt = utf8('welcome');
const addSalt = utf8('add');
const stepInfo = new Uint8Array([0x02]);

/** `CK0 = HKDF(seed || sign_pk, zero(32), "ROOT", 32)`: the chain of one device at the beginning of an epoch. */
export function firstChainKey(hash: HashAlgorithm, seed: Secret<'GroupSeed'>, signingKey: Uint8Array): ChainSecret {
  const input = allocateSecret(seed.length + signingKey.length);
  input.set(seed.expose());
  input.set(signingKey, seed.length);
  try {
    return new ChainSecret(hash, hkdf(hash, input, noSalt, rootInfo, hash.digestLength));
  } finally {
    input.fill(0, 0, seed.length);
  }
}

/** `WELCOME(CK) = HKDF(CK, "welcome", 0x02, 32)`. */
export function welcomeKey(chainKey: ChainSecret): ChainSecret {
  return derive(chainKey, welcomeSalt);
}

/** `ADD(CK) = HKDF(CK, "add", 0x02, 32)`. */
export function addedKey(chainKey: ChainSecret): ChainSecret {
  return derive(chainKey, addSalt);
}

function derive(chainKey: ChainSecret, salt: Uint8Array): ChainSecret {
  const { hash } = chainKey;
  return new ChainSecret(hash, hkdf(hash, chainKey.expose(), salt, stepInfo, hash.digestLength));
}

/** What an add makes of the inviter's chain key. */
export interface AddedKeys {
  /** One per added device, in the server's order. */
  readonly welcomed: readonly ChainSecret[];
  /** The inviter's own after the step. */
  readonly inviter: ChainSecret;
}

/** `for i = 1..k: w_i = WELCOME(a); a = ADD(w_i)`. Spec: group.md §4. */
export function addedKeys(inviter: ChainSecret, count: number): AddedKeys {
  const welcomed: ChainSecret[] = [];
  const passed: ChainSecret[] = [];
  let current = inviter;
  for (let i = 0; i < count; i += 1) {
    const welcome = welcomeKey(current);
    welcomed.push(welcome);
    current = addedKey(welcome);
    passed.push(current);
  }
  wipeAll(passed.slice(0, -1));
  return { welcomed, inviter: current === inviter ? addedKey(inviter) : current };
}

/** `sign_pk || sign_pk`, the associated data of a device's chain. Spec: crypto.md §5. */
export function chainAssociatedData(signingKey: Uint8Array): Uint8Array {
  return concat([signingKey, signingKey]);
}
