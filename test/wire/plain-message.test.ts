/** The short way of reading messages against the generated code: whatever it takes, the other one reads the same. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { concat } from '../../lib/base/bytes.js';
import { decodeContent, decodeEnvelope, encodeContent, encodeEnvelope } from '../../lib/wire/message.js';
import { readPlainContent, readPlainEnvelope } from '../../lib/wire/plain-message.js';
import { content, envelope, seeded } from './arbitrary.js';

/** A field that nobody knows, of no bytes: only the generated code reads a message with it. */
const unknownField = Uint8Array.of(0x7a, 0);

const often = { ...seeded, numRuns: 2_000 };

/** One place of `bytes` changed, taken out or filled with something else. */
function altered(bytes: Uint8Array, place: number, value: number, kind: 'change' | 'remove' | 'insert'): Uint8Array {
  const position = place % bytes.length;
  const middle = kind === 'remove' ? [] : [value];
  return concat([bytes.subarray(0, position), Uint8Array.from(middle), bytes.subarray(kind === 'insert' ? position : position + 1)]);
}

const place = fc.nat();
const byte = fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0, 1, 24, 0x0a, 0x12, 0x1a, 0x22, 0x2a, 0x30, 0x5a, 0x80, 0xff));
const kind = fc.constantFrom('change', 'remove', 'insert');
/** One-to-one messages with numbers of 28 bits at most. */
const usual = envelope.filter(
  ({ notification, payload: { kind: found, message } }) =>
    found === 'one-to-one' && [notification, ...(Object.values(message) as unknown[])].every(isShort),
);
/** An application's bytes, at least one. */
const application = content.filter((drawn) => (drawn.kind === 'common' || drawn.kind === 'sync') && drawn.bytes.length > 0);

describe('envelopes', () => {
  test('of one-to-one messages go the short way', () => {
    fc.assert(
      fc.property(usual, (value) => {
        expect(readPlainEnvelope(encodeEnvelope(value))).toEqual(value);
      }),
      seeded,
    );
  });

  test('altered anywhere are read as the generated code reads them, or left to it', () => {
    let taken = 0;
    fc.assert(
      fc.property(usual, place, byte, kind, (value, position, replacement, how) => {
        const encoded = altered(encodeEnvelope(value), position, replacement, how);
        const usual = readPlainEnvelope(encoded);
        if (usual === undefined) return;
        taken += 1;
        expect(decodeEnvelope(concat([encoded, unknownField]))).toEqual(usual);
      }),
      often,
    );
    expect(taken).toBeGreaterThan(100);
  });

  test('of random bytes are left to the generated code', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(readPlainEnvelope(bytes)).toBeUndefined();
      }),
      often,
    );
  });
});

describe('contents', () => {
  test('of an application go the short way and are views', () => {
    fc.assert(
      fc.property(application, (value) => {
        const encoded = encodeContent(value);
        const read = readPlainContent(encoded);
        expect(read).toEqual(value);
        expect(read?.kind === 'common' || read?.kind === 'sync' ? read.bytes.buffer : undefined).toBe(encoded.buffer);
      }),
      seeded,
    );
  });

  test('altered anywhere are read as the generated code reads them, or left to it', () => {
    let taken = 0;
    fc.assert(
      fc.property(application, place, byte, kind, (value, position, replacement, how) => {
        const encoded = altered(encodeContent(value), position, replacement, how);
        const usual = readPlainContent(encoded);
        if (usual === undefined) return;
        taken += 1;
        expect(decodeContent(concat([encoded, unknownField]))).toEqual(usual);
      }),
      often,
    );
    expect(taken).toBeGreaterThan(100);
  });
});

function isShort(value: unknown): boolean {
  return typeof value !== 'number' || (value >= 0 && value < 2 ** 28);
}
