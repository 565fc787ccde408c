import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { addon, codeOf, fromHex, toHex } from './addon-under-test.js';
import { counting } from './export-table.mjs';
import { withSampledSchemes } from './sampled-schemes.mjs';

const { kemSchemes, signatureSchemes } = withSampledSchemes(addon);

function kemKeys(code: number): { publicKey: Uint8Array; privateKey: Uint8Array; ciphertext: Uint8Array; secret: Uint8Array } {
  const row = addon.kemSchemes().find((candidate) => candidate.code === code)!;
  const keys = {
    publicKey: new Uint8Array(row.publicKeyLength),
    privateKey: new Uint8Array(row.privateKeyLength),
    ciphertext: new Uint8Array(row.ciphertextLength),
    secret: new Uint8Array(row.sharedSecretLength),
  };
  addon.kemGenerateKeyPair(code, keys.publicKey, keys.privateKey);
  addon.kemEncapsulate(code, keys.publicKey, keys.ciphertext, keys.secret);
  return keys;
}

function flipped(bytes: Uint8Array, index: number, bits = 1): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[index < 0 ? copy.length + index : index]! ^= bits;
  return copy;
}

describe.each(kemSchemes().map((row) => ({ name: row.name, row })))('$name', ({ row }) => {
  const keys = kemKeys(row.code);
  const other = kemKeys(row.code);

  test('a ciphertext belongs to its key and to no other', () => {
    expect(addon.kemIsEncapsulatedTo(row.code, keys.privateKey, keys.ciphertext)).toBe(true);
    expect(addon.kemIsEncapsulatedTo(row.code, other.privateKey, keys.ciphertext)).toBe(false);
    for (const index of [0, Math.floor(row.ciphertextLength / 2), -1]) {
      expect(addon.kemIsEncapsulatedTo(row.code, keys.privateKey, flipped(keys.ciphertext, index))).toBe(false);
    }
  });

  test('a damaged ciphertext gives an unrelated secret that depends on the private key', () => {
    const damaged = flipped(keys.ciphertext, 3);
    const first = new Uint8Array(row.sharedSecretLength);
    const second = new Uint8Array(row.sharedSecretLength);
    addon.kemDecapsulate(row.code, keys.privateKey, damaged, first);
    addon.kemDecapsulate(row.code, keys.privateKey, damaged, second);
    expect(toHex(first)).toBe(toHex(second));
    expect(toHex(first)).not.toBe(toHex(keys.secret));
    // HQC keeps the secret that it rejects with after its seed, the others at the end.
    addon.kemDecapsulate(row.code, flipped(keys.privateKey, row.name.startsWith('HQC') ? 40 : -1), damaged, second);
    expect(toHex(second)).not.toBe(toHex(first));
  });
});

