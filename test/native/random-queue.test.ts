import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { addon, codeOf, testingAddon, toHex } from './addon-under-test.js';
import { counting } from './export-table.mjs';
import { withSampledSchemes } from './sampled-schemes.mjs';

const { kemSchemes, signatureSchemes } = withSampledSchemes(testingAddon);

beforeEach(() => testingAddon.clearQueuedRandom());
afterEach(() => testingAddon.clearQueuedRandom());

test('the shipped build has no queue', () => {
  expect(Object.keys(addon).filter((name) => /queue/i.test(name))).toEqual([]);
  const first = new Uint8Array(64);
  const second = new Uint8Array(64);
  addon.randomFill(first);
  addon.randomFill(second);
  expect(toHex(first)).not.toBe(toHex(second));
});

test('the system’s generator fills long outputs to their end', () => {
  const bytes = new Uint8Array(100_001);
  addon.randomFill(bytes);
  // 32 zero bytes in a row have probability 2^-256.
  expect(toHex(bytes.subarray(-32))).not.toBe('00'.repeat(32));
  expect(toHex(bytes.subarray(0, 32))).not.toBe('00'.repeat(32));
});

test('the testing build hands out exactly the queued bytes, in order', () => {
  testingAddon.queueRandom(counting(5));
  testingAddon.queueRandom(counting(3));
  expect(testingAddon.queuedRandomLength()).toBe(8);
  const out = new Uint8Array(7);
  testingAddon.randomFill(out);
  expect([...out]).toEqual([0, 1, 2, 3, 4, 0, 1]);
  expect(testingAddon.queuedRandomLength()).toBe(1);
  testingAddon.clearQueuedRandom();
  expect(testingAddon.queuedRandomLength()).toBe(0);
});

describe('an operation that finds the queue too short fails with zero outputs', () => {
  test.each(kemSchemes().map((row) => ({ name: row.name, row })))('$name', ({ row }) => {
    const publicKey = new Uint8Array(row.publicKeyLength);
    const privateKey = new Uint8Array(row.privateKeyLength);
    testingAddon.queueRandom(counting(31));
    expect(codeOf(() => testingAddon.kemGenerateKeyPair(row.code, publicKey, privateKey))).toBe('random-exhausted');
    expect([publicKey, privateKey].every((out) => out.every((byte) => byte === 0))).toBe(true);
    addon.kemGenerateKeyPair(row.code, publicKey, privateKey);
    const ciphertext = new Uint8Array(row.ciphertextLength);
    const secret = new Uint8Array(row.sharedSecretLength);
    expect(codeOf(() => testingAddon.kemEncapsulate(row.code, publicKey, ciphertext, secret))).toBe('random-exhausted');
    expect([ciphertext, secret].every((out) => out.every((byte) => byte === 0))).toBe(true);
    // What draws nothing works, so the failure does not linger.
    expect(testingAddon.kemIsEncapsulatedTo(row.code, privateKey, ciphertext)).toBe(false);
  });

  test.each(signatureSchemes().map((row) => ({ name: row.name, row })))('$name', ({ row }) => {
    const publicKey = new Uint8Array(row.publicKeyLength);
    const privateKey = new Uint8Array(row.privateKeyLength);
    expect(codeOf(() => testingAddon.signatureGenerateKeyPair(row.code, publicKey, privateKey))).toBe('random-exhausted');
    expect([publicKey, privateKey].every((out) => out.every((byte) => byte === 0))).toBe(true);
    addon.signatureGenerateKeyPair(row.code, publicKey, privateKey);
    const signature = new Uint8Array(row.signatureLength);
    expect(codeOf(() => testingAddon.sign(row.code, privateKey, counting(3), signature))).toBe('random-exhausted');
    expect(signature.every((byte) => byte === 0)).toBe(true);
  });

  test('X25519, and a job of a batch', async () => {
    const publicKey = new Uint8Array(32);
    const privateKey = new Uint8Array(32);
    expect(codeOf(() => testingAddon.x25519GenerateKeyPair(publicKey, privateKey))).toBe('random-exhausted');
    const job = { operation: 'signature-key-pair', scheme: 0, count: 0, inputs: [], outputs: [publicKey, privateKey] } as const;
    await expect(testingAddon.runBatch([job])).resolves.toEqual(['random-exhausted']);
    expect([publicKey, privateKey].every((out) => out.every((byte) => byte === 0))).toBe(true);
  });
});

test('the same queue gives the same keys, ciphertexts and signatures', () => {
  for (const row of kemSchemes()) {
    const once = (): string => {
      const publicKey = new Uint8Array(row.publicKeyLength);
      const privateKey = new Uint8Array(row.privateKeyLength);
      testingAddon.queueRandom(counting(128));
      testingAddon.kemGenerateKeyPair(row.code, publicKey, privateKey);
      testingAddon.clearQueuedRandom();
      return toHex(privateKey);
    };
    expect(once()).toBe(once());
  }
});
