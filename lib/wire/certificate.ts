/** Server certificates and signatures. Spec: wire.md §12, crypto.md §12. */
import { limits } from '../base/limits.js';
import { decodeMessage, encodeMessage } from './codec.js';
import { bytes, integer, list, type Maybe, required, requiredBytes, text, toLong } from './field.js';
import { e2ees } from './generated/e2ees.js';

/** Who owns or issues a key. Spec: wire.md §12 (Subject). */
export interface Subject {
  readonly commonName: string;
  readonly domain: string;
  readonly organisation: string;
  readonly units: readonly string[];
}

/** The part of a certificate that its fingerprint covers; algorithms are codes of wire.md §3. Spec: wire.md §12 (Cert). */
export interface CertificateContent {
  readonly issuer: Subject;
  /** ms since 1970. */
  readonly notBefore: number;
  /** ms since 1970. */
  readonly notAfter: number;
  /** Owns the key. */
  readonly subject: Subject;
  readonly publicKeyAlgorithm: number;
  readonly publicKey: Uint8Array;
}

/** Spec: wire.md §12 (Certificate). */
export interface Certificate {
  readonly version: number;
  readonly hashAlgorithm: number;
  readonly signingAlgorithm: number;
  readonly content: CertificateContent;
  /** Hash of the encoded content. */
  readonly contentFingerprint: Uint8Array;
  /** Hash of the issuer's public key. */
  readonly issuerKeyFingerprint: Uint8Array;
  /** By the issuer, over `contentFingerprint` (our choice; the specification leaves it open). */
  readonly signature: Uint8Array;
  /** ms since 1970. */
  readonly time: number;
  readonly valid: boolean;
}

/** One signature of the server over a bundle or a push. Spec: wire.md §12 (ServerSignedSignature). */
export interface ServerSignature {
  readonly version: number;
  readonly hashAlgorithm: number;
  readonly signingAlgorithm: number;
  readonly signer: Subject;
  /** Hash of the server's public key. */
  readonly signingKeyFingerprint: Uint8Array;
  /** Hash of what is covered, and what is signed. A verifier computes it anew. */
  readonly messageFingerprint: Uint8Array;
  readonly signature: Uint8Array;
}

/** Units of one subject; real ones have a handful. */
const maxUnits = 16;

/** Encodes a `Certificate`. */
export function encodeCertificate(certificate: Certificate): Uint8Array {
  return encodeMessage(e2ees.Certificate, toCertificate(certificate));
}

/** Decodes a `Certificate`. Throws `DecodeError`. */
export function decodeCertificate(encoded: Uint8Array, maxLength: number = limits.frameLength): Certificate {
  return readCertificate(decodeMessage(e2ees.Certificate, encoded, maxLength), 'certificate');
}

/** Encodes the part of a certificate that its fingerprint covers (`Cert`). */
export function encodeCertificateContent(content: CertificateContent): Uint8Array {
  return encodeMessage(e2ees.Cert, toContent(content));
}

/** As generated code wants it. */
export function toCertificate(certificate: Certificate): e2ees.Certificate.$Properties {
  return {
    version: certificate.version,
    hashAlg: certificate.hashAlgorithm,
    signingAlg: certificate.signingAlgorithm,
    cert: toContent(certificate.content),
    certFingerprint: certificate.contentFingerprint,
    signingPublicKeyFingerprint: certificate.issuerKeyFingerprint,
    signature: certificate.signature,
    ts: toLong(certificate.time),
    valid: certificate.valid,
  };
}

/** Throws `DecodeError`. */
export function readCertificate(value: Maybe<e2ees.Certificate.$Properties>, field: string): Certificate {
  const found = required(value, field);
  return {
    version: found.version ?? 0,
    hashAlgorithm: found.hashAlg ?? 0,
    signingAlgorithm: found.signingAlg ?? 0,
    content: readContent(found.cert, `${field}.cert`),
    contentFingerprint: bytes(found.certFingerprint),
    issuerKeyFingerprint: bytes(found.signingPublicKeyFingerprint),
    signature: bytes(found.signature),
    time: integer(found.ts, `${field}.ts`),
    valid: found.valid === true,
  };
}

function toContent(content: CertificateContent): e2ees.Cert.$Properties {
  return {
    issuer: toSubject(content.issuer),
    notBefore: toLong(content.notBefore),
    notAfter: toLong(content.notAfter),
    issuee: toSubject(content.subject),
    publicKeyAlg: content.publicKeyAlgorithm,
    publicKey: content.publicKey,
  };
}

function readContent(value: Maybe<e2ees.Cert.$Properties>, field: string): CertificateContent {
  const found = required(value, field);
  return {
    issuer: readSubject(found.issuer, `${field}.issuer`),
    notBefore: integer(found.notBefore, `${field}.not_before`),
    notAfter: integer(found.notAfter, `${field}.not_after`),
    subject: readSubject(found.issuee, `${field}.issuee`),
    publicKeyAlgorithm: found.publicKeyAlg ?? 0,
    publicKey: requiredBytes(found.publicKey, `${field}.public_key`),
  };
}

/** As generated code wants it. */
export function toServerSignature(signature: ServerSignature): e2ees.ServerSignedSignature.$Properties {
  return {
    version: signature.version,
    hashAlg: signature.hashAlgorithm,
    signingAlg: signature.signingAlgorithm,
    signer: toSubject(signature.signer),
    signingPublicKeyFingerprint: signature.signingKeyFingerprint,
    msgFingerprint: signature.messageFingerprint,
    signature: signature.signature,
  };
}

/** Throws `DecodeError`. */
export function readServerSignature(value: Maybe<e2ees.ServerSignedSignature.$Properties>, field: string): ServerSignature {
  const found = required(value, field);
  return {
    version: found.version ?? 0,
    hashAlgorithm: found.hashAlg ?? 0,
    signingAlgorithm: found.signingAlg ?? 0,
    signer: readSubject(found.signer, `${field}.signer`),
    signingKeyFingerprint: requiredBytes(found.signingPublicKeyFingerprint, `${field}.signing_public_key_fingerprint`),
    messageFingerprint: bytes(found.msgFingerprint),
    signature: requiredBytes(found.signature, `${field}.signature`),
  };
}

function toSubject(subject: Subject): e2ees.Subject.$Properties {
  return { cn: subject.commonName, domain: subject.domain, o: subject.organisation, ou: [...subject.units] };
}

function readSubject(value: Maybe<e2ees.Subject.$Properties>, field: string): Subject {
  const found = required(value, field);
  return {
    commonName: text(found.cn, `${field}.cn`),
    domain: text(found.domain, `${field}.domain`),
    organisation: text(found.o, `${field}.o`),
    units: list(found.ou, `${field}.ou`, maxUnits, unit),
  };
}

function unit(value: string, field: string): string {
  return text(value, field);
}
