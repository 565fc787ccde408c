/** The reference's test_aes, test_sha and test_gcm: our primitives against published values and against OpenSSL. */
import { createCipheriv, createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { toHex, utf8 } from '../../lib/base/bytes.js';
import { aeadTagLength, open, seal } from '../../lib/crypto/aead.js';
import { sha256, sha512 } from '../../lib/crypto/hash.js';
import { seededBytes } from '../support/seeded-jobs.js';
import { sampleFiles } from './sample-files.js';

const noData = new Uint8Array(0);

function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'));
}

describe('primitives', () => {
  test('test_aes mbedTLS self tests (AES modes; SHA-256, SHA-512): AES-256 in counter mode, the only one in use, gives what OpenSSL gives', () => {
    const draw = seededBytes('reference aes');
    for (let length = 1; length <= 200; length += 1) {
      const [key, iv, plaintext] = [draw(32), draw(12), draw(length)];
      // SP 800-38D: with an IV of 12 bytes the text is encrypted from counter 2 on.
      const counter = Uint8Array.of(...iv, 0, 0, 0, 2);
      const expected = createCipheriv('aes-256-ctr', key, counter).update(plaintext);
      expect(toHex(seal(key, iv, noData, plaintext).subarray(0, length))).toBe(expected.toString('hex'));
    }
  });

  // FIPS 180-4 examples, the ones of the self tests.
  test('test_sha mbedTLS self tests (AES modes; SHA-256, SHA-512): the published digests, and those of OpenSSL for every length to 300', () => {
    const published = [
      ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
      ['abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq', '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1'],
      ['a'.repeat(1_000_000), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'],
    ] as const;
    for (const [text, digest] of published) expect(toHex(sha256(utf8(text)))).toBe(digest);
    expect(toHex(sha512(utf8('abc')))).toBe(
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    );
    const draw = seededBytes('reference sha');
    for (let length = 0; length <= 300; length += 1) {
      const data = draw(length);
      expect(toHex(sha256(data))).toBe(createHash('sha256').update(data).digest('hex'));
      expect(toHex(sha512(data))).toBe(createHash('sha512').update(data).digest('hex'));
    }
  });

  test('test_gcm 2000 sample files encrypted/decrypted in memory with a 16-byte IV and 64-byte AD: each as OpenSSL seals it, and back', () => {
    const draw = seededBytes('reference gcm');
    let count = 0;
    for (const file of sampleFiles()) {
      const [key, iv, associatedData] = [draw(32), draw(16), draw(64)];
      const sealed = seal(key, iv, associatedData, file);
      const cipher = createCipheriv('aes-256-gcm', key, iv);
      cipher.setAAD(associatedData);
      const expected = Buffer.concat([cipher.update(file), cipher.final(), cipher.getAuthTag()]);
      expect(expected.equals(sealed)).toBe(true);
      expect(Buffer.compare(open(key, iv, associatedData, sealed), file)).toBe(0);
      sealed[count % sealed.length] = (sealed[count % sealed.length] ?? 0) ^ 1;
      expect(() => open(key, iv, associatedData, sealed)).toThrow(expect.objectContaining({ code: 'not-authentic' }));
      count += 1;
    }
    expect(count).toBe(2000);
  });

  test('test_gcm GCM self test: the published test cases of AES-256-GCM', () => {
    const key = 'feffe9928665731c6d6a8f9467308308'.repeat(2);
    const text = 'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39';
    const data = 'feedfacedeadbeeffeedfacedeadbeefabaddad2';
    const iv = 'cafebabefacedbaddecaf888';
    const longIv =
      '9313225df88406e555909c5aff5269aa6a7a9538534f7da1e4c303d2a318a728c3c0c95156809539fcf0e2429a6b525416aedbf5a0de6a57a637b39b';
    const sealed =
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662';
    // McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B: test cases 13 to 18.
    const cases = [
      ['00'.repeat(32), '00'.repeat(12), '', '', '', '530f8afbc74536b9a963b4f1c4cb738b'],
      ['00'.repeat(32), '00'.repeat(12), '', '00'.repeat(16), 'cea7403d4d606b6e074ec5d3baf39d18', 'd0d1c8a799996bf0265b98b5d48ab919'],
      [key, iv, '', `${text}1aafd255`, `${sealed}898015ad`, 'b094dac5d93471bdec1a502270e3cc6c'],
      [key, iv, data, text, sealed, '76fc6ece0f4e1768cddf8853bb2d551b'],
      [
        key,
        'cafebabefacedbad',
        data,
        text,
        'c3762df1ca787d32ae47c13bf19844cbaf1ae14d0b976afac52ff7d79bba9de0feb582d33934a4f0954cc2363bc73f7862ac430e64abe499f47c9b1f',
        '3a337dbf46a792c45e454913fe2ea8f2',
      ],
      [
        key,
        longIv,
        data,
        text,
        '5a8def2f0c9e53f1f75d7853659e2a20eeb2b22aafde6419a058ab4f6f746bf40fc0c3b780f244452da3ebf1c5d82cdea2418997200ef82e44ae7e3f',
        'a44a8266ee1c8eb0c8b5d4cf5ae9f19a',
      ],
    ] as const;
    for (const [caseKey, caseIv, caseData, plaintext, ciphertext, tag] of cases) {
      expect(tag).toHaveLength(2 * aeadTagLength);
      const inputs = [hex(caseKey), hex(caseIv), hex(caseData)] as const;
      expect(toHex(seal(...inputs, hex(plaintext)))).toBe(`${ciphertext}${tag}`);
      expect(toHex(open(...inputs, hex(`${ciphertext}${tag}`)))).toBe(plaintext);
    }
  });
});
