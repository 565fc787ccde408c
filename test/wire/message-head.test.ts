import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DecodeError } from '../../lib/base/errors.js';
import type { DeviceAddress } from '../../lib/base/address.js';
import { decodeFrame, encodeFrame } from '../../lib/wire/frame.js';
import { type MessageHead, MessageHeads } from '../../lib/wire/message-head.js';
import { type Envelope, decodeEnvelope, encodeEnvelope } from '../../lib/wire/message.js';
import { requests } from '../../lib/wire/request.js';

const id = (letter: string): string => `${letter.repeat(22)}==`;

function envelope(from: DeviceAddress, to: Envelope['to'], length: number): Uint8Array {
  return encodeEnvelope({
    from,
    to,
    messageId: id('M') as Envelope['messageId'],
    sessionId: id('S') as Envelope['sessionId'],
    notification: 11,
    payload: {
      kind: 'one-to-one',
      message: {
        sequence: 7,
        rootSequence: 300,
        sendingMessageSequence: 1,
        ratchetKey: new Uint8Array(length).fill(3),
        ciphertext: new Uint8Array(90).fill(4),
      },
    },
  });
}

const alice = { domain: 'example.test', userId: 'alice', deviceId: 'd1', userName: 'Alice' };
const bob = { domain: 'example.test', userId: 'bob', deviceId: 'd1' };

/** What `read` gives, or the code of its refusal. */
function outcome<T>(read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    if (error instanceof DecodeError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

function headByDecoding(encoded: Uint8Array): MessageHead {
  const { from, to, messageId, sessionId, payload } = decodeEnvelope(encoded);
  return { from, to, messageId, sessionId, kind: payload.kind };
}

test('the head of a message is what decoding all of it gives, whether its addresses are known or not', () => {
  const heads = new MessageHeads();
  for (const to of [bob, { ...bob, deviceId: '' }, { domain: 'example.test', groupId: 'g' }]) {
    const encoded = envelope(alice, to, 1_568);
    const first = heads.read(encoded);
    expect(first).toEqual(headByDecoding(encoded));
    const again = heads.read(envelope(alice, to, 32));
    expect(again).toEqual(first);
    expect(again.from).toBe(heads.read(encoded).from);
    expect(again.to).toBe(heads.read(encoded).to);
  }
});

test('a damaged message is refused as decoding refuses it, or means the same', () => {
  const heads = new MessageHeads();
  const encoded = envelope(alice, bob, 32);
  heads.read(encoded);
  const damage = fc.record({ at: fc.nat(encoded.length - 1), byte: fc.nat(255), cut: fc.nat(3), grown: fc.uint8Array({ maxLength: 3 }) });
  fc.assert(
    fc.property(damage, ({ at, byte, cut, grown }) => {
      const damaged = Uint8Array.of(...encoded.subarray(0, encoded.length - cut), ...grown);
      damaged[Math.min(at, damaged.length - 1)] = byte;
      expect(outcome(() => heads.read(damaged))).toEqual(outcome(() => headByDecoding(damaged)));
    }),
    { seed: 3, numRuns: 4_000 },
  );
  expect(outcome(() => heads.read(encoded, encoded.length - 1))).toContain('too-large');
});

test('no more addresses are remembered than the bound, and those that were forgotten are read again', () => {
  const heads = new MessageHeads();
  const first = heads.read(envelope(alice, bob, 32));
  for (let user = 0; user < 5_000; user += 1) heads.read(envelope(alice, { ...bob, userId: `user ${user}` }, 32));
  const again = heads.read(envelope(alice, bob, 32));
  expect(again).toEqual(first);
  expect(again.to).not.toBe(first.to);
});

test('a damaged request frame is refused or read as the generated code does', () => {
  const body = requests.send_one2one_msg.encodeRequest({ envelope: envelope(alice, bob, 32) });
  const encoded = encodeFrame({ kind: 'request', id: 70_000, request: 7, body, commitCounter: 2 ** 40 });
  expect(decodeFrame(encoded)).toEqual({ kind: 'request', id: 70_000, request: 7, body, commitCounter: 2 ** 40 });
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
