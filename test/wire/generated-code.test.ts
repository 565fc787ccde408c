import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { asMessageId } from '../../lib/base/brand.js';
import { toAddress } from '../../lib/wire/address.js';
import { encodeFrame } from '../../lib/wire/frame.js';
import { e2ees, skissm } from '../../lib/wire/generated/e2ees.js';
import { toGroupMessage } from '../../lib/wire/group.js';
import { decodePayload, decodePush, encodePayload, encodePush } from '../../lib/wire/push.js';
import { type Content, type Envelope, encodeContent, encodeEnvelope } from '../../lib/wire/message.js';
import { requests } from '../../lib/wire/request.js';
import { content, envelope, frame, payloads, pushOf, requestValues, seeded } from './arbitrary.js';

/** The bytes in which the generated code says the same. */
function again<T>(type: { encode(message: T): { finish(): Uint8Array }; decode(bytes: Uint8Array): T }, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(type.encode(type.decode(bytes)).finish());
}

function generatedEnvelope({ payload, ...head }: Envelope): e2ees.E2eeMsg.$Properties {
  const common = {
    version: '\x01',
    from: toAddress(head.from),
    to: toAddress(head.to),
    msgId: head.messageId,
    sessionId: head.sessionId,
    notifLevel: head.notification,
  };
  if (payload.kind === 'group') return { ...common, groupMsg: toGroupMessage(payload.message) };
  return { ...common, one2oneMsg: { ...payload.message } };
}

function generatedContent(value: Content): e2ees.Plaintext.$Properties | undefined {
  if (value.kind === 'common') return { version: '\x01', commonMsg: value.bytes };
  if (value.kind === 'sync') return { version: '\x01', commonSyncMsg: value.bytes };
  return undefined;
}

describe('what is written by hand has the bytes of the generated code', () => {
  test('envelopes', () => {
    fc.assert(
      fc.property(envelope, (value) => {
        expect(encodeEnvelope(value)).toEqual(new Uint8Array(e2ees.E2eeMsg.encode(generatedEnvelope(value)).finish()));
      }),
      { ...seeded, numRuns: 300 },
    );
  });

  test('contents', () => {
    fc.assert(
      fc.property(content, (value) => {
        const encoded = encodeContent(value);
        expect(encoded).toEqual(again(e2ees.Plaintext, encoded));
        const expected = generatedContent(value);
        if (expected !== undefined) expect(encoded).toEqual(new Uint8Array(e2ees.Plaintext.encode(expected).finish()));
      }),
      seeded,
    );
  });

  test('frames', () => {
    fc.assert(
      fc.property(frame, (value) => {
        const encoded = encodeFrame(value);
        expect(encoded).toEqual(again(skissm.relay.v1.Frame, encoded));
      }),
      { ...seeded, numRuns: 300 },
    );
  });

  test('pushes', () => {
    fc.assert(
      fc.property(
        payloads['update-user'].chain((value) => pushOf(encodePayload({ kind: 'update-user', value }))),
        (push) => {
          const encoded = encodePush(push);
          expect(encoded).toEqual(again(e2ees.ProtoMsg, encoded));
        },
      ),
      seeded,
    );
  });

  test('requests that carry an envelope', () => {
    fc.assert(
      fc.property(envelope, requestValues.send_group_msg, (value, { allow, deny }) => {
        const encodedEnvelope = encodeEnvelope(value);
        const alone = requests.send_one2one_msg.encodeRequest({ envelope: encodedEnvelope });
        expect(alone).toEqual(again(e2ees.SendOne2oneMsgRequest, alone));
        const group = requests.send_group_msg.encodeRequest({ envelope: encodedEnvelope, allow, deny });
        expect(group).toEqual(again(e2ees.SendGroupMsgRequest, group));
      }),
      seeded,
    );
  });

  test('a push of a kind not known here keeps its tag and its receiver', () => {
    const later = [0xc2, 0x0c, 1, 7]; // field 200, one byte
    const known = encodePush({
      tag: { time: 5, id: 'x' },
      from: undefined,
      to: { domain: 'd', userId: 'u', deviceId: '1' },
      payload: encodePayload({ kind: 'client-heartbeat', value: { time: 0 } }),
      signatures: [],
    });
    const heartbeatLength = 3;
    const push = decodePush(Uint8Array.from([...known.subarray(0, known.length - heartbeatLength), ...later]));
    expect(push.payload.kind).toBe('unknown');
    expect(push.tag).toEqual({ time: 5, id: 'x' });
    expect(push.to).toEqual({ domain: 'd', userId: 'u', deviceId: '1' });
    expect(decodePayload(push.payload)).toBeUndefined();
    expect(() => encodePush(push)).toThrow(expect.objectContaining({ code: 'unknown-payload' }));
  });

  test('an id that is not ASCII is not encoded', () => {
    const value = fc.sample(envelope, { ...seeded, numRuns: 1 })[0]!;
    const odd = { ...value, messageId: asMessageId('\u00e9'.repeat(24)) };
    expect(() => encodeEnvelope(odd)).toThrow(expect.objectContaining({ code: 'not-ascii' }));
  });
});
