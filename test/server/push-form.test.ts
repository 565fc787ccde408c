import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { pushFingerprint } from '../../lib/server/signer.js';
import { composePush, composedLength, frameOf } from '../../lib/server/push-form.js';
import { pushFingerprints } from '../../lib/wire/fingerprint.js';
import type { Push } from '../../lib/wire/push.js';
import { encodePush, partsOf, pushKinds } from '../../lib/wire/push.js';

const address = { domain: 'example.test', userId: 'bob', deviceId: 'phone', userName: 'Bob' };

const signature: Push['signatures'][number] = {
  version: 1,
  hashAlgorithm: 1,
  signingAlgorithm: 2,
  signer: { commonName: 'relay', domain: 'example.test', organisation: 'example', units: [] },
  signingKeyFingerprint: new Uint8Array(32).fill(1),
  messageFingerprint: new Uint8Array(32).fill(2),
  signature: new Uint8Array(4_627).fill(3),
};

/** Lengths around those at which a length takes one more byte. */
const lengths = [0, 1, 127, 128, 16_383, 16_384, 70_000, 2_097_151, 2_097_152];

test('a push that is put together is, byte for byte, the one that is encoded at once', () => {
  for (const kind of pushKinds()) {
    for (const length of kind === 'message' ? lengths : [0, 1_000]) {
      for (const signatures of [[], [signature], [signature, signature]]) {
        for (const from of [undefined, address]) {
          const payload = { kind, bytes: new Uint8Array(length).fill(7) };
          const statement = { tag: { time: 1_700_000_000_000, id: 'AAAAAAAAAAEAAAAAAAAAAA==' }, from, to: address, payload };
          const frame = frameOf(statement, signatures);
          const whole = encodePush({ ...statement, signatures });
          expect(Buffer.compare(composePush(frame, payload.bytes), whole)).toBe(0);
          expect(composedLength(frame, length)).toBe(whole.length);
        }
      }
    }
  }
});

test('what is signed piece by piece is the fingerprint that clients compute', () => {
  const payload = { kind: 'create-group', bytes: new Uint8Array(100_000).fill(5) } as const;
  for (const from of [undefined, address]) {
    for (const tag of [undefined, { time: 1, id: 'AAAAAAAAAAEAAAAAAAAAAA==' }]) {
      const parts = partsOf({ tag, from, to: address, payload });
      expect(pushFingerprint(parts)).toEqual(pushFingerprints(parts).full);
    }
  }
  expect(pushFingerprint({ tag: undefined, from: undefined, to: new Uint8Array(3), payload: new Uint8Array(2) })).toEqual(
    Uint8Array.from(createHash('sha256').update(new Uint8Array(5)).digest()),
  );
});