describe.each([
  { code: 33, rank: 2 },
  { code: 41, rank: 3 },
  { code: 49, rank: 4 },
])('ML-KEM of rank $rank', ({ code, rank }) => {
  const keys = kemKeys(code);
  const polynomials = rank * 384;

  function withCoefficient(key: Uint8Array, index: number, value: number): Uint8Array {
    const copy = Uint8Array.from(key);
    const at = Math.floor(index / 2) * 3;
    if (index % 2 === 0) {
      copy[at] = value & 0xff;
      copy[at + 1] = (copy[at + 1]! & 0xf0) | (value >> 8);
    } else {
      copy[at + 1] = (copy[at + 1]! & 0x0f) | ((value & 0x0f) << 4);
      copy[at + 2] = value >> 4;
    }
    return copy;
  }

  test('a public key with a coefficient of q or more is refused, at every position', () => {
    const ciphertext = new Uint8Array(keys.ciphertext.length);
    const secret = new Uint8Array(32);
    for (let index = 0; index < rank * 256; index += 1) {
      expect(addon.kemIsValidPublicKey(code, withCoefficient(keys.publicKey, index, 3328))).toBe(true);
      for (const value of [3329, 4095]) expect(addon.kemIsValidPublicKey(code, withCoefficient(keys.publicKey, index, value))).toBe(false);
    }
    const bad = withCoefficient(keys.publicKey, rank * 256 - 1, 3329);
    ciphertext.fill(1);
    secret.fill(1);
    expect(codeOf(() => addon.kemEncapsulate(code, bad, ciphertext, secret))).toBe('bad-public-key');
    expect([ciphertext, secret].every((out) => out.every((byte) => byte === 0))).toBe(true);
  });

  test('a private key whose public key or hash was damaged is refused', () => {
    const length = keys.privateKey.length;
    const secret = new Uint8Array(32);
    for (const index of [polynomials, length - 65, length - 64, length - 33]) {
      const bad = flipped(keys.privateKey, index);
      secret.fill(1);
      expect(addon.kemIsValidPrivateKey(code, bad)).toBe(false);
      expect(codeOf(() => addon.kemDecapsulate(code, bad, keys.ciphertext, secret))).toBe('bad-private-key');
      expect(secret.every((byte) => byte === 0)).toBe(true);
      expect(codeOf(() => addon.kemIsEncapsulatedTo(code, bad, keys.ciphertext))).toBe('bad-private-key');
    }
    expect(addon.kemIsValidPrivateKey(code, withCoefficient(keys.privateKey, 5, 3329))).toBe(false);
    // z is any 32 bytes.
    expect(addon.kemIsValidPrivateKey(code, flipped(keys.privateKey, -1))).toBe(true);
  });
});

describe.each([
  { code: 1, free: 3 },
  { code: 9, free: 5 },
  { code: 17, free: 3 },
])('HQC with code $code', ({ code, free }) => {
  test('keys with a bit after the last of their vector are refused', () => {
    const { publicKey, privateKey, ciphertext, secret } = kemKeys(code);
    for (let bit = 8 - free; bit < 8; bit += 1) {
      const [badPublic, badPrivate] = [flipped(publicKey, -1, 1 << bit), flipped(privateKey, -1, 1 << bit)];
      expect([addon.kemIsValidPublicKey(code, badPublic), addon.kemIsValidPrivateKey(code, badPrivate)]).toEqual([false, false]);
      expect(codeOf(() => addon.kemEncapsulate(code, badPublic, Uint8Array.from(ciphertext), Uint8Array.from(secret)))).toBe(
        'bad-public-key',
      );
      expect(codeOf(() => addon.kemDecapsulate(code, badPrivate, ciphertext, Uint8Array.from(secret)))).toBe('bad-private-key');
    }
    expect(addon.kemIsValidPublicKey(code, flipped(publicKey, -1, 1 << (7 - free)))).toBe(true);
  });
});

