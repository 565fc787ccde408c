import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { TestingAddon } from '../../lib/crypto/addon.js';
import { nativeBuilds, testingAddon } from '../support/native-modules.js';
import { toHex } from './addon-under-test.js';

const portable = testingAddon('portable');
const isV3Here = nativeBuilds().includes('x86-64-v3');
const v3 = isV3Here ? testingAddon('x86-64-v3') : portable;
const compared = isV3Here ? test : test.skip;

const seed = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map((drawn) => Uint8Array.from(drawn));
const nothing = new Uint8Array(0);

/** What `run` leaves in its outputs and of its randomness, which is all in `random`. */
function outcome(native: TestingAddon, random: Uint8Array, lengths: readonly number[], run: (outputs: Uint8Array[]) => unknown): string {
  native.clearQueuedRandom();
  native.queueRandom(random);
  const outputs = lengths.map((length) => new Uint8Array(length));
  const result = String(run(outputs));
  return [result, native.queuedRandomLength(), ...outputs.map(toHex)].join(' ');
}

/** Runs on both builds; the outputs of the portable one. */
function onBoth(
  random: Uint8Array,
  lengths: readonly number[],
  run: (native: TestingAddon, outputs: Uint8Array[]) => unknown,
): Uint8Array[] {
  let made: Uint8Array[] = [];
  const expected = outcome(portable, random, lengths, (outputs) => {
    made = outputs;
    return run(portable, outputs);
  });
  expect(outcome(v3, random, lengths, (outputs) => run(v3, outputs))).toBe(expected);
  return made;
}

describe('the build for x86-64-v3 gives the same as the portable one', () => {
  describe.each(portable.kemSchemes().filter(({ name }) => /^(?:ML-KEM|HQC)-/u.test(name)))('of $name', (row) => {
    compared('keys, ciphertexts and secrets, genuine and rejected', () => {
      fc.assert(
        fc.property(seed(200), seed(100), fc.nat({ max: 99 }), (forKeys, forSecret, at) => {
          const [publicKey, privateKey] = onBoth(forKeys, [row.publicKeyLength, row.privateKeyLength], (native, [pk, sk]) =>
            native.kemGenerateKeyPair(row.code, pk!, sk!),
          ) as [Uint8Array, Uint8Array];
          const [ciphertext, secret] = onBoth(forSecret, [row.ciphertextLength, row.sharedSecretLength], (native, [ct, ss]) =>
            native.kemEncapsulate(row.code, publicKey, ct!, ss!),
          ) as [Uint8Array, Uint8Array];
          const opened = () =>
            onBoth(nothing, [row.sharedSecretLength], (native, [ss]) => native.kemDecapsulate(row.code, privateKey, ciphertext, ss!))[0]!;
          expect(toHex(opened())).toBe(toHex(secret));
          ciphertext[at]! ^= 1 << (at % 8);
          expect(toHex(opened())).not.toBe(toHex(secret));
        }),
        { seed: 4, numRuns: row.spec === 'FIPS 203' ? 100 : 4 },
      );
    });
  });

  describe.each(portable.signatureSchemes().filter(({ spec }) => spec === 'FIPS 204'))('of $name', (row) => {
    compared('keys, signatures and verdicts', () => {
      const message = fc.uint8Array({ maxLength: 500 }).map((drawn) => Uint8Array.from(drawn));
      fc.assert(
        fc.property(seed(32), seed(32), message, fc.nat(), (forKeys, forSignature, text, at) => {
          const [publicKey, privateKey] = onBoth(forKeys, [row.publicKeyLength, row.privateKeyLength], (native, [pk, sk]) =>
            native.signatureGenerateKeyPair(row.code, pk!, sk!),
          ) as [Uint8Array, Uint8Array];
          const [signature] = onBoth(forSignature, [row.signatureLength], (native, [out]) =>
            native.sign(row.code, privateKey, text, out!),
          ) as [Uint8Array];
          for (const native of [portable, v3]) expect(native.verify(row.code, publicKey, text, signature)).toBe(true);
          signature[at % signature.length]! ^= 1 << (at % 8);
          for (const native of [portable, v3]) expect(native.verify(row.code, publicKey, text, signature)).toBe(false);
        }),
        { seed: 5, numRuns: 40 },
      );
    });
  });
});
