import { createCipheriv } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { concat, noBytes, toHex, utf8 } from '../../lib/base/bytes.js';
import { decryptData, encryptData } from '../../lib/file/data.js';
import { deriveFileKey, generateFileKey, importFileKey } from '../../lib/file/file-key.js';
import { dataAssociatedData, fileAssociatedData } from '../../lib/file/format.js';
import { errorOf } from '../crypto/error-code.js';
import { altered, seededBytes } from '../crypto/seeded-bytes.js';

/** S(32) of the specification's table. */
const countingKey = importFileKey(Uint8Array.from({ length: 32 }, (_, index) => index));

function sealedByOracle(key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(dataAssociatedData);
  return concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()].map((part) => new Uint8Array(part)));
}

describe('sealed data', () => {
  test('is what the specification says for key S(32) and "hello"', () => {
    const { sealed, key } = encryptData(utf8('hello'), { key: countingKey });
    expect(toHex(sealed)).toBe('66d9d9b2da8fce1a661bcda89b43c7de6618013647');
    expect(key).toBe(countingKey);
    expect(decryptData(sealed, countingKey)).toEqual(utf8('hello'));
  });

  test('of 2,000 samples is what an independent implementation makes of them, and opens again', () => {
    for (let sample = 0; sample < 2_000; sample += 1) {
      const [keyBytes, iv] = [seededBytes(`key ${sample}`, 32), seededBytes(`iv ${sample}`, 12)];
      const plaintext = seededBytes(`sample ${sample}`, (sample * 37) % 4_099);
      using key = importFileKey(keyBytes);
      const { sealed } = encryptData(plaintext, { key, iv });
      expect(toHex(sealed)).toBe(toHex(sealedByOracle(keyBytes, iv, plaintext)));
      expect(toHex(decryptData(sealed, key, { iv }))).toBe(toHex(plaintext));
    }
  });

  test('has a new key each time unless one is given', () => {
    const [first, second] = [encryptData(utf8('hello')), encryptData(utf8('hello'))];
    expect(toHex(first.key.expose())).not.toBe(toHex(second.key.expose()));
    expect(decryptData(first.sealed, first.key)).toEqual(utf8('hello'));
    expect(errorOf(() => decryptData(first.sealed, second.key))).toBe('VerificationError not-authentic');
  });

  test('with any change is refused without a reason, and itself is left as it is', () => {
    const iv = seededBytes('iv', 12);
    const { sealed } = encryptData(seededBytes('text', 100), { key: countingKey, iv });
    const before = toHex(sealed);
    const forgeries: readonly (() => unknown)[] = [
      () => decryptData(altered(sealed, 0), countingKey, { iv }),
      () => decryptData(altered(sealed, -1), countingKey, { iv }),
      () => decryptData(sealed.subarray(1), countingKey, { iv }),
      () => decryptData(sealed.subarray(0, -1), countingKey, { iv }),
      () => decryptData(sealed.subarray(0, 15), countingKey, { iv }),
      () => decryptData(noBytes, countingKey, { iv }),
      () => decryptData(concat([sealed, Uint8Array.of(0)]), countingKey, { iv }),
      () => decryptData(sealed, countingKey),
      () => decryptData(sealed, countingKey, { iv: altered(iv, 0) }),
      () => decryptData(sealed, importFileKey(altered(countingKey.expose(), 31)), { iv }),
    ];
    for (const forgery of forgeries) expect(errorOf(forgery)).toBe('VerificationError not-authentic');
    expect(toHex(sealed)).toBe(before);
  });

  test.each([0, 11, 13, 16])('needs an IV of 12 bytes, not %i', (length) => {
    const iv = new Uint8Array(length);
    expect(errorOf(() => encryptData(noBytes, { key: countingKey, iv }))).toBe('UsageError iv-length');
    expect(errorOf(() => decryptData(new Uint8Array(16), countingKey, { iv }))).toBe('UsageError iv-length');
  });
});

describe('the associated data', () => {
  test('is 64 bytes, of which two are zero, and differs between data and files', () => {
    expect(Buffer.from(dataAssociatedData).toString()).toBe('E2EES ---> data encryption with AES256/GCM/Nopadding algorithm\0\0');
    expect(Buffer.from(fileAssociatedData).toString()).toBe('E2EES ---> file encryption with AES256/GCM/Nopadding algorithm\0\0');
    expect([dataAssociatedData.length, fileAssociatedData.length]).toEqual([64, 64]);
  });
});

describe('a key', () => {
  test('of a passphrase is what the specification says', () => {
    expect(toHex(deriveFileKey(utf8('pw')).expose())).toBe('13f8e3ccebd48726b7987436c3239aac30d9a313d7efaa141d03952a60bdf69e');
  });

  test('of an empty passphrase is refused', () => {
    expect(errorOf(() => deriveFileKey(noBytes))).toBe('UsageError passphrase-empty');
  });

  test('is made of what the random source gives', () => {
    const key = generateFileKey({ fill: (out) => out.set(seededBytes('random', out.length)) });
    expect(toHex(key.expose())).toBe(toHex(seededBytes('random', 32)));
  });

  test.each([0, 31, 33])('of %i bytes is refused', (length) => {
    expect(errorOf(() => importFileKey(new Uint8Array(length)))).toBe('UsageError key-length');
  });

  test('that was imported is a copy, is not printed, and cannot be used once it has been wiped', () => {
    const bytes = seededBytes('kept', 32);
    const key = importFileKey(bytes);
    bytes.fill(0);
    expect(toHex(key.expose())).toBe(toHex(seededBytes('kept', 32)));
    expect(JSON.stringify({ key })).toBe('{"key":"[secret]"}');
    key.wipe();
    expect(errorOf(() => encryptData(utf8('hello'), { key }))).toBe('InternalError secret-wiped');
  });
});
