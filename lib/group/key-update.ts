/** How group keys come from each other. Spec: crypto.md §8. All results are new secrets of the caller. */
import { concat, utf8 } from '../base/bytes.js';
import { Secret, allocateSecret, wipeAll } from '../base/secret.js';
import { chainKeyLength } from '../crypto/chain.js';
import { hkdf } from '../crypto/kdf.js';

/** Bytes of the seed of an epoch. */
export const groupSeedLength = 32;

const noSalt = new Uint8Array(32);
const rootInfo = utf8('ROOT');
const welcomeSalt = utf8('welcome');
const addSalt = utf8('add');
const stepInfo = new Uint8Array([0x02]);

/** `CK0 = HKDF(seed || sign_pk, zero(32), "ROOT", 32)`: the chain of one device at the beginning of an epoch. */
export function firstChainKey(seed: Secret<'GroupSeed'>, signingKey: Uint8Array): Secret<'ChainKey'> {
  const input = allocateSecret(seed.length + signingKey.length);
  input.set(seed.expose());
  input.set(signingKey, seed.length);
  try {
    return new Secret(hkdf(input, noSalt, rootInfo, chainKeyLength));
  } finally {
    input.fill(0, 0, seed.length);
  }
}

/** `WELCOME(CK) = HKDF(CK, "welcome", 0x02, 32)`. */
export function welcomeKey(chainKey: Secret<'ChainKey'>): Secret<'ChainKey'> {
  return new Secret(hkdf(chainKey.expose(), welcomeSalt, stepInfo, chainKeyLength));
}

/** `ADD(CK) = HKDF(CK, "add", 0x02, 32)`. */
export function addedKey(chainKey: Secret<'ChainKey'>): Secret<'ChainKey'> {
  return new Secret(hkdf(chainKey.expose(), addSalt, stepInfo, chainKeyLength));
}

/** What an add makes of the inviter's chain key. */
export interface AddedKeys {
  /** One per added device, in the server's order. */
  readonly welcomed: readonly Secret<'ChainKey'>[];
  /** The inviter's own after the step. */
  readonly inviter: Secret<'ChainKey'>;
}

/** `for i = 1..k: w_i = WELCOME(a); a = ADD(w_i)`. Spec: group.md §4. */
export function addedKeys(inviter: Secret<'ChainKey'>, count: number): AddedKeys {
  const welcomed: Secret<'ChainKey'>[] = [];
  const passed: Secret<'ChainKey'>[] = [];
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
