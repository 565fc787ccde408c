import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DecodeError } from '../../lib/base/errors.js';
import { type Frame, decodeFrame, encodeFrame } from '../../lib/wire/frame.js';

/** What `read` gives, or the code of its refusal. */
function outcome<T>(read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    if (error instanceof DecodeError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

const body = new Uint8Array(300).fill(0x61);
const plain: readonly Frame[] = [
  { kind: 'request', id: 70_000, request: 7, body, commitCounter: 2 ** 40 },
  { kind: 'response', id: 70_000, status: 200, body },
  { kind: 'push', body },
];

test.each(plain)('a damaged frame of kind $kind is refused or read as the generated code does', (frame) => {
  const encoded = encodeFrame(frame);
  expect(decodeFrame(encoded)).toEqual(frame);
  // An unknown field behind it leaves the frame to the generated code, and changes nothing of what it says.
  const unknown = Uint8Array.of(0x7a, 0x00);
  const damage = fc.record({ at: fc.nat(11), byte: fc.nat(255), cut: fc.nat(7) });
  fc.assert(
    fc.property(damage, ({ at, byte, cut }) => {
      const damaged = encoded.slice(0, encoded.length - cut);
      damaged[at] = byte;
      const generated = outcome(() => decodeFrame(Uint8Array.of(...damaged, ...unknown)));
      const direct = outcome(() => decodeFrame(damaged));
      // Where the damage makes a field reach beyond the end, the two bytes behind it may belong to it.
      if (typeof direct !== 'string' && typeof generated !== 'string') expect(direct).toEqual(generated);
    }),
    { seed: 4, numRuns: 4_000 },
  );
});
