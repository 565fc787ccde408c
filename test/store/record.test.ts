import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { StoreError } from '../../lib/base/errors.js';
import { type RecordReader, type RecordWriter, decodeRecord, encodeRecord } from '../../lib/store/record.js';

interface Sample {
  readonly count: number;
  readonly time: number;
  readonly flag: boolean;
  readonly key: Uint8Array;
  readonly name: string;
  readonly maybe: Uint8Array | undefined;
  readonly list: readonly { readonly id: number; readonly text: string }[];
}

function writeSample(writer: RecordWriter, sample: Sample): void {
  writer
    .uint(sample.count)
    .time(sample.time)
    .boolean(sample.flag)
    .bytes(sample.key)
    .string(sample.name)
    .optional(sample.maybe, (value) => writer.bytes(value))
    .list(sample.list, ({ id, text }) => writer.uint(id).string(text));
}

function readSample(reader: RecordReader): Sample {
  return {
    count: reader.uint(),
    time: reader.time(),
    flag: reader.boolean(),
    key: reader.bytes(),
    name: reader.string(),
    maybe: reader.optional(() => reader.bytes()),
    list: reader.list(() => ({ id: reader.uint(), text: reader.string() })),
  };
}

const samples: fc.Arbitrary<Sample> = fc.record({
  count: fc.nat(Number.MAX_SAFE_INTEGER),
  time: fc.maxSafeInteger(),
  flag: fc.boolean(),
  key: fc.uint8Array({ maxLength: 200 }),
  name: fc.string({ unit: 'grapheme' }),
  maybe: fc.option(fc.uint8Array(), { nil: undefined }),
  list: fc.array(fc.record({ id: fc.nat(), text: fc.string({ unit: 'grapheme' }) })),
});

const encode = (sample: Sample): Uint8Array => encodeRecord(1, (writer) => writeSample(writer, sample));

describe('stored rows', () => {
  test('what was written is read back', () => {
    fc.assert(
      fc.property(samples, (sample) => {
        expect(decodeRecord(encode(sample), [1], readSample)).toEqual(sample);
      }),
      { seed: 1 },
    );
  });

  test('a row larger than the first buffer survives, and the next row starts clean', () => {
    const large = new Uint8Array(3_000_000).fill(7);
    const row = encodeRecord(2, (writer) => writer.bytes(large));
    expect(decodeRecord(row, [2], (reader) => reader.bytes(large.length)).every((byte) => byte === 7)).toBe(true);
    expect([...encodeRecord(1, (writer) => writer.uint(5))]).toEqual([1, 5]);
  });

  test('every shortened or lengthened row is refused as damaged', () => {
    fc.assert(
      fc.property(samples, fc.nat(), (sample, at) => {
        const row = encode(sample);
        const shorter = row.slice(0, at % row.length);
        expect(() => decodeRecord(shorter, [1], readSample)).toThrow(expect.objectContaining({ code: 'damaged' }));
        const longer = new Uint8Array([...row, 0]);
        expect(() => decodeRecord(longer, [1], readSample)).toThrow(expect.objectContaining({ code: 'damaged' }));
      }),
      { seed: 2 },
    );
  });

  test('arbitrary bytes give a value or a StoreError, never anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const row = new Uint8Array([1, ...bytes]);
        let refused: unknown;
        try {
          const sample = decodeRecord(row, [1], readSample);
          // What is accepted has one form only.
          expect(encode(sample)).toEqual(row);
        } catch (error) {
          refused = error;
        }
        if (refused !== undefined) expect(refused).toMatchObject({ name: 'StoreError', code: 'damaged' });
      }),
      { seed: 3, numRuns: 2_000 },
    );
  });

  test('a number of many continued bytes is refused', () => {
    const row = new Uint8Array(400).fill(0x80);
    row[0] = 1;
    expect(() => decodeRecord(row, [1], (reader) => reader.uint())).toThrow(StoreError);
    expect(() => decodeRecord(new Uint8Array([1, 0x80, 0]), [1], (reader) => reader.uint())).toThrow(StoreError);
  });

  test('a forged list length is refused before anything is allocated for it', () => {
    const row = encodeRecord(1, (writer) => writer.uint(1_000_000));
    expect(() => decodeRecord(row, [1], (reader) => reader.list(() => reader.uint()))).toThrow(
      expect.objectContaining({ code: 'damaged' }),
    );
  });

  test('an unknown version is told apart from damage', () => {
    const row = encodeRecord(9, (writer) => writer.uint(1));
    expect(() => decodeRecord(row, [1, 2], (reader) => reader.uint())).toThrow(expect.objectContaining({ code: 'newer-schema' }));
    expect(() => decodeRecord(new Uint8Array(0), [1], (reader) => reader.uint())).toThrow(expect.objectContaining({ code: 'damaged' }));
  });

  test('byte strings of a refused row are wiped and those of an accepted one own their memory', () => {
    const row = encodeRecord(1, (writer) => writer.bytes(new Uint8Array([1, 2, 3])).uint(9));
    let handedOut: Uint8Array | undefined;
    expect(() =>
      decodeRecord(row, [1], (reader) => {
        handedOut = reader.bytes(3);
        return reader.uint(8);
      }),
    ).toThrow(StoreError);
    expect([...handedOut!]).toEqual([0, 0, 0]);
    const kept = decodeRecord(row, [1], (reader) => ({ bytes: reader.bytes(3), count: reader.uint() })).bytes;
    row.fill(0);
    expect([...kept]).toEqual([1, 2, 3]);
    expect(kept.buffer.byteLength).toBe(3);
  });

  test('a byte string of another length than asked for is refused', () => {
    const row = encodeRecord(1, (writer) => writer.bytes(new Uint8Array(31)));
    expect(() => decodeRecord(row, [1], (reader) => reader.bytes(32))).toThrow(expect.objectContaining({ code: 'damaged' }));
  });

  test('a number that is not a safe whole number is our own mistake', () => {
    for (const value of [-1, 0.5, Number.NaN, 2 ** 53]) {
      expect(() => encodeRecord(1, (writer) => writer.uint(value))).toThrow(expect.objectContaining({ code: 'record-field' }));
    }
    expect(() => encodeRecord(1, (writer) => writer.time(2 ** 60))).toThrow(expect.objectContaining({ code: 'record-field' }));
  });
});
