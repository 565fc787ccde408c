/**
 * What the server's signatures cover. Spec: crypto.md §12.
 *
 * `pack(x)` is the bare encoding of a sub-message, without its field's head. For bundles and certificates it is computed from the decoded
 * values: all of their fields are kept, so what was verified is exactly what is used. For pushes it is the received bytes, because a
 * newer server also signs fields that are not known here.
 *
 * What the formulas leave open: nothing marks where one part ends, and the kind of a push is not covered. A verifier that trusts a
 * signature therefore trusts the server, not the connection, and still checks every payload on its own.
 */
import type { PreKeyBundle } from '../account/pre-key-bundle.js';
import { concat } from '../base/bytes.js';
import { sha256 } from '../crypto/hash.js';
import { toIdentityKey, toOneTimePreKey, toSignedPreKey } from './account.js';
import { encodedAddress } from './address.js';
import { type CertificateContent, encodeCertificateContent } from './certificate.js';
import { encodeMessage } from './codec.js';
import { e2ees } from './generated/e2ees.js';
import type { PushParts } from './push.js';

/** `SHA256(pack(user_address) || pack(identity_key_public) || pack(signed_pre_key_public) [|| pack(one_time_pre_key_public)])`, 32 bytes. */
export function bundleFingerprint(bundle: PreKeyBundle): Uint8Array {
  const parts = [
    encodedAddress(bundle.address),
    encodeMessage(e2ees.IdentityKeyPublic, toIdentityKey(bundle.identityKey)),
    encodeMessage(e2ees.SignedPreKeyPublic, toSignedPreKey(bundle.signedPreKey)),
  ];
  if (bundle.oneTimePreKey !== undefined) parts.push(encodeMessage(e2ees.OneTimePreKeyPublic, toOneTimePreKey(bundle.oneTimePreKey)));
  return sha256(concat(parts));
}

/** Both forms of a push's fingerprint, 32 bytes each. */
export interface PushFingerprints {
  /** With the tag, if the push has one: what a server signs. */
  readonly full: Uint8Array;
  /** Without the tag: some servers sign this one, so a verifier accepts it as well. */
  readonly withoutTag: Uint8Array;
}

/** `SHA256([pack(tag)] || pack(from) || pack(to) || pack(payload))`. */
export function pushFingerprints({ tag, from, to, payload }: PushParts): PushFingerprints {
  const rest = from === undefined ? [to, payload] : [from, to, payload];
  const withoutTag = sha256(concat(rest));
  return { full: tag === undefined ? withoutTag : sha256(concat([tag, ...rest])), withoutTag };
}

/** `SHA256(pack(cert))`, 32 bytes: `cert_fingerprint` of a certificate, and what its issuer signs. */
export function certificateFingerprint(content: CertificateContent): Uint8Array {
  return sha256(encodeCertificateContent(content));
}

/** `SHA256(public key)`, 32 bytes: names the key of a signer or issuer. */
export function keyFingerprint(publicKey: Uint8Array): Uint8Array {
  return sha256(publicKey);
}
