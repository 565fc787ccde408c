import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DecodeError } from '../../lib/base/errors.js';
import { limits } from '../../lib/base/limits.js';
import { decodeBundle, encodeBundle } from '../../lib/wire/account.js';
import { decodeAccountRecord } from '../../lib/wire/account-record.js';
import { decodeCertificate, encodeCertificate } from '../../lib/wire/certificate.js';
import { decodeFrame, encodeFrame } from '../../lib/wire/frame.js';
import { e2ees } from '../../lib/wire/generated/e2ees.js';
import { decodeContent, decodeEnvelope, encodeContent, encodeEnvelope } from '../../lib/wire/message.js';
import { decodePayload, decodePush, encodePayload, encodePush, pushKinds, type PushPayload } from '../../lib/wire/push.js';
import { requestNames, requestRowOf } from '../../lib/wire/request.js';
import { decodeAccept, decodeInvite, encodeAccept, encodeInvite } from '../../lib/wire/session.js';
import { decodeSessionRecord } from '../../lib/wire/session-record.js';
import { answerValues, certificate, content, envelope, frame, payloads, pushOf, requestValues, seeded, signedBundle } from './arbitrary.js';
import { interop, interopBytes } from './vectors.js';

const codes = ['truncated', 'malformed', 'too-large', 'too-deep', 'missing-field', 'too-long', 'number', 'unknown-suite'];

/** Everything that reads bytes of others, with bytes it takes. */
function readers(): { name: string; sample: Uint8Array; decode: (bytes: Uint8Array) => unknown }[] {
  const one = <T>(arbitrary: fc.Arbitrary<T>): T => fc.sample(arbitrary, { ...seeded, numRuns: 1 })[0]!;
  const pushReaders = pushKinds().map((kind) => {
    const payload = encodePayload({ kind, value: one<unknown>(payloads[kind]) } as PushPayload);
    const decode = (bytes: Uint8Array): unknown => decodePayload(decodePush(bytes).payload);
    return { name: `push ${kind}`, sample: encodePush(one(pushOf(payload))), decode };
  });
  const requestReaders = requestNames().flatMap((name) => {
    const row = requestRowOf(name);
    const answer = { ok: true, message: '', value: one<unknown>(answerValues[name]) as never } as const;
    return [
      {
        name,
        sample: row.encodeRequest(one<unknown>(requestValues[name]) as never),
        decode: (bytes: Uint8Array) => row.decodeRequest(bytes),
      },
      { name: `answer to ${name}`, sample: row.encodeResponse(answer), decode: (bytes: Uint8Array) => row.decodeResponse(bytes) },
    ];
  });
  const session = interop('session-curve25519').cases![0]!;
  return [
    { name: 'envelope', sample: encodeEnvelope(one(envelope)), decode: decodeEnvelope },
    { name: 'content', sample: encodeContent(one(content)), decode: decodeContent },
    { name: 'invite', sample: encodeInvite(one(payloads.invite)), decode: decodeInvite },
    { name: 'accept', sample: encodeAccept(one(payloads.accept)), decode: decodeAccept },
    { name: 'bundle', sample: encodeBundle(one(signedBundle)), decode: decodeBundle },
    { name: 'certificate', sample: encodeCertificate(one(certificate)), decode: decodeCertificate },
    { name: 'frame', sample: encodeFrame(one(frame)), decode: decodeFrame },
    { name: 'session record', sample: interopBytes(session, 'inviter_session_done_b64'), decode: decodeSessionRecord },
    { name: 'account record', sample: interopBytes(session, 'inviter_account_b64'), decode: decodeAccountRecord },
    ...pushReaders,
    ...requestReaders,
  ];
}

/** The code of the error, or `accepted`; anything but a `DecodeError` fails the test. */
function verdict(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): string {
  try {
    decode(bytes);
    return 'accepted';
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    expect(codes).toContain(error.code);
    return error.code;
  }
}

