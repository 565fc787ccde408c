import { describe, expect, test } from '@jest/globals';
import { noBytes, utf8 } from '../../lib/base/bytes.js';
import { copySecret } from '../../lib/base/secret.js';
import { seal } from '../../lib/crypto/aead.js';
import {
  messageKeyLength,
  messageKeys,
  openStep,
  openWithMessageKey,
  sealStep,
  splitMessageKeys,
  walkChain,
} from '../../lib/crypto/chain.js';
import { hashAlgorithms, hmac, sha256Algorithm } from '../../lib/crypto/hash.js';
import { hkdf } from '../../lib/crypto/kdf.js';
import { chainSecret } from '../support/chain-secret.js';
import { errorOf } from './error-code.js';
import { altered, seededBytes } from './seeded-bytes.js';

const zero = new Uint8Array(32);
const chainKeyOf = (bytes: Uint8Array) => chainSecret(bytes);
const first = seededBytes('chain key', 32);
const associatedData = seededBytes('associated data', 3136);
const plaintext = utf8('the first message');

/** NEXT and MSGKEY of crypto.md §7.1 from the single primitives. */
const next = (chainKey: Uint8Array, hash = sha256Algorithm) => hmac(hash, chainKey, Uint8Array.of(2));
const messageKey = (chainKey: Uint8Array, hash = sha256Algorithm) => hkdf(hash, chainKey, zero, utf8('MessageKeys'), messageKeyLength);
const walked = (steps: number, hash = sha256Algorithm, from = first) =>
  Array.from({ length: steps }).reduce<Uint8Array>((key) => next(key, hash), from);

describe('a fused step does what the single primitives do', () => {
  test.each([0, 1, 64, 1000])('when sealing %i bytes', (length) => {
    const text = seededBytes(`text ${length}`, length);
    const step = sealStep(chainKeyOf(first), associatedData, text);
    const key = messageKey(first);
    expect(step.sealed).toEqual(seal(key.subarray(0, 32), key.subarray(32), associatedData, text));
    expect(step.nextChainKey.expose()).toEqual(next(first));
  });

  test.each([0, 1, 2, 200])('when opening %i steps ahead', (steps) => {
    const { sealed } = sealStep(chainKeyOf(walked(steps)), associatedData, plaintext);
    const opened = openStep(chainKeyOf(first), steps, associatedData, sealed);
    expect(opened.plaintext).toEqual(plaintext);
    expect(opened.nextChainKey.expose()).toEqual(walked(steps + 1));
  });

  test.each([0, 1, 2, 500])('when walking %i steps', (steps) => {
    expect(walkChain(chainKeyOf(first), steps).expose()).toEqual(walked(steps));
  });

  test('when deriving the message keys from a position on', () => {
    const keys = messageKeys(chainKeyOf(first), 5);
    expect(keys.map((key) => key.expose())).toEqual([0, 1, 2, 3, 4].map((steps) => messageKey(walked(steps))));
  });
});

describe.each(hashAlgorithms.map((hash) => [hash.name, hash] as const))('with %s', (name, hash) => {
  const start = seededBytes(`chain key ${name}`, hash.digestLength);
  const key = () => chainSecret(start, hash);

  test('a sealed step is MSGKEY, AES-256-GCM and NEXT, and opens from where it is and from before', () => {
    const ahead = chainSecret(walked(3, hash, start), hash);
    const { sealed, nextChainKey } = sealStep(ahead, associatedData, plaintext);
    const used = messageKey(ahead.expose(), hash);
    expect(sealed).toEqual(seal(used.subarray(0, 32), used.subarray(32), associatedData, plaintext));
    expect(nextChainKey.hash).toBe(hash);
    expect(nextChainKey.expose()).toEqual(walked(4, hash, start));
    expect(openStep(key(), 3, associatedData, sealed)).toMatchObject({ plaintext, nextChainKey: { hash } });
  });

  test('walks and runs of message keys are the single steps', () => {
    expect(walkChain(key(), 5).expose()).toEqual(walked(5, hash, start));
    expect(messageKeys(key(), 3).map((each) => each.expose())).toEqual(
      [0, 1, 2].map((steps) => messageKey(walked(steps, hash, start), hash)),
    );
  });

  test('a chain key of another length is refused', () => {
    const short = chainSecret(start.subarray(1), hash);
    expect(errorOf(() => sealStep(short, associatedData, plaintext))).toBe('UsageError argument-length');
    expect(errorOf(() => walkChain(short, 1))).toBe('UsageError argument-length');
  });
});

test('a kept message key opens its message and no other', () => {
  const { sealed } = sealStep(chainKeyOf(walked(1)), associatedData, plaintext);
  const [other, right] = messageKeys(chainKeyOf(first), 2);
  expect(openWithMessageKey(right!, associatedData, sealed)).toEqual(plaintext);
  expect(errorOf(() => openWithMessageKey(other!, associatedData, sealed))).toBe('VerificationError not-authentic');
});

test('a step leaves the chain key that went in as it was', () => {
  const key = chainKeyOf(first);
  const { sealed } = sealStep(key, associatedData, plaintext);
  openStep(key, 0, associatedData, sealed);
  expect(key.expose()).toEqual(first);
});

describe('opening refuses', () => {
  const { sealed } = sealStep(chainKeyOf(first), associatedData, plaintext);
  const key = chainKeyOf(first);
  test.each([
    ['an altered ciphertext', () => openStep(key, 0, associatedData, altered(sealed, 0))],
    ['an altered tag', () => openStep(key, 0, associatedData, altered(sealed, -1))],
    ['other associated data', () => openStep(key, 0, altered(associatedData, 0), sealed)],
    ['another position', () => openStep(key, 1, associatedData, sealed)],
    ['another chain', () => openStep(chainKeyOf(altered(first, 0)), 0, associatedData, sealed)],
    ['a text shorter than a tag', () => openStep(key, 0, associatedData, sealed.subarray(0, 15))],
    ['an empty text', () => openStep(key, 0, associatedData, noBytes)],
  ])('%s', (_what, operation) => {
    expect(errorOf(operation)).toBe('VerificationError not-authentic');
  });
});

test('a walk that is too long is refused before it begins', () => {
  const key = chainKeyOf(first);
  for (const steps of [-1, 65_537, 0.5, Number.NaN]) {
    expect(errorOf(() => walkChain(key, steps))).toMatch(/^UsageError argument-/u);
    expect(errorOf(() => openStep(key, steps, noBytes, new Uint8Array(16)))).toMatch(/^UsageError argument-/u);
  }
  expect(walkChain(key, 65_536)).toHaveLength(first.length);
});

test('no message keys are no secrets at all', () => {
  expect(messageKeys(chainKeyOf(first), 0)).toEqual([]);
});

test('a number of message keys that cannot be is refused before anything is allocated', () => {
  for (const count of [-1, 0.5, 65_537, 1e12, Number.NaN]) {
    expect(errorOf(() => messageKeys(chainKeyOf(first), count))).toBe('UsageError argument-range');
  }
});

test('message keys have memory of their own, and the block they came in is wiped', () => {
  const block = copySecret(seededBytes('block', 3 * messageKeyLength));
  const keys = splitMessageKeys(block);
  expect(block.every((byte) => byte === 0)).toBe(true);
  expect(keys).toHaveLength(3);
  expect(keys.map((key) => key.expose().buffer.byteLength)).toEqual([messageKeyLength, messageKeyLength, messageKeyLength]);
});
