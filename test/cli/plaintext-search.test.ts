import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { PlaintextSearch } from '../../lib/cli/demo/plaintext-search.js';

const text = (value: string): Uint8Array => Buffer.from(value, 'utf8');

/** Reproducible bytes (xorshift32), so that a failure can be repeated. */
function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let i = 0; i < length; i += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state & 0xff;
  }
  return bytes;
}

describe('search of many texts in bytes', () => {
  test('finds each text at the start, in the middle and at the end, and only those that are there', () => {
    const search = new PlaintextSearch([text('the first line'), text('another line'), text('a line that is not there')]);
    expect(search.searchBytes(Buffer.from('the first line....another line'))).toEqual(new Set([0, 1]));
    expect(search.searchBytes(Buffer.from('..the first lin.another lin'))).toEqual(new Set());
  });

  test('agrees with a search by indexOf on noise with texts planted at random places', () => {
    const texts = Array.from({ length: 40 }, (_, i) => noise(12 + i * 3, 1000 + i));
    const content = noise(200_000, 7);
    for (const [i, planted] of texts.entries()) if (i % 2 === 0) planted.copy(content, i * 4_000 + i);
    const expected = new Set(texts.flatMap((planted, i) => (content.includes(planted) ? [i] : [])));
    expect(expected.size).toBe(20);
    expect(new PlaintextSearch(texts).searchBytes(content)).toEqual(expected);
  });

  test('leaves out texts of fewer than 12 bytes and counts the others', () => {
    const search = new PlaintextSearch([text('11 bytes...'), text('12 bytes....')]);
    expect(search.size).toBe(1);
    expect(search.searchBytes(Buffer.from('11 bytes... 12 bytes....'))).toEqual(new Set([1]));
  });

  test('finds a text as a log would write it inside a JSON string', () => {
    const line = 'he said "hello"\tand left';
    expect(new PlaintextSearch([text(line)]).searchBytes(Buffer.from(JSON.stringify({ message: line })))).toEqual(new Set([0]));
  });

  test('finds a part of a long text that was split over pages', () => {
    const long = noise(1_000, 3);
    const split = Buffer.concat([noise(50, 4), long.subarray(0, 300), noise(50, 5), long.subarray(300), noise(50, 6)]);
    expect(new PlaintextSearch([long]).searchBytes(split)).toEqual(new Set([0]));
  });
});

describe('search of a directory', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'skissm-search-'));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  test('names the files of all depths in which a text stands', async () => {
    await mkdir(path.join(directory, 'deep'));
    await writeFile(path.join(directory, 'one'), 'xx the searched line xx');
    await writeFile(path.join(directory, 'deep', 'two'), 'the searched line');
    await writeFile(path.join(directory, 'three'), 'something else entirely');
    const findings = await new PlaintextSearch([text('the searched line')]).searchDirectory(directory);
    expect(findings).toEqual(new Map([[0, new Set(['one', path.join('deep', 'two')])]]));
  });

  test('finds a text across the border of two chunks of a large file', async () => {
    const content = noise(3 * 1024 * 1024, 9);
    const lines = [text('a line over the first border'), text('a line that ends at the second')];
    Buffer.from(lines[0]!).copy(content, 1024 * 1024 - 5);
    Buffer.from(lines[1]!).copy(content, 2 * 1024 * 1024 - lines[1]!.length);
    await writeFile(path.join(directory, 'large'), content);
    expect([...(await new PlaintextSearch(lines).searchDirectory(directory)).keys()].sort()).toEqual([0, 1]);
  });
});
