import { describe, expect, test } from '@jest/globals';
import { concat, toHex } from '../../lib/base/bytes.js';
import { Secret, copySecret } from '../../lib/base/secret.js';
import { addedKey, addedKeys, chainAssociatedData, firstChainKey, welcomeKey } from '../../lib/group/key-update.js';
import { sha256Algorithm } from '../../lib/crypto/hash.js';
import { chainSecret } from '../support/chain-secret.js';

function counting<Kind extends string>(length: number): Secret<Kind> {
  return new Secret(copySecret(Uint8Array.from({ length }, (_, index) => index)));
}

const first = () => chainSecret(counting(32).expose());
const hex = (secret: Secret<string>) => toHex(secret.expose());

describe('the derivations of groups give the published values', () => {
  test('CK0, WELCOME and ADD', () => {
    const signingKey = Uint8Array.from({ length: 2592 }, (_, index) => index);
    expect(hex(firstChainKey(sha256Algorithm, counting<'GroupSeed'>(32), signingKey))).toBe(
      '87f610a262d283c7a62045b5276eb25aacd3bddfd2e4358745417b94d21dcf20',
    );
    expect(hex(welcomeKey(first()))).toBe('9009ef33a6a62648becb7aebc72b0a35490e316fcced0252704921028625230f');
    expect(hex(addedKey(first()))).toBe('6ae5463352ee24c76cf81a9aaac9f7594945e2823d5b12634c5923d97a83a8ab');
    expect(hex(addedKey(welcomeKey(first())))).toBe('b6d76cdbfa135a56319ae28b80cc50d59653b09e19a4a738e236b348eb50c7f5');
  });

  test('an add of several devices is a row of WELCOME and ADD that ends with the inviter', () => {
    const start = first();
    const { welcomed, inviter } = addedKeys(start, 2);
    const one = welcomeKey(start);
    const second = welcomeKey(addedKey(one));
    expect(welcomed.map(hex)).toEqual([hex(one), hex(second)]);
    expect(hex(inviter)).toBe(hex(addedKey(second)));
    expect(hex(start)).toBe(hex(counting(32)));
  });

  test('an add of nobody moves the inviter as it moves everybody', () => {
    expect(hex(addedKeys(first(), 0).inviter)).toBe(hex(addedKey(first())));
  });

  test('the associated data is the signing key twice', () => {
    const key = Uint8Array.of(1, 2, 3);
    expect(chainAssociatedData(key)).toEqual(concat([key, key]));
  });
});
