/**
 * Whether the relay said what we are told it said. Spec: crypto.md §12, weaknesses P9.
 *
 * The key is the one of the certificate that came with the registration, pinned from then on. The fingerprint is always computed anew.
 */
import { equalBytes } from '../base/bytes.js';
import { ProtocolError, VerificationError } from '../base/errors.js';
import { type Computation, one } from '../crypto/job.js';
import { signatureByCode } from '../crypto/signature.js';
import type { SignedBundle } from '../wire/account.js';
import type { Certificate, ServerSignature } from '../wire/certificate.js';
import { bundleFingerprint, certificateFingerprint, keyFingerprint, pushFingerprints } from '../wire/fingerprint.js';
import type { ReceivedPush } from '../wire/push.js';

/** `ALG_TYPE_HASH_SHA2_256`, the only one used. Spec: wire.md §3. */
const sha256Code = 1;
/** How far the relay's clock may be ahead of ours when it has just made its certificate, ms. */
const clockTolerance = 86_400_000;

/**
 * Checks the relay's certificate before it is pinned: dates, fingerprints, domain, and the issuer's signature where the issuer's key is known,
 * that is, when it is the certificate's own. Throws `ProtocolError('certificate')` and `VerificationError('certificate')`.
 */
export function* verifyCertificate(certificate: Certificate, domain: string, now: number): Computation<void> {
  const { content } = certificate;
  const scheme = signatureByCode(content.publicKeyAlgorithm);
  if (scheme?.publicKeyLength !== content.publicKey.length) {
    throw new ProtocolError('certificate', 'the certificate of the relay has a key of no known algorithm');
  }
  if (certificate.hashAlgorithm !== sha256Code) throw new ProtocolError('certificate', 'the certificate uses another hash than SHA-256');
  if (now + clockTolerance < content.notBefore || now > content.notAfter) {
    throw new ProtocolError('certificate', 'the certificate of the relay is not valid at this time');
  }
  if (content.subject.domain !== domain) throw new ProtocolError('certificate', 'the certificate of the relay is for another domain');
  const fingerprint = certificateFingerprint(content);
  if (!equalBytes(fingerprint, certificate.contentFingerprint)) {
    throw new VerificationError('certificate', 'the fingerprint of the certificate is not that of its content');
  }
  if (!equalBytes(keyFingerprint(content.publicKey), certificate.issuerKeyFingerprint)) return;
  const authentic = yield* one({
    operation: 'verify',
    scheme,
    publicKey: content.publicKey,
    message: fingerprint,
    signature: certificate.signature,
  });
  if (!authentic) throw new VerificationError('certificate', 'the signature of the certificate does not verify');
}

function* verifySignature(certificate: Certificate, signature: ServerSignature, fingerprints: readonly Uint8Array[]): Computation<boolean> {
  const { publicKey, publicKeyAlgorithm } = certificate.content;
  const scheme = signatureByCode(publicKeyAlgorithm);
  if (scheme === undefined || signature.signingAlgorithm !== publicKeyAlgorithm || signature.hashAlgorithm !== sha256Code) return false;
  if (!equalBytes(signature.signingKeyFingerprint, keyFingerprint(publicKey))) return false;
  const covered = fingerprints.find((fingerprint) => equalBytes(fingerprint, signature.messageFingerprint));
  if (covered === undefined) return false;
  return yield* one({ operation: 'verify', scheme, publicKey, message: covered, signature: signature.signature });
}

/** What is wrong with the relay's signature of a bundle, if anything. Bundles are always signed. */
export function* bundleTrouble(
  certificate: Certificate | undefined,
  { bundle, signature }: SignedBundle,
): Computation<'unsigned' | 'no-server-key' | 'bad-signature' | undefined> {
  if (signature === undefined) return 'unsigned';
  if (certificate === undefined) return 'no-server-key';
  return (yield* verifySignature(certificate, signature, [bundleFingerprint(bundle)])) ? undefined : 'bad-signature';
}

/** What is wrong with the relay's signatures of a push, if anything: each one given must verify, and there must be one where it is `required`. */
export function* pushTrouble(
  certificate: Certificate | undefined,
  push: ReceivedPush,
  required: boolean,
): Computation<'unsigned' | 'no-server-key' | 'bad-signature' | undefined> {
  if (push.signatures.length === 0) return required ? 'unsigned' : undefined;
  if (certificate === undefined) return 'no-server-key';
  const { full, withoutTag } = pushFingerprints(push.parts);
  for (const signature of push.signatures) {
    if (!(yield* verifySignature(certificate, signature, [full, withoutTag]))) return 'bad-signature';
  }
  return undefined;
}