describe('whatever the bytes, there is a message or a DecodeError', () => {
  test.each(readers())('$name', ({ sample, decode }) => {
    expect(verdict(decode, sample)).toBe('accepted');
    for (let length = 0; length < Math.min(sample.length, 400); length++) verdict(decode, sample.subarray(0, length));
    const mutation = fc.array(fc.tuple(fc.nat(sample.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    const seen = new Set<string>();
    fc.assert(
      fc.property(mutation, (changes) => {
        const mutated = new Uint8Array(sample);
        for (const [at, value] of changes) mutated[at] = value;
        seen.add(verdict(decode, mutated));
      }),
      { ...seeded, numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        seen.add(verdict(decode, bytes));
      }),
      { ...seeded, numRuns: 200 },
    );
    expect(seen.size).toBeGreaterThan(1);
  });
});

describe('a message is bounded before it is built', () => {
  const from = { domain: 'd', user: { userId: 'u', deviceId: '1' } };
  const head = { version: '\x01', from, to: from, msgId: 'A'.repeat(22) + '==', sessionId: 'A'.repeat(22) + '==' };
  const message = { sequence: 0, ciphertext: new Uint8Array(20), ratchetKey: new Uint8Array(32) };
  const encode = (properties: e2ees.E2eeMsg.$Properties): Uint8Array => e2ees.E2eeMsg.encode(properties).finish();

  test('the message that the other tests spoil is accepted', () => {
    expect(verdict(decodeEnvelope, encode({ ...head, one2oneMsg: message }))).toBe('accepted');
  });

  test('more bytes than allowed are not looked at', () => {
    expect(verdict((bytes) => decodeEnvelope(bytes, 100), new Uint8Array(101))).toBe('too-large');
  });

  test('a small message that would unfold into millions of objects is refused', () => {
    const manyEmptyDevices = new Uint8Array(2_000_000).map((_, index) => (index % 2 === 0 ? 0x22 : 0));
    expect(verdict((bytes) => decodePayload({ kind: 'create-group', bytes }), manyEmptyDevices)).toBe('too-long');
  });

  test('lists longer than their limit are refused', () => {
    const devices = Array.from({ length: limits.devicesPerUser + 1 }, () => from);
    const bytes = e2ees.AddUserDeviceMsg.encode({ userAddress: from, oldAddressList: devices }).finish();
    expect(verdict(() => decodePayload({ kind: 'add-user-device', bytes }), bytes)).toBe('too-long');
  });

  test('groups nested in unknown fields are skipped to a bounded depth only', () => {
    const nested = (depth: number): Uint8Array =>
      Uint8Array.from([
        ...encode({ ...head, one2oneMsg: message }),
        ...new Array<number>(depth).fill(0xa3).flatMap((tag) => [tag, 6]),
        ...new Array<number>(depth).fill(0xa4).flatMap((tag) => [tag, 6]),
      ]);
    expect(verdict(decodeEnvelope, nested(limits.messageDepth))).toBe('accepted');
    expect(verdict(decodeEnvelope, nested(limits.messageDepth + 2))).toBe('too-deep');
    expect(verdict(decodeEnvelope, nested(100_000))).toBe('too-deep');
  });

  test('names longer than their limit are refused', () => {
    const user = { userId: 'u'.repeat(limits.nameLength + 1), deviceId: '1' };
    expect(verdict(decodeEnvelope, encode({ ...head, from: { domain: 'd', user }, one2oneMsg: message }))).toBe('too-long');
  });

  test('texts that are not UTF-8 are refused', () => {
    const bytes = encode({ ...head, one2oneMsg: message });
    bytes[bytes.indexOf('d'.charCodeAt(0))] = 0xff;
    expect(verdict(decodeEnvelope, bytes)).toBe('malformed');
  });

  test.each(['version', 'from', 'to', 'msgId', 'sessionId', 'one2oneMsg'])('an envelope without %s is refused', (field) => {
    expect(verdict(decodeEnvelope, encode({ ...head, one2oneMsg: message, [field]: undefined }))).toBe('missing-field');
  });

  test('an id that is not 16 bytes in base64 is refused', () => {
    expect(verdict(decodeEnvelope, encode({ ...head, sessionId: 'short', one2oneMsg: message }))).toBe('malformed');
  });

  test('a sender that is a group is refused', () => {
    const group = { domain: 'd', group: { groupId: 'g' } };
    expect(verdict(decodeEnvelope, encode({ ...head, from: group, one2oneMsg: message }))).toBe('malformed');
  });

  test.each([
    [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f], 'accepted'], // 2^53 - 1
    [[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10], 'number'], // 2^53
    [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], 'number'], // -1
  ])('a time of the bytes %j is %s', (time, expected) => {
    const bytes = Uint8Array.from([0x08, ...time]);
    expect(verdict(() => decodePayload({ kind: 'client-heartbeat', bytes }), bytes)).toBe(expected);
  });

  test('a suite of another build is refused', () => {
    const bytes = e2ees.AcceptMsg.encode({ from, to: from, e2eesPackId: 0x7f7f7f01, ratchetKey: new Uint8Array(1) }).finish();
    expect(verdict(decodeAccept, bytes)).toBe('unknown-suite');
  });

  test('a part of a push given twice is refused', () => {
    const to = { domain: 'd', userId: 'u', deviceId: '1' };
    const payload = encodePayload({ kind: 'client-heartbeat', value: { time: 1 } });
    const push = encodePush({ tag: undefined, from: undefined, to, payload, signatures: [] });
    expect(verdict(decodePush, push)).toBe('accepted');
    expect(verdict(decodePush, Uint8Array.from([...push, ...push.subarray(0, 14)]))).toBe('malformed');
    expect(verdict(decodePush, Uint8Array.from([...push, ...push.subarray(14)]))).toBe('malformed');
  });

  test('an unknown notification level is kept', () => {
    expect(decodeEnvelope(encode({ ...head, notifLevel: 2, one2oneMsg: message })).notification).toBe(2);
  });

  test('what is decoded from a Buffer is no Buffer', () => {
    const buffer = Buffer.from(encode({ ...head, one2oneMsg: message }));
    const { payload } = decodeEnvelope(buffer);
    if (payload.kind !== 'one-to-one') throw new Error('another kind of payload');
    expect(Buffer.isBuffer(payload.message.ciphertext)).toBe(false);
    expect(Buffer.isBuffer(payload.message.ratchetKey)).toBe(false);
  });
});