describe('Classic McEliece', () => {
  test('a private key with foreign pivots or values outside the field is refused', () => {
    const { privateKey, ciphertext } = kemKeys(65);
    const secret = new Uint8Array(32);
    for (const bad of [flipped(privateKey, 32), flipped(privateKey, 39), flipped(privateKey, 41, 0x10), flipped(privateKey, 167, 0x80)]) {
      expect(addon.kemIsValidPrivateKey(65, bad)).toBe(false);
      expect(codeOf(() => addon.kemDecapsulate(65, bad, ciphertext, secret))).toBe('bad-private-key');
    }
  });

  describe.each([
    { name: '6960119', code: 89 },
    { name: '6960119F', code: 93 },
  ])('$name, whose rows end within a byte', ({ code }) => {
    const keys = kemKeys(code);
    const rowLength = 677;

    test('a public key with a bit after the end of any row is refused', () => {
      for (let end = rowLength - 1; end < keys.publicKey.length; end += rowLength * 7) {
        for (const bits of [0x20, 0x80]) expect(addon.kemIsValidPublicKey(code, flipped(keys.publicKey, end, bits))).toBe(false);
        expect(addon.kemIsValidPublicKey(code, flipped(keys.publicKey, end, 0x10))).toBe(true);
      }
      const bad = flipped(keys.publicKey, -1, 0x20);
      const [ciphertext, secret] = [Uint8Array.from(keys.ciphertext), Uint8Array.from(keys.secret)];
      expect(codeOf(() => addon.kemEncapsulate(code, bad, ciphertext, secret))).toBe('bad-public-key');
      expect([ciphertext, secret].every((out) => out.every((byte) => byte === 0))).toBe(true);
    });

    test('a ciphertext with a bit after its end is answered as any that was not made for the key', () => {
      const forged = flipped(keys.ciphertext, -1, 0x08);
      const secret = new Uint8Array(32);
      addon.kemDecapsulate(code, keys.privateKey, forged, secret);
      const rejection = createHash('shake256', { outputLength: 32 }).update(Uint8Array.of(0));
      expect(toHex(secret)).toBe(toHex(rejection.update(keys.privateKey.subarray(-870)).update(forged).digest()));
      expect(addon.kemIsEncapsulatedTo(code, keys.privateKey, forged)).toBe(false);
    });
  });

  test('where key generation chooses the pivots, a private key with too few or too many of them is refused', () => {
    const { privateKey, ciphertext } = kemKeys(69);
    const secret = new Uint8Array(32);
    for (const bits of [1, 0x80]) {
      const bad = flipped(privateKey, 36, bits);
      expect(addon.kemIsValidPrivateKey(69, bad)).toBe(false);
      expect(codeOf(() => addon.kemDecapsulate(69, bad, ciphertext, secret))).toBe('bad-private-key');
    }
    // Another choice of as many.
    const other = Uint8Array.from(privateKey);
    other.set([0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff], 32);
    expect(addon.kemIsValidPrivateKey(69, other)).toBe(true);
  });
});

/** Ways to damage a private key so that it is refused. */
function damagesOf(name: string, privateKey: Uint8Array): Uint8Array[] {
  const damaged = (index: number, ...bytes: number[]): Uint8Array => {
    const copy = Uint8Array.from(privateKey);
    copy.set(bytes, index);
    return copy;
  };
  const { length } = privateKey;
  if (name === 'Curve25519 signature') return [flipped(privateKey, 0), flipped(privateKey, 31, 0x80), flipped(privateKey, 31, 0x40)];
  // A secret seed, the public seed and the root: nothing depends on the seed between them, which only randomizes.
  if (name.startsWith('SPHINCS+')) return [0, length / 2, length - 1].map((index) => flipped(privateKey, index));
  if (name.startsWith('Falcon')) {
    const shortPolynomial = name === 'Falcon-512' ? 384 : 640;
    return [
      flipped(privateKey, 0),
      // The one value that no coefficient has; a polynomial without an inverse; others for which the fourth is not short.
      damaged(1, 0x80),
      damaged(1, ...new Uint8Array(shortPolynomial)),
      flipped(privateKey, 200, 4),
      flipped(privateKey, shortPolynomial + 200, 4),
      flipped(privateKey, -1),
    ];
  }
  // ML-DSA: the first coefficients of s1 all become the largest number that their bits hold.
  return [damaged(128, 0xff, 0xff, 0xff)];
}

