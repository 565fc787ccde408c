/** Every decoder of lib/wire. */
import fc from 'fast-check';
import { DecodeError } from '../../lib/base/errors.js';
import { decodeBundle, encodeBundle } from '../../lib/wire/account.js';
import {
  decodeAccountRecord,
  decodeSignedPreKeyRecord,
  encodeAccountRecord,
  encodeSignedPreKeyRecord,
} from '../../lib/wire/account-record.js';
import { decodeCertificate, encodeCertificate } from '../../lib/wire/certificate.js';
import { pushFingerprints } from '../../lib/wire/fingerprint.js';
import { decodeFrame, encodeFrame } from '../../lib/wire/frame.js';
import { decodeGroupSessionRecord, encodeGroupSessionRecord } from '../../lib/wire/group-session-record.js';
import { decodeContent, decodeEnvelope, encodeContent, encodeEnvelope } from '../../lib/wire/message.js';
import { type Push, type PushPayload, decodePayload, decodePush, encodePayload, encodePush, pushKinds } from '../../lib/wire/push.js';
import { requestNames, requestRowOf } from '../../lib/wire/request.js';
import { decodeSessionRecord, encodeSessionRecord } from '../../lib/wire/session-record.js';
import { decodeAccept, decodeInvite, encodeAccept, encodeInvite } from '../../lib/wire/session.js';
import * as any from '../wire/arbitrary.js';
import { type Kind, decoderTarget, kind, messageDamage } from './decoder-target.js';
import { recorded } from './recorded.js';
import type { Target } from './target.js';

/** Whatever `lib/wire` refuses has one of these codes. */
export const wireCodes = ['truncated', 'malformed', 'too-large', 'too-deep', 'missing-field', 'too-long', 'number', 'unknown-suite'];

/** Values of each kind that inputs begin with. */
const drawn = 3;

function draw<T>(arbitrary: fc.Arbitrary<T>): T[] {
  return fc.sample(arbitrary, { seed: any.seeded.seed, numRuns: drawn });
}

function wireTarget(kinds: readonly Kind[]): Target {
  return decoderTarget(kinds, DecodeError, wireCodes, messageDamage);
}

/** What a push says, without its parts: their bytes depend on how it was encoded. */
function takePush(bytes: Uint8Array): Push {
  const { parts, ...push } = decodePush(bytes);
  pushFingerprints(parts);
  return push;
}

function encodedPush(push: Push): Uint8Array | undefined {
  return push.payload.kind === 'unknown' ? undefined : encodePush(push);
}

export function frameTarget(): Target {
  return wireTarget([kind('frame', draw(any.frame).map(encodeFrame), decodeFrame, encodeFrame)]);
}

export function pushTarget(): Target {
  const samples = pushKinds().flatMap((name) =>
    draw(any.payloads[name] as fc.Arbitrary<unknown>).map((value) => {
      const payload = encodePayload({ kind: name, value } as PushPayload);
      return encodePush(draw(any.pushOf(payload))[0]!);
    }),
  );
  return wireTarget([kind('push', samples, takePush, encodedPush)]);
}

export function payloadTarget(): Target {
  return wireTarget(
    pushKinds().map((name) =>
      kind(
        name,
        [
          ...draw(any.payloads[name] as fc.Arbitrary<unknown>).map((value) => encodePayload({ kind: name, value } as PushPayload).bytes),
          ...recorded(name),
        ],
        (bytes) => decodePayload({ kind: name, bytes })!,
        (payload) => encodePayload(payload).bytes,
      ),
    ),
  );
}

export function requestTarget(): Target {
  return wireTarget(
    requestNames().map((name) => {
      const row = requestRowOf(name);
      const samples = draw(any.requestValues[name] as fc.Arbitrary<never>).map((value) => row.encodeRequest(value));
      return kind(name, samples, (bytes) => row.decodeRequest(bytes), row.encodeRequest.bind(row));
    }),
  );
}

export function responseTarget(): Target {
  return wireTarget(
    requestNames().map((name) => {
      const row = requestRowOf(name);
      const samples = draw(any.answerValues[name] as fc.Arbitrary<never>).map((value) =>
        row.encodeResponse({ ok: true, message: '', value }),
      );
      return kind(name, samples, (bytes) => row.decodeResponse(bytes), row.encodeResponse.bind(row));
    }),
  );
}

export function messageTarget(): Target {
  return wireTarget([
    kind('envelope', [...draw(any.envelope).map(encodeEnvelope), ...recorded('envelope')], decodeEnvelope, encodeEnvelope),
    kind('content', [...draw(any.content).map(encodeContent), ...recorded('content')], decodeContent, encodeContent),
  ]);
}

export function keyTarget(): Target {
  return wireTarget([
    kind('invite', recorded('invite'), decodeInvite, encodeInvite),
    kind('accept', recorded('accept'), decodeAccept, encodeAccept),
    kind('bundle', draw(any.signedBundle).map(encodeBundle), decodeBundle, encodeBundle),
    kind('certificate', draw(any.certificate).map(encodeCertificate), decodeCertificate, encodeCertificate),
  ]);
}

export function recordTarget(): Target {
  return wireTarget([
    kind('session record', recorded('session-record'), decodeSessionRecord, encodeSessionRecord),
    kind('account record', recorded('account-record'), decodeAccountRecord, encodeAccountRecord),
    kind('signed pre-key record', recorded('signed-pre-key-record'), decodeSignedPreKeyRecord, encodeSignedPreKeyRecord),
    kind('group session record', recorded('group-session-record'), decodeGroupSessionRecord, encodeGroupSessionRecord),
  ]);
}
