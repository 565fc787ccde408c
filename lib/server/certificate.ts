/**
 * The relay's certificates: a self-signed root and, issued by it, the one whose key signs bundles and control pushes.
 *
 * The issuer signs `contentFingerprint`. The specification could not establish what the reference signs; this is our choice.
 * Spec: crypto.md §12.
 */
import { sha256 } from '../crypto/hash.js';
import type { SigningKeyPair } from '../crypto/key-pair.js';
import type { SignatureScheme } from '../crypto/scheme.js';
import { sign } from '../crypto/signature.js';
import type { Certificate, CertificateContent, Subject } from '../wire/certificate.js';
import { encodeCertificateContent } from '../wire/certificate.js';

/** `ALG_TYPE_HASH_SHA2_256`. Spec: wire.md §3. */
export const sha256Code = 1;

const certificateVersion = 1;

/** Lifetime of a certificate, ms. */
export const certificateLifetime = {
  /** Ten years: it is what clients pin. */
  root: 315_360_000_000,
  server: 31_536_000_000,
} as const;

/** Time before its end at which a server certificate is renewed at start-up, ms: 30 days. */
export const renewalMargin = 2_592_000_000;

/** What a certificate states. */
export interface CertificateRequest {
  readonly scheme: SignatureScheme;
  readonly issuer: Subject;
  readonly issuerKeyPair: SigningKeyPair;
  readonly subject: Subject;
  readonly publicKey: Uint8Array;
  readonly now: number;
  readonly lifetime: number;
}

/** Makes a certificate; one signature, on this thread (once per relay and year). */
export function issueCertificate(request: CertificateRequest): Certificate {
  const { scheme, issuer, issuerKeyPair, subject, publicKey, now, lifetime } = request;
  const content: CertificateContent = {
    issuer,
    notBefore: now,
    notAfter: now + lifetime,
    subject,
    publicKeyAlgorithm: scheme.code,
    publicKey,
  };
  const contentFingerprint = sha256(encodeCertificateContent(content));
  return {
    version: certificateVersion,
    hashAlgorithm: sha256Code,
    signingAlgorithm: scheme.code,
    content,
    contentFingerprint,
    issuerKeyFingerprint: sha256(issuerKeyPair.publicKey),
    signature: sign(scheme, issuerKeyPair.privateKey, contentFingerprint),
    time: now,
    valid: true,
  };
}
