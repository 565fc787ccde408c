import { x25519 as nobleX25519 } from '@noble/curves/ed25519.js';
import { ml_kem1024, ml_kem512, ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { describe, expect, test } from '@jest/globals';
import { Secret, copySecret } from '../../lib/base/secret.js';
import {
  agree,
  decapsulate,
  encapsulate,
  generateAgreementKeyPair,
  isEncapsulatedTo,
  isValidPublicKey,
  kemByCode,
  kemSchemes,
  x25519Scheme,
} from '../../lib/crypto/kem.js';
import type { KemScheme } from '../../lib/crypto/scheme.js';
import { withRandom } from '../support/vectors-random.js';
import { errorOf } from './error-code.js';
import { altered, seededBytes } from './seeded-bytes.js';

const rounds = [0, 1, 2, 3, 4];
const privateKeyOf = (bytes: Uint8Array) => new Secret<'AgreementPrivateKey'>(copySecret(bytes));
const agreementSchemes = [x25519Scheme, ...kemSchemes];

describe.each(agreementSchemes)('$name', (scheme) => {
  test('is found by its code and frozen, with positive lengths', () => {
    expect(kemByCode(scheme.code)).toBe(scheme);
    expect(Object.isFrozen(scheme)).toBe(true);
    expect(Math.min(scheme.publicKeyLength, scheme.privateKeyLength, scheme.sharedSecretLength, scheme.ratchetKeyLength)).toBeGreaterThan(
      0,
    );
  });

  test('makes key pairs of its lengths, another one each time, with a valid public key', () => {
    const [first, second] = [generateAgreementKeyPair(scheme), generateAgreementKeyPair(scheme)];
    expect(first.publicKey).toHaveLength(scheme.publicKeyLength);
    expect(first.privateKey).toHaveLength(scheme.privateKeyLength);
    expect(first.publicKey).not.toEqual(second.publicKey);
    expect(isValidPublicKey(scheme, first.publicKey)).toBe(true);
    expect(Object.getPrototypeOf(first.publicKey)).toBe(Uint8Array.prototype);
  });

  test('does not call a key of another length valid', () => {
    for (const length of [0, scheme.publicKeyLength - 1, scheme.publicKeyLength + 1]) {
      expect(isValidPublicKey(scheme, new Uint8Array(length))).toBe(false);
    }
  });
});

describe.each(kemSchemes)('encapsulation with $name', (scheme) => {
  const pair = generateAgreementKeyPair(scheme);
  const other = generateAgreementKeyPair(scheme);
  const { ciphertext, sharedSecret } = encapsulate(scheme, pair.publicKey);

  test('gives both sides the same secret, and a fresh one each time', () => {
    expect(ciphertext).toHaveLength(scheme.ciphertextLength);
    expect(sharedSecret).toHaveLength(scheme.sharedSecretLength);
    expect(decapsulate(scheme, pair.privateKey, ciphertext).expose()).toEqual(sharedSecret.expose());
    expect(encapsulate(scheme, pair.publicKey).sharedSecret.expose()).not.toEqual(sharedSecret.expose());
  });

  test('an altered ciphertext gives an unrelated secret that is the same each time', () => {
    const forged = altered(ciphertext, 0);
    const rejected = decapsulate(scheme, pair.privateKey, forged).expose();
    expect(rejected).not.toEqual(sharedSecret.expose());
    expect(decapsulate(scheme, pair.privateKey, forged).expose()).toEqual(rejected);
  });

  test('a ciphertext belongs to the key it was made for and to no other, altered to none', () => {
    expect(isEncapsulatedTo(scheme, pair.privateKey, ciphertext)).toBe(true);
    expect(isEncapsulatedTo(scheme, other.privateKey, ciphertext)).toBe(false);
    for (const index of [0, Math.floor(ciphertext.length / 2), -1]) {
      expect(isEncapsulatedTo(scheme, pair.privateKey, altered(ciphertext, index))).toBe(false);
    }
  });

  test('wrong lengths are refused', () => {
    const short = ciphertext.subarray(1);
    const shortKey = privateKeyOf(pair.privateKey.expose().subarray(1));
    expect(errorOf(() => encapsulate(scheme, pair.publicKey.subarray(1)))).toBe('UsageError argument-length');
    expect(errorOf(() => decapsulate(scheme, pair.privateKey, short))).toBe('UsageError argument-length');
    expect(errorOf(() => decapsulate(scheme, shortKey, ciphertext))).toBe('UsageError argument-length');
    expect(errorOf(() => isEncapsulatedTo(scheme, pair.privateKey, short))).toBe('UsageError argument-length');
  });

  test('a wiped private key is refused', () => {
    const wiped = privateKeyOf(pair.privateKey.expose());
    wiped.wipe();
    expect(errorOf(() => decapsulate(scheme, wiped, ciphertext))).toBe('InternalError secret-wiped');
  });
});

describe.each(['ML-KEM-512', 'ML-KEM-768', 'ML-KEM-1024'] as const)('%s against an independent implementation', (name) => {
  const oracle = { 'ML-KEM-512': ml_kem512, 'ML-KEM-768': ml_kem768, 'ML-KEM-1024': ml_kem1024 }[name];
  const scheme: KemScheme = kemSchemes.find((entry) => entry.name === name)!;

  test.each(rounds)('keys, ciphertexts, secrets and implicit rejections agree (seed %i)', (round) => {
    const [seed, m] = [seededBytes(`${name} seed ${round}`, 64), seededBytes(`${name} m ${round}`, 32)];
    const expected = oracle.keygen(seed);
    const pair = withRandom(seed, (native) => generateAgreementKeyPair(scheme, native));
    expect(pair.publicKey).toEqual(expected.publicKey);
    expect(pair.privateKey.expose()).toEqual(expected.secretKey);

    const { cipherText, sharedSecret } = oracle.encapsulate(expected.publicKey, m);
    const made = withRandom(m, (native) => encapsulate(scheme, pair.publicKey, native));
    expect(made.ciphertext).toEqual(cipherText);
    expect(made.sharedSecret.expose()).toEqual(sharedSecret);

    const forged = seededBytes(`${name} ciphertext ${round}`, scheme.ciphertextLength);
    for (const ciphertext of [cipherText, altered(cipherText, 7), forged]) {
      expect(decapsulate(scheme, pair.privateKey, ciphertext).expose()).toEqual(oracle.decapsulate(ciphertext, expected.secretKey));
    }
  });

  test('a public key with a coefficient of q is invalid and refused', () => {
    const key = Uint8Array.from(generateAgreementKeyPair(scheme).publicKey);
    key.set([0x01, (key[1]! & 0xf0) | 0x0d]); // 3329 in the low 12 bits
    expect(isValidPublicKey(scheme, key)).toBe(false);
    expect(errorOf(() => encapsulate(scheme, key))).toBe('ProtocolError bad-public-key');
  });

  test('a private key whose embedded public key or hash was altered is refused', () => {
    const pair = generateAgreementKeyPair(scheme);
    const { ciphertext } = encapsulate(scheme, pair.publicKey);
    for (const index of [-32 - 32, -32 - 32 - 32]) {
      const corrupted = privateKeyOf(altered(pair.privateKey.expose(), index));
      expect(errorOf(() => decapsulate(scheme, corrupted, ciphertext))).toBe('ProtocolError bad-private-key');
    }
  });
});

describe('X25519', () => {
  test.each(rounds)('public keys and secrets agree with an independent implementation (seed %i)', (round) => {
    const [drawn, peerKey] = [seededBytes(`x25519 own ${round}`, 32), seededBytes(`x25519 peer ${round}`, 32)];
    const pair = withRandom(drawn, (native) => generateAgreementKeyPair(x25519Scheme, native));
    expect(pair.publicKey).toEqual(nobleX25519.getPublicKey(drawn));
    const peer = nobleX25519.getPublicKey(peerKey);
    expect(agree(x25519Scheme, pair.privateKey, peer).expose()).toEqual(nobleX25519.getSharedSecret(drawn, peer));
    expect(agree(x25519Scheme, privateKeyOf(peerKey), pair.publicKey).expose()).toEqual(nobleX25519.getSharedSecret(drawn, peer));
  });

  test('private keys are stored clamped', () => {
    const key = generateAgreementKeyPair(x25519Scheme).privateKey.expose();
    expect(key[0]! & 7).toBe(0);
    expect(key[31]! & 0xc0).toBe(0x40);
  });

  test.each(['00', '01', 'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'])(
    'the point %s of small order is refused',
    (hex) => {
      const point = new Uint8Array(32);
      point.set(Buffer.from(hex, 'hex'));
      const { privateKey } = generateAgreementKeyPair(x25519Scheme);
      expect(errorOf(() => agree(x25519Scheme, privateKey, point))).toBe('ProtocolError zero-shared-secret');
    },
  );

  test('keys of another length are refused', () => {
    const { privateKey, publicKey } = generateAgreementKeyPair(x25519Scheme);
    expect(errorOf(() => agree(x25519Scheme, privateKey, publicKey.subarray(1)))).toBe('UsageError argument-length');
    expect(errorOf(() => agree(x25519Scheme, privateKeyOf(new Uint8Array(31)), publicKey))).toBe('UsageError argument-length');
  });
});

test('a code without a scheme gives nothing', () => {
  expect(kemByCode(255)).toBeUndefined();
});
