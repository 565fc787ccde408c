import { describe, expect, test } from '@jest/globals';
import type { NativeAddon } from '../../lib/crypto/addon.js';
import { addon, testingAddon } from './addon-under-test.js';
import { complaint, counting, exportTable, jobOf, uncovered, valuesOf, wrongCalls } from './export-table.mjs';
import { withSampledSchemes } from './sampled-schemes.mjs';

const sampled = withSampledSchemes(addon);
const rows = exportTable(sampled);
const call = (of: NativeAddon, name: string, values: unknown[]): unknown =>
  (of as unknown as Record<string, (...all: unknown[]) => unknown>)[name]!(...values);

test('every export has a row in the table', () => {
  expect(uncovered(addon, rows)).toEqual([]);
  // The table would notice: a function that it does not know is reported.
  expect(uncovered({ ...addon, invented: () => undefined } as NativeAddon, rows)).toEqual(['invented']);
});

describe.each(rows.map((row) => ({ label: row.label, row })))('$label', ({ row }) => {
  test('does its work with right arguments', async () => {
    const values = valuesOf(row.make());
    expect(row.holds(values, await call(addon, row.name, values))).toBe(true);
  });

  test('takes Buffers and views into larger buffers', async () => {
    const values = row.make().map(({ value }) => {
      if (!(value instanceof Uint8Array)) return value;
      const larger = Buffer.alloc(value.length + 9, 0xaa);
      larger.set(value, 4);
      return larger.subarray(4, 4 + value.length);
    });
    expect(row.holds(values, await call(addon, row.name, values))).toBe(true);
  });

  test('refuses every wrong argument with a code, zero outputs and nothing else changed', () => {
    const complaints = [...wrongCalls(row)].map(
      (wrong) => [wrong.title, complaint(wrong, () => call(addon, row.name, wrong.arguments))] as const,
    );
    expect(complaints.filter(([, problem]) => problem !== undefined)).toEqual([]);
    expect(complaints.length === 0).toBe(row.make().length === 0);
  });
});

const jobRows = rows.filter((row) => row.operation !== undefined);

describe.each(jobRows.map((row) => ({ label: row.label, row })))('$label in a batch', ({ row }) => {
  test('does its work', async () => {
    const values = valuesOf(row.make());
    const [result] = await addon.runBatch([jobOf(row, values)!]);
    expect(row.holds(values, result)).toBe(true);
  });

  test('refuses every wrong argument at the call', () => {
    const complaints = [...wrongCalls(row)].map(
      (wrong) => [wrong.title, complaint(wrong, () => addon.runBatch([jobOf(row, wrong.arguments)!]))] as const,
    );
    expect(complaints.filter(([, problem]) => problem !== undefined)).toEqual([]);
    expect(complaints.length).toBeGreaterThan(0);
  });
});

describe('the testing build', () => {
  const extra = exportTable(
    new Proxy(testingAddon, {
      // Keys of the table come from the system's generator: the queue is empty.
      get: (target, name) => Reflect.get(name in addon ? sampled : target, name) as unknown,
    }),
  );

  test('has a row for every export', () => {
    expect(uncovered(testingAddon, extra)).toEqual([]);
  });

  test.each(extra.filter((row) => !(row.name in addon)))('$label refuses wrong arguments', (row) => {
    const complaints = [...wrongCalls(row)].map((wrong) => complaint(wrong, () => call(testingAddon, row.name, wrong.arguments)));
    expect(complaints.filter((problem) => problem !== undefined)).toEqual([]);
    const values = valuesOf(row.make());
    expect(row.holds(values, call(testingAddon, row.name, values))).toBe(true);
  });
});

test('an error names the argument and the lengths, and shows no content', () => {
  const key = counting(31);
  expect(() => addon.aeadSeal(key, counting(16), counting(0), counting(0), new Uint8Array(16))).toThrow('key: 31 bytes given, 32 expected');
  expect(() => addon.hkdf(1, key, key, key, new Uint8Array(8161))).toThrow('out: 8161 bytes given, 1 to 8160 expected');
  expect(() => addon.randomFill(new Uint8Array(0))).toThrow('out: 0 bytes given, at least 1 expected');
});

test('empty inputs are data like any other', () => {
  const none = new Uint8Array(0);
  const tag = new Uint8Array(16);
  const digest = new Uint8Array(32);
  addon.aeadSeal(counting(32), counting(12), none, none, tag);
  addon.aeadOpen(counting(32), counting(12), none, tag, none);
  addon.hash(1, none, digest);
  expect(Buffer.from(digest).toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  addon.hmac(1, none, none, digest);
  expect(Buffer.from(digest).toString('hex')).toBe('b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad');
  addon.hkdf(1, none, none, none, digest);
  expect(Buffer.from(digest).toString('hex')).toBe('eb70f01dede9afafa449eee1b1286504e1f62388b3f7dd4f956697b0e828fe18');
  addon.wipe(none);
});
