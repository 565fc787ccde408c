import { createHash, createHmac } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { testingAddon, toHex } from './addon-under-test.js';

const available = testingAddon.acceleration();

afterEach(() => testingAddon.allowAcceleration(1));

/** Bytes of lengths that matter: around blocks of 16, strides of 128 and blocks of 64. */
const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> =>
  fc
    .oneof(
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 0, max: maxLength }),
      fc.constantFrom(0, 16, 55, 56, 63, 64, 65, 127, 128, 129, 256),
    )
    .chain((length) => fc.uint8Array({ minLength: length, maxLength: length }).map((drawn) => new Uint8Array(drawn)));
const key = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((drawn) => new Uint8Array(drawn));
const iv = fc.oneof(
  fc.uint8Array({ minLength: 12, maxLength: 12 }),
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
  fc.uint8Array({ minLength: 1, maxLength: 80 }),
);

/** What `run` gives with the processor's instructions, and in mbed TLS. */
function bothWays(run: () => string): readonly [string, string] {
  testingAddon.allowAcceleration(1);
  const accelerated = run();
  testingAddon.allowAcceleration(0);
  return [accelerated, run()];
}

function expectSame(run: () => string): void {
  const [accelerated, portable] = bothWays(run);
  expect(accelerated).toBe(portable);
}

/** The code of a refused call, or what it made. */
function outcome(out: Uint8Array, run: () => void): string {
  try {
    run();
    return toHex(out);
  } catch (error) {
    return `${(error as { code: string }).code} ${toHex(out)}`;
  }
}

test('the instructions can be forbidden, and allowed where the processor has them', () => {
  testingAddon.allowAcceleration(0);
  expect(testingAddon.acceleration()).toEqual({ ...available, aesGcm: false, sha256: false });
  testingAddon.allowAcceleration(1);
  expect(testingAddon.acceleration()).toEqual(available);
});

describe('the same comes out with the processor’s instructions and without', () => {
  test('of AES-256-GCM, sealing, opening, and opening what was changed', () => {
    fc.assert(
      fc.property(key, iv, bytes(4_000), bytes(4_000), fc.nat(), (secret, vector, associatedData, plaintext, at) => {
        const sealed = new Uint8Array(plaintext.length + 16);
        expectSame(() => outcome(sealed, () => testingAddon.aeadSeal(secret, vector, associatedData, plaintext, sealed)));
        const opened = new Uint8Array(plaintext.length);
        expectSame(() => outcome(opened, () => testingAddon.aeadOpen(secret, vector, associatedData, sealed, opened)));
        expect(toHex(opened)).toBe(toHex(plaintext));
        const changed = Uint8Array.from(sealed);
        changed[at % changed.length]! ^= 1 << (at % 8);
        const [refused] = bothWays(() =>
          outcome(opened.fill(1), () => testingAddon.aeadOpen(secret, vector, associatedData, changed, opened)),
        );
        expect(refused).toBe(`not-authentic ${'00'.repeat(plaintext.length)}`);
        expectSame(() => outcome(opened.fill(1), () => testingAddon.aeadOpen(secret, vector, associatedData, changed, opened)));
      }),
      { seed: 1, numRuns: 400 },
    );
  });

  test('of SHA-256, HMAC and HKDF, which are those of another implementation', () => {
    fc.assert(
      fc.property(bytes(3_000), bytes(300), bytes(100), fc.integer({ min: 1, max: 300 }), (data, secret, info, length) => {
        const digest = new Uint8Array(32);
        expectSame(() => outcome(digest, () => testingAddon.hash(1, data, digest)));
        expect(toHex(digest)).toBe(createHash('sha256').update(data).digest('hex'));
        expectSame(() => outcome(digest, () => testingAddon.hmac(1, secret, data, digest)));
        expect(toHex(digest)).toBe(createHmac('sha256', secret).update(data).digest('hex'));
        const derived = new Uint8Array(length);
        expectSame(() => outcome(derived, () => testingAddon.hkdf(1, data, secret, info, derived)));
      }),
      { seed: 2, numRuns: 400 },
    );
  });

  test('of the steps of a chain', () => {
    fc.assert(
      fc.property(key, fc.integer({ min: 0, max: 20 }), bytes(3_200), bytes(500), (chainKey, steps, associatedData, plaintext) => {
        const [sealed, next] = [new Uint8Array(plaintext.length + 16), new Uint8Array(32)];
        expectSame(() => outcome(sealed, () => testingAddon.chainSeal(1, chainKey, associatedData, plaintext, sealed, next)) + toHex(next));
        const walked = new Uint8Array(32);
        expectSame(() => outcome(walked, () => testingAddon.chainWalk(1, chainKey, steps, walked)));
        const keys = new Uint8Array(48 * (steps + 1));
        expectSame(() => outcome(keys, () => testingAddon.chainMessageKeys(1, chainKey, steps + 1, keys)));
        const opened = new Uint8Array(plaintext.length);
        expectSame(() => outcome(opened, () => testingAddon.chainOpen(1, chainKey, 0, associatedData, sealed, opened, next)) + toHex(next));
        expect(toHex(opened)).toBe(toHex(plaintext));
      }),
      { seed: 3, numRuns: 200 },
    );
  });
});