describe.each(signatureSchemes().map((row) => ({ name: row.name, row })))('$name', ({ row }) => {
  const publicKey = new Uint8Array(row.publicKeyLength);
  const privateKey = new Uint8Array(row.privateKeyLength);
  const signature = new Uint8Array(row.signatureLength);
  addon.signatureGenerateKeyPair(row.code, publicKey, privateKey);

  test('a signature holds for its message, key and length only', () => {
    const message = counting(50);
    const length = addon.sign(row.code, privateKey, message, signature);
    const made = signature.slice(0, length);
    if (row.fixedLength) expect(length).toBe(row.signatureLength);
    expect(signature.subarray(length).every((byte) => byte === 0)).toBe(true);
    expect(addon.verify(row.code, publicKey, message, made)).toBe(true);
    expect(addon.verify(row.code, publicKey, counting(49), made)).toBe(false);
    for (const index of [0, 40, -1]) expect(addon.verify(row.code, publicKey, message, flipped(made, index))).toBe(false);
    expect(addon.verify(row.code, flipped(publicKey, 5), message, made)).toBe(false);
    expect(addon.verify(row.code, publicKey, message, made.subarray(1))).toBe(false);
    // Zeros after a signature do not make another one of it, up to any length.
    for (const longer of [length + 1, 666, 1280, row.signatureLength]) {
      if (longer <= length) continue;
      const padded = new Uint8Array(longer);
      padded.set(made);
      expect(addon.verify(row.code, publicKey, message, padded)).toBe(false);
    }
    expect(addon.verify(row.code, publicKey, message, new Uint8Array(0))).toBe(false);
  });

  test('an empty message is signed like any other', () => {
    const made = signature.subarray(0, addon.sign(row.code, privateKey, new Uint8Array(0), signature));
    expect(addon.verify(row.code, publicKey, new Uint8Array(0), made)).toBe(true);
    expect(addon.verify(row.code, publicKey, counting(1), made)).toBe(false);
  });

  test('contexts exist for ML-DSA alone', () => {
    const context = counting(3);
    const run = (): unknown => addon.signWithContext(row.code, privateKey, counting(9), context, signature);
    if (row.spec === 'FIPS 204') {
      run();
      expect(addon.verifyWithContext(row.code, publicKey, counting(9), context, signature)).toBe(true);
      expect(addon.verifyWithContext(row.code, publicKey, counting(9), counting(4), signature)).toBe(false);
      expect(addon.verify(row.code, publicKey, counting(9), signature)).toBe(false);
      addon.sign(row.code, privateKey, counting(9), signature);
      expect(addon.verifyWithContext(row.code, publicKey, counting(9), new Uint8Array(0), signature)).toBe(true);
    } else {
      signature.fill(1);
      expect(codeOf(run)).toBe('unknown-scheme');
      expect(signature.every((byte) => byte === 0)).toBe(true);
      expect(codeOf(() => addon.verifyWithContext(row.code, publicKey, counting(9), context, signature))).toBe('unknown-scheme');
    }
  });

  test('a private key out of range is refused and the signature is zero', () => {
    for (const bad of damagesOf(row.name, privateKey)) {
      signature.fill(1);
      expect(addon.signatureIsValidPrivateKey(row.code, bad)).toBe(false);
      expect(codeOf(() => addon.sign(row.code, bad, counting(3), signature))).toBe('bad-private-key');
      expect(signature.every((byte) => byte === 0)).toBe(true);
    }
  });
});

describe.each([
  { name: 'ML-DSA-44', code: 1, eta: 2, polynomials: 8 },
  { name: 'ML-DSA-65', code: 9, eta: 4, polynomials: 11 },
  { name: 'ML-DSA-87', code: 17, eta: 2, polynomials: 15 },
])('$name private keys', ({ code, eta, polynomials }) => {
  test('the bounds of s1 and s2 are exact at every position', () => {
    const row = addon.signatureSchemes().find((candidate) => candidate.code === code)!;
    const privateKey = new Uint8Array(row.privateKeyLength);
    addon.signatureGenerateKeyPair(code, new Uint8Array(row.publicKeyLength), privateKey);
    const bits = eta === 2 ? 3 : 4;
    const put = (index: number, value: number): Uint8Array => {
      const copy = Uint8Array.from(privateKey);
      for (let bit = 0; bit < bits; bit += 1) {
        const at = index * bits + bit;
        const mask = 1 << (at % 8);
        const place = 128 + Math.floor(at / 8);
        copy[place] = (value >> bit) & 1 ? copy[place]! | mask : copy[place]! & ~mask;
      }
      return copy;
    };
    for (let index = 0; index < polynomials * 256; index += 1) {
      expect(addon.signatureIsValidPrivateKey(code, put(index, 2 * eta))).toBe(true);
      expect(addon.signatureIsValidPrivateKey(code, put(index, 2 * eta + 1))).toBe(false);
    }
    // t0 follows and may hold anything.
    expect(addon.signatureIsValidPrivateKey(code, flipped(privateKey, -1, 0xff))).toBe(true);
  });
});

