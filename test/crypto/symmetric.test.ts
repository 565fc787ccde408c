import { createCipheriv, createHash, createHmac, hkdfSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { concat, noBytes } from '../../lib/base/bytes.js';
import { aeadKeyLength, open, seal } from '../../lib/crypto/aead.js';
import { hash, hashAlgorithms, hmac, hmacSha256, sha256, sha256Algorithm, sha512, shake128, shake256 } from '../../lib/crypto/hash.js';
import type { HashAlgorithm } from '../../lib/crypto/scheme.js';
import { hkdf } from '../../lib/crypto/kdf.js';
import { errorOf } from './error-code.js';
import { altered, seededBytes } from './seeded-bytes.js';

const lengths = [0, 1, 15, 16, 17, 63, 64, 65, 127, 1000];
/** What `node:crypto` calls a hash function: SHA-384 is `sha384`, SHA3-384 `sha3-384`. */
const oracleName = ({ name }: HashAlgorithm) => name.toLowerCase().replace('sha-', 'sha');
const plain = (bytes: Uint8Array | ArrayBuffer) => new Uint8Array(bytes);

describe('hashes agree with an independent implementation', () => {
  test.each(lengths)('over %i bytes', (length) => {
    const [data, key] = [seededBytes(`hash ${length}`, length), seededBytes(`hmac key ${length}`, length)];
    expect(sha256(data)).toEqual(plain(createHash('sha256').update(data).digest()));
    expect(sha512(data)).toEqual(plain(createHash('sha512').update(data).digest()));
    expect(hmacSha256(key, data)).toEqual(plain(createHmac('sha256', key).update(data).digest()));
  });

  test.each(hashAlgorithms.map((algorithm) => [algorithm.name, algorithm] as const))('%s', (name, algorithm) => {
    // Around the block lengths of all of them: 64, 72, 104, 128, 136 and 144 bytes.
    for (const length of [...lengths, 71, 72, 73, 103, 104, 105, 128, 129, 135, 136, 137, 143, 144, 145, 272, 288]) {
      const [data, key] = [seededBytes(`${name} ${length}`, length), seededBytes(`${name} key ${length}`, length)];
      const digest = hash(algorithm, data);
      expect(digest).toHaveLength(algorithm.digestLength);
      expect(digest).toEqual(plain(createHash(oracleName(algorithm)).update(data).digest()));
      expect(hmac(algorithm, key, data)).toEqual(plain(createHmac(oracleName(algorithm), key).update(data).digest()));
    }
  });

  test.each([
    ['shake128', shake128],
    ['shake256', shake256],
  ] as const)('%s, of any length', (name, shake) => {
    for (const length of [0, 1, 135, 136, 167, 168, 169, 400]) {
      const data = seededBytes(`${name} ${length}`, length);
      for (const outputLength of [1, 32, 136, 168, 500]) {
        expect(shake(data, outputLength)).toEqual(plain(createHash(name, { outputLength }).update(data).digest()));
      }
    }
    expect(shake(noBytes, 0)).toHaveLength(0);
  });
});

describe('HKDF agrees with an independent implementation', () => {
  test.each([1, 31, 32, 33, 48, 64, 255, 8160])('for %i bytes', (length) => {
    const [ikm, salt, info] = ['ikm', 'salt', 'info'].map((what, index) => seededBytes(`${what} ${length}`, 16 * index + 13));
    expect(hkdf(sha256Algorithm, ikm!, salt!, info!, length)).toEqual(plain(hkdfSync('sha256', ikm!, salt!, info!, length)));
  });

  test.each(hashAlgorithms.map((algorithm) => [algorithm.name, algorithm] as const))('with %s', (name, algorithm) => {
    const [ikm, salt, info] = ['ikm', 'salt', 'info'].map((what, index) => seededBytes(`${what} ${name}`, 90 * index + 13));
    for (const length of [1, 48, algorithm.digestLength, 2 * algorithm.digestLength, 255 * algorithm.digestLength]) {
      expect(hkdf(algorithm, ikm!, salt!, info!, length)).toEqual(plain(hkdfSync(oracleName(algorithm), ikm!, salt!, info!, length)));
    }
  });

  test('and no salt is a salt of 32 zero bytes', () => {
    const ikm = seededBytes('ikm', 32);
    expect(hkdf(sha256Algorithm, ikm, noBytes, noBytes, 64)).toEqual(hkdf(sha256Algorithm, ikm, new Uint8Array(32), noBytes, 64));
  });

  test('and lengths outside 1 to 8160 are refused', () => {
    for (const length of [0, 8161])
      expect(errorOf(() => hkdf(sha256Algorithm, noBytes, noBytes, noBytes, length))).toBe('UsageError argument-length');
  });
});

describe('AES-256-GCM', () => {
  const key = seededBytes('gcm key', 32);
  const sealedByOracle = (iv: Uint8Array, ad: Uint8Array, text: Uint8Array) => {
    const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(ad);
    return concat([plain(cipher.update(text)), plain(cipher.final()), plain(cipher.getAuthTag())]);
  };

  test.each([12, 16, 1, 64, 128])('agrees with an independent implementation for an IV of %i bytes', (ivLength) => {
    for (const length of lengths) {
      const [iv, ad] = [seededBytes(`iv ${ivLength} ${length}`, ivLength), seededBytes(`ad ${length}`, 3 * length)];
      const text = seededBytes(`text ${length}`, length);
      const sealed = seal(key, iv, ad, text);
      expect(sealed).toEqual(sealedByOracle(iv, ad, text));
      expect(open(key, iv, ad, sealed)).toEqual(text);
    }
  });

  test('any change is refused without a reason', () => {
    const [iv, ad, text] = [seededBytes('iv', 16), seededBytes('ad', 40), seededBytes('text', 50)];
    const sealed = seal(key, iv, ad, text);
    const forgeries: readonly (() => Uint8Array)[] = [
      () => open(altered(key, 0), iv, ad, sealed),
      () => open(key, altered(iv, 0), ad, sealed),
      () => open(key, iv, altered(ad, 0), sealed),
      () => open(key, iv, ad.subarray(1), sealed),
      () => open(key, iv, ad, altered(sealed, 0)),
      () => open(key, iv, ad, altered(sealed, -1)),
      () => open(key, iv, ad, sealed.subarray(1)),
      () => open(key, iv, ad, sealed.subarray(0, -1)),
    ];
    for (const forgery of forgeries) expect(errorOf(forgery)).toBe('VerificationError not-authentic');
  });

  test.each([0, 1, 15])('a sealed text of %i bytes, shorter than a tag, is not authentic', (length) => {
    expect(errorOf(() => open(key, new Uint8Array(16), noBytes, new Uint8Array(length)))).toBe('VerificationError not-authentic');
  });

  test('keys and IVs of a wrong length are refused', () => {
    const iv = new Uint8Array(16);
    expect(errorOf(() => seal(key.subarray(1), iv, noBytes, noBytes))).toBe('UsageError argument-length');
    expect(errorOf(() => seal(key, noBytes, noBytes, noBytes))).toBe('UsageError argument-length');
    expect(errorOf(() => open(new Uint8Array(aeadKeyLength + 1), iv, noBytes, new Uint8Array(16)))).toBe('UsageError argument-length');
  });
});
