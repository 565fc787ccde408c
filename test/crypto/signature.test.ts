import { ed25519 } from '@noble/curves/ed25519.js';
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import { describe, expect, test } from '@jest/globals';
import { noBytes, utf8 } from '../../lib/base/bytes.js';
import { Secret, copySecret } from '../../lib/base/secret.js';
import { generateAgreementKeyPair, x25519Scheme } from '../../lib/crypto/kem.js';
import { generateSigningKeyPair, sign, signatureByCode, signatureSchemes, verify } from '../../lib/crypto/signature.js';
import { edwardsForm, montgomeryForm, withKeySign } from '../support/vectors-edwards.js';
import { withRandom } from '../support/vectors-random.js';
import { errorOf } from './error-code.js';
import { altered, seededBytes } from './seeded-bytes.js';

const rounds = [0, 1, 2, 3, 4];
const message = utf8('a message to sign');
const privateKeyOf = (bytes: Uint8Array) => new Secret<'SigningPrivateKey'>(copySecret(bytes));
const curve25519 = signatureByCode(0)!;

describe.each(signatureSchemes)('$name', (scheme) => {
  const pair = generateSigningKeyPair(scheme);
  const signature = sign(scheme, pair.privateKey, message);

  test('is found by its code and frozen', () => {
    expect(signatureByCode(scheme.code)).toBe(scheme);
    expect(Object.isFrozen(scheme)).toBe(true);
  });

  test('makes keys and signatures of its lengths that verify', () => {
    expect(pair.publicKey).toHaveLength(scheme.publicKeyLength);
    expect(pair.privateKey).toHaveLength(scheme.privateKeyLength);
    expect(signature.length).toBeLessThanOrEqual(scheme.signatureLength);
    if (scheme.fixedLength) expect(signature).toHaveLength(scheme.signatureLength);
    expect(Object.getPrototypeOf(signature)).toBe(Uint8Array.prototype);
    expect(verify(scheme, pair.publicKey, message, signature)).toBe(true);
  });

  test('signs the empty message', () => {
    expect(verify(scheme, pair.publicKey, noBytes, sign(scheme, pair.privateKey, noBytes))).toBe(true);
  });

  test('an altered message, signature or key does not verify', () => {
    expect(verify(scheme, pair.publicKey, altered(message, 0), signature)).toBe(false);
    expect(verify(scheme, generateSigningKeyPair(scheme).publicKey, message, signature)).toBe(false);
    for (const index of [0, Math.floor(signature.length / 2), -1]) {
      expect(verify(scheme, pair.publicKey, message, altered(signature, index))).toBe(false);
    }
  });

  test('a signature of another length does not verify', () => {
    const longer = new Uint8Array(signature.length + 1);
    longer.set(signature);
    for (const wrong of [noBytes, signature.subarray(1), signature.subarray(0, -1), longer]) {
      expect(verify(scheme, pair.publicKey, message, wrong)).toBe(false);
    }
  });

  test('keys of another length are refused', () => {
    expect(errorOf(() => verify(scheme, pair.publicKey.subarray(1), message, signature))).toBe('UsageError argument-length');
    expect(errorOf(() => sign(scheme, privateKeyOf(pair.privateKey.expose().subarray(1)), message))).toBe('UsageError argument-length');
  });
});

describe.each(['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'] as const)('%s against an independent implementation', (name) => {
  const oracle = { 'ML-DSA-44': ml_dsa44, 'ML-DSA-65': ml_dsa65, 'ML-DSA-87': ml_dsa87 }[name];
  const scheme = signatureSchemes.find((entry) => entry.name === name)!;

  test.each(rounds)('keys and signatures agree, and each verifies the other (seed %i)', (round) => {
    const [seed, rnd] = [seededBytes(`${name} seed ${round}`, 32), seededBytes(`${name} rnd ${round}`, 32)];
    const text = seededBytes(`${name} message ${round}`, 17 * round);
    const expected = oracle.keygen(seed);
    const pair = withRandom(seed, (native) => generateSigningKeyPair(scheme, native));
    expect(pair.publicKey).toEqual(expected.publicKey);
    expect(pair.privateKey.expose()).toEqual(expected.secretKey);

    const signature = withRandom(rnd, (native) => sign(scheme, pair.privateKey, text, native));
    expect(signature).toEqual(oracle.sign(text, expected.secretKey, { extraEntropy: rnd }));
    expect(oracle.verify(sign(scheme, pair.privateKey, text), text, expected.publicKey)).toBe(true);
    expect(verify(scheme, pair.publicKey, text, oracle.sign(text, expected.secretKey))).toBe(true);
    expect(verify(scheme, pair.publicKey, text, oracle.sign(text, expected.secretKey, { context: utf8('other') }))).toBe(false);
  });

  test('a private key with a coefficient out of range is refused', () => {
    const corrupted = Uint8Array.from(generateSigningKeyPair(scheme).privateKey.expose());
    corrupted[128] = 0xff;
    expect(errorOf(() => sign(scheme, privateKeyOf(corrupted), message))).toBe('ProtocolError bad-private-key');
  });
});

describe('Curve25519 signatures against an independent Ed25519', () => {
  test.each(rounds)('our signature is an Ed25519 signature by the key whose sign it carries (seed %i)', (round) => {
    const text = seededBytes(`curve message ${round}`, 40 * round);
    const drawn = seededBytes(`curve key ${round}`, 32);
    const pair = withRandom(drawn, (native) => generateAgreementKeyPair(x25519Scheme, native));
    const publicKey = pair.publicKey;
    const signature = sign(curve25519, privateKeyOf(pair.privateKey.expose()), text);
    const plain = Uint8Array.from(signature);
    plain[63] = plain[63]! & 0x7f;
    const signer = edwardsForm(publicKey, signature[63]! >> 7);
    expect(ed25519.verify(plain, text, signer, { zip215: false })).toBe(true);
    expect(ed25519.verify(plain, text, altered(signer, 0), { zip215: false })).toBe(false);
    expect(verify(curve25519, publicKey, text, signature)).toBe(true);
  });

  test.each(rounds)('an Ed25519 signature with the sign of its key verifies, with the other sign it does not (seed %i)', (round) => {
    const secret = seededBytes(`ed25519 secret ${round}`, 32);
    const text = seededBytes(`ed25519 message ${round}`, 33 * round);
    const { key, sign: keySign } = montgomeryForm(ed25519.getPublicKey(secret))!;
    const signature = ed25519.sign(text, secret);
    expect(verify(curve25519, key, text, withKeySign(signature, keySign)!)).toBe(true);
    expect(verify(curve25519, key, text, withKeySign(signature, 1 - keySign)!)).toBe(false);
  });

  test('two signatures of one message differ, because each draws fresh randomness', () => {
    const pair = generateSigningKeyPair(curve25519);
    expect(sign(curve25519, pair.privateKey, message)).not.toEqual(sign(curve25519, pair.privateKey, message));
  });
});

test('a code without a scheme gives nothing', () => {
  expect(signatureByCode(255)).toBeUndefined();
});
