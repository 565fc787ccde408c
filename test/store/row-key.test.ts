import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { keyBytes, keyText } from '../../lib/store/key-text.js';
import { RowKeyReader, rowKey } from '../../lib/store/row-key.js';

const texts = fc.string({ unit: fc.constantFrom('a', 'b', '\u0000', '\u0001', '\u0002', 'é', '😀', '\u007f') });

function compareUtf8(a: string, b: string): number {
  return Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

describe('row keys', () => {
  test('the parts are read back', () => {
    fc.assert(
      fc.property(
        texts,
        fc.nat(0xffff_ffff),
        fc.nat(Number.MAX_SAFE_INTEGER),
        fc.uint8Array({ maxLength: 40 }),
        (text, small, large, bytes) => {
          const reader = new RowKeyReader(rowKey().text(text).uint32(small).uint64(large).bytes(bytes).toBytes());
          expect([reader.text(), reader.uint32(), reader.uint64(), [...reader.bytes()]]).toEqual([text, small, large, [...bytes]]);
          reader.end();
        },
      ),
      { seed: 1 },
    );
  });

  test('keys sort like their parts', () => {
    fc.assert(
      fc.property(texts, texts, fc.nat(0xffff_ffff), fc.nat(0xffff_ffff), (a, b, m, n) => {
        const order = Math.sign(Buffer.compare(rowKey().text(a).uint32(m).toBytes(), rowKey().text(b).uint32(n).toBytes()));
        expect(order).toBe(compareUtf8(a, b) || Math.sign(m - n));
      }),
      { seed: 2, numRuns: 1_000 },
    );
  });

  test('the prefix of one text never selects a key of another', () => {
    fc.assert(
      fc.property(texts, texts, fc.nat(0xffff_ffff), (a, b, n) => {
        const prefix = keyText(rowKey().text(a).toBytes());
        expect(keyText(rowKey().text(b).uint32(n).toBytes()).startsWith(prefix)).toBe(a === b);
      }),
      { seed: 3, numRuns: 1_000 },
    );
  });

  test('key texts compare like key bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
        const [x, y] = [keyText(a), keyText(b)];
        expect(x < y ? -1 : x > y ? 1 : 0).toBe(Math.sign(Buffer.compare(a, b)));
        expect(keyBytes(x)).toEqual(a);
      }),
      { seed: 4 },
    );
  });

  test('a lone surrogate, a number out of bounds and a key of the wrong length are refused', () => {
    expect(() => rowKey().text('\ud800')).toThrow(expect.objectContaining({ code: 'key-text' }));
    expect(() => rowKey().uint32(2 ** 32)).toThrow(expect.objectContaining({ code: 'key-number' }));
    expect(() => rowKey().uint64(-1)).toThrow(expect.objectContaining({ code: 'key-number' }));
    expect(() => rowKey().toBytes()).toThrow(expect.objectContaining({ code: 'key-length' }));
    expect(() => rowKey().bytes(new Uint8Array(1_023)).toBytes()).toThrow(expect.objectContaining({ code: 'key-length' }));
  });

  test('a malformed key is damage', () => {
    for (const read of [
      () => new RowKeyReader(new Uint8Array([97])).text(),
      () => new RowKeyReader(new Uint8Array([97, 0, 3])).text(),
      () => new RowKeyReader(new Uint8Array([0xff, 0, 1])).text(),
      () => new RowKeyReader(new Uint8Array([1, 2, 3])).uint32(),
      () => new RowKeyReader(new Uint8Array(8).fill(0xff)).uint64(),
      () => {
        new RowKeyReader(new Uint8Array([1])).end();
      },
    ]) {
      expect(read).toThrow(expect.objectContaining({ name: 'StoreError', code: 'damaged' }));
    }
  });
});
