import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encodeCertificate } from '../../lib/wire/certificate.js';
import { bundleFingerprint, certificateFingerprint, keyFingerprint, pushFingerprints } from '../../lib/wire/fingerprint.js';
import { e2ees } from '../../lib/wire/generated/e2ees.js';
import { encodeBundle } from '../../lib/wire/account.js';
import { decodePush, encodePayload, encodePush, partsOf, type PushParts } from '../../lib/wire/push.js';
import { certificate, payloads, pushOf, seeded, signedBundle } from './arbitrary.js';

function sha256(parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

const push = payloads.invite.chain((value) => pushOf(encodePayload({ kind: 'invite', value })));

describe('fingerprints', () => {
  test('of a bundle cover address, identity, signed pre-key and one-time pre-key as generated code packs them', () => {
    fc.assert(
      fc.property(signedBundle, (value) => {
        const { userAddress, identityKeyPublic, signedPreKeyPublic, oneTimePreKeyPublic } = e2ees.PreKeyBundle.decode(encodeBundle(value));
        const parts = [
          e2ees.E2eeAddress.encode(userAddress!).finish(),
          e2ees.IdentityKeyPublic.encode(identityKeyPublic!).finish(),
          e2ees.SignedPreKeyPublic.encode(signedPreKeyPublic!).finish(),
        ];
        if (oneTimePreKeyPublic) parts.push(e2ees.OneTimePreKeyPublic.encode(oneTimePreKeyPublic).finish());
        expect(bundleFingerprint(value.bundle)).toEqual(sha256(parts));
      }),
      seeded,
    );
  });

  test('of a push cover tag, sender, receiver and payload, and exist without the tag as well', () => {
    fc.assert(
      fc.property(push, (value) => {
        const { tag, from, to, inviteMsg } = e2ees.ProtoMsg.decode(encodePush(value));
        const packed = (type: typeof e2ees.E2eeAddress, part: e2ees.E2eeAddress.$Properties | null | undefined): Uint8Array[] =>
          part ? [type.encode(part).finish()] : [];
        const rest = [...packed(e2ees.E2eeAddress, from), ...packed(e2ees.E2eeAddress, to), e2ees.InviteMsg.encode(inviteMsg!).finish()];
        const full = tag ? sha256([e2ees.ProtoMsgTag.encode(tag).finish(), ...rest]) : sha256(rest);
        expect(pushFingerprints(decodePush(encodePush(value)).parts)).toEqual({ full, withoutTag: sha256(rest) });
        expect(pushFingerprints(partsOf(value))).toEqual({ full, withoutTag: sha256(rest) });
      }),
      seeded,
    );
  });

  test('of a push change with every byte that they cover', () => {
    const value = fc
      .sample(push, { ...seeded, numRuns: 200 })
      .find(({ tag, from }) => tag !== undefined && tag.id !== '' && from !== undefined)!;
    const parts = partsOf(value);
    const { full } = pushFingerprints(parts);
    let flipped = 0;
    for (const field of ['tag', 'from', 'to', 'payload'] as const) {
      for (let at = 0; at < parts[field]!.length; at++) {
        const changed = new Uint8Array(parts[field]!);
        changed[at] = changed[at]! ^ 1;
        const spoiled: PushParts = { ...parts, [field]: changed };
        expect(pushFingerprints(spoiled).full).not.toEqual(full);
        flipped++;
      }
    }
    expect(flipped).toBeGreaterThan(100);
  });

  test('of a push cover fields of a newer server, which are not decoded', () => {
    const newerField = [0xf8, 0x07, 5];
    const heartbeat = Uint8Array.from([8, 1, ...newerField]);
    const address = e2ees.E2eeAddress.encode({ domain: 'd', user: { userId: 'u', deviceId: '1' } }).finish();
    const bytes = Uint8Array.from([0x1a, address.length, ...address, 0xaa, 0x06, heartbeat.length, ...heartbeat]);
    expect(pushFingerprints(decodePush(bytes).parts).full).toEqual(sha256([address, heartbeat]));
  });

  test('of a certificate cover its content as generated code packs it', () => {
    fc.assert(
      fc.property(certificate, (value) => {
        const { cert } = e2ees.Certificate.decode(encodeCertificate(value));
        expect(certificateFingerprint(value.content)).toEqual(sha256([e2ees.Cert.encode(cert!).finish()]));
        expect(keyFingerprint(value.content.publicKey)).toEqual(sha256([value.content.publicKey]));
      }),
      seeded,
    );
  });
});