test('X25519 with a point of small order is refused and gives nothing', () => {
  const privateKey = counting(32);
  const secret = new Uint8Array(32);
  const smallOrder = [
    '00'.repeat(32),
    `01${'00'.repeat(31)}`,
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    `ec${'ff'.repeat(30)}7f`,
    `ed${'ff'.repeat(30)}7f`,
    `ee${'ff'.repeat(30)}7f`,
  ];
  for (const point of smallOrder) {
    secret.fill(1);
    expect(codeOf(() => addon.x25519(privateKey, fromHex(point), secret))).toBe('zero-shared-secret');
    expect(secret.every((byte) => byte === 0)).toBe(true);
  }
});

test('a forged message leaves plaintext and next chain key zero', () => {
  const sealed = new Uint8Array(24);
  const next = new Uint8Array(32);
  addon.chainSeal(1, counting(32), counting(4), counting(8), sealed, next);
  for (const [associatedData, text] of [
    [counting(4), flipped(sealed, 0)],
    [counting(4), flipped(sealed, -1)],
    [counting(5), sealed],
  ] as const) {
    const plaintext = new Uint8Array(8).fill(1);
    const following = new Uint8Array(32).fill(1);
    expect(codeOf(() => addon.chainOpen(1, counting(32), 0, associatedData, text, plaintext, following))).toBe('not-authentic');
    expect([plaintext, following].every((out) => out.every((byte) => byte === 0))).toBe(true);
    addon.aeadSeal(counting(32), counting(16), counting(4), counting(8), sealed);
    plaintext.fill(1);
    expect(codeOf(() => addon.aeadOpen(counting(32), counting(16), counting(4), flipped(sealed, 7), plaintext))).toBe('not-authentic');
    expect(plaintext.every((byte) => byte === 0)).toBe(true);
    addon.chainSeal(1, counting(32), counting(4), counting(8), sealed, next);
  }
});

test('the fused chain steps are the primitives put together', () => {
  const zero = new Uint8Array(32);
  const info = Buffer.from('MessageKeys');
  const keys = new Uint8Array(48 * 4);
  addon.chainMessageKeys(1, counting(32), 4, keys);
  let chainKey = counting(32);
  for (let step = 0; step < 4; step += 1) {
    const messageKey = new Uint8Array(48);
    addon.hkdf(1, chainKey, zero, info, messageKey);
    expect(toHex(keys.subarray(step * 48, step * 48 + 48))).toBe(toHex(messageKey));

    const expected = new Uint8Array(40);
    addon.aeadSeal(messageKey.subarray(0, 32), messageKey.subarray(32), counting(9), counting(24), expected);
    const next = new Uint8Array(32);
    addon.hmac(1, chainKey, Uint8Array.of(2), next);
    const sealed = new Uint8Array(40);
    const afterSeal = new Uint8Array(32);
    addon.chainSeal(1, chainKey, counting(9), counting(24), sealed, afterSeal);
    expect([toHex(sealed), toHex(afterSeal)]).toEqual([toHex(expected), toHex(next)]);

    const plaintext = new Uint8Array(24);
    const afterOpen = new Uint8Array(32);
    addon.chainOpen(1, counting(32), step, counting(9), sealed, plaintext, afterOpen);
    expect([toHex(plaintext), toHex(afterOpen)]).toEqual([toHex(counting(24)), toHex(next)]);
    const walked = new Uint8Array(32);
    addon.chainWalk(1, counting(32), step + 1, walked);
    expect(toHex(walked)).toBe(toHex(next));
    chainKey = next;
  }
});
