import { describe, expect, test } from '@jest/globals';
import { Slab } from '../../lib/base/slab.js';

describe('a slab', () => {
  test('gives pieces of one block that do not overlap, then begins another block', () => {
    const slab = new Slab(64, 32);
    const pieces = [32, 20, 12, 1].map((length) => slab.allocate(length));
    expect(pieces.map(({ length }) => length)).toEqual([32, 20, 12, 1]);
    expect(pieces.map(({ byteOffset }) => byteOffset)).toEqual([0, 32, 52, 0]);
    expect(new Set(pieces.slice(0, 3).map(({ buffer }) => buffer)).size).toBe(1);
    expect(pieces[3]?.buffer).not.toBe(pieces[0]?.buffer);
  });

  test('gives zeros, and never what was wiped before', () => {
    const slab = new Slab(64, 32);
    for (let i = 0; i < 10; i += 1) {
      const piece = slab.allocate(24);
      expect([...piece]).toEqual(Array.from({ length: 24 }, () => 0));
      piece.fill(0xff);
    }
  });

  test('gives long pieces memory of their own, and a piece of no bytes at the end of a block', () => {
    const slab = new Slab(64, 32);
    const long = slab.allocate(33);
    expect([long.byteOffset, long.buffer.byteLength]).toEqual([0, 33]);
    slab.allocate(32);
    slab.allocate(32);
    expect(slab.allocate(0)).toHaveLength(0);
  });
});
