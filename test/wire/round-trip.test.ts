import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeBundle, encodeBundle } from '../../lib/wire/account.js';
import { decodeCertificate, encodeCertificate } from '../../lib/wire/certificate.js';
import { decodeFrame, encodeFrame } from '../../lib/wire/frame.js';
import { decodeContent, decodeEnvelope, encodeContent, encodeEnvelope } from '../../lib/wire/message.js';
import {
  decodePayload,
  decodePush,
  encodePayload,
  encodePush,
  partsOf,
  type PushKind,
  pushKinds,
  type PushPayload,
} from '../../lib/wire/push.js';
import { type RequestName, requestNameOf, requestNames, requestRowOf } from '../../lib/wire/request.js';
import { decodeAccept, decodeInvite, encodeAccept, encodeInvite } from '../../lib/wire/session.js';
import { answerValues, certificate, content, envelope, frame, payloads, pushOf, requestValues, seeded, signedBundle } from './arbitrary.js';

/** What was encoded comes back, the same bytes come from it, and they stand in memory of their own: what is not public is wiped there. */
function comesBack<T>(value: T, encode: (value: T) => Uint8Array, decode: (bytes: Uint8Array) => T): void {
  expect(encode(value).byteLength).toBe(encode(value).buffer.byteLength);
  isReadAgain(value, encode, decode);
}

function isReadAgain<T>(value: T, encode: (value: T) => Uint8Array, decode: (bytes: Uint8Array) => T): void {
  const encoded = encode(value);
  const decoded = decode(encoded);
  expect(decoded).toEqual(value);
  expect(encode(decoded)).toEqual(encoded);
}

describe('what is encoded is decoded to the same', () => {
  test('envelopes', () => {
    fc.assert(
      fc.property(envelope, (value) => {
        isReadAgain(value, encodeEnvelope, decodeEnvelope);
      }),
      seeded,
    );
  });

  test('contents of one-to-one messages', () => {
    fc.assert(
      fc.property(content, (value) => {
        comesBack(value, encodeContent, decodeContent);
      }),
      seeded,
    );
  });

  test('keys inside contents', () => {
    fc.assert(
      fc.property(content, (value) => {
        const decoded = decodeContent(encodeContent(value));
        if (value.kind === 'group-pre-key-bundle' && decoded.kind === value.kind) {
          expect(decoded.bundle.seed.expose()).toEqual(value.bundle.seed.expose());
        }
        if (value.kind === 'group-update-key-bundle' && decoded.kind === value.kind) {
          expect(decoded.bundle.chainKey.expose()).toEqual(value.bundle.chainKey.expose());
        }
      }),
      seeded,
    );
  });

  test('invites and accepts', () => {
    fc.assert(
      fc.property(payloads.invite, payloads.accept, (invite, accept) => {
        comesBack(invite, encodeInvite, decodeInvite);
        comesBack(accept, encodeAccept, decodeAccept);
      }),
      seeded,
    );
  });

  test('bundles and certificates', () => {
    fc.assert(
      fc.property(signedBundle, certificate, (bundle, value) => {
        comesBack(bundle, encodeBundle, decodeBundle);
        comesBack(value, encodeCertificate, decodeCertificate);
      }),
      seeded,
    );
  });

  test('frames', () => {
    fc.assert(
      fc.property(frame, (value) => {
        isReadAgain(value, encodeFrame, decodeFrame);
      }),
      { ...seeded, numRuns: 300 },
    );
  });

  test.each(pushKinds())('a push of kind %s', (kind: PushKind) => {
    const any = payloads[kind].map((value) => ({ kind, value }) as PushPayload);
    fc.assert(
      fc.property(
        any.chain((payload) => pushOf(encodePayload(payload)).map((push) => ({ payload, push }))),
        ({ payload, push }) => {
          const encoded = encodePush(push);
          expect(encoded.byteLength).toBe(encoded.buffer.byteLength);
          const { parts, ...decoded } = decodePush(encoded);
          expect(decoded).toEqual(push);
          expect(parts).toEqual(partsOf(push));
          expect(decodePayload(decoded.payload)).toEqual(payload);
        },
      ),
      seeded,
    );
  });

  test.each(requestNames())('the request %s and its answer', (name: RequestName) => {
    const row = requestRowOf(name);
    fc.assert(
      fc.property(requestValues[name], answerValues[name], (request, value) => {
        isReadAgain(request, row.encodeRequest.bind(row), row.decodeRequest.bind(row));
        comesBack({ ok: true, message: 'done', value }, row.encodeResponse.bind(row), row.decodeResponse.bind(row));
      }),
      seeded,
    );
    const refusal = { ok: false, code: 404, message: 'nobody there' } as const;
    expect(row.decodeResponse(row.encodeResponse(refusal))).toEqual(refusal);
    expect(requestNameOf(row.code)).toBe(name);
  });
});
