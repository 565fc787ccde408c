/**
 * A cipher suite is the named combination a peer can speak: a signature scheme and an agreement scheme under one number, always with
 * AES-256-GCM and SHA-256. Suites are data: every pair of rows makes one. Spec: wire.md §2.
 */
import { UsageError } from '../base/errors.js';
import { kemSchemes, x25519Scheme } from './kem.js';
import type { AgreementScheme, SignatureScheme } from './scheme.js';
import { signatureSchemes } from './signature.js';

/** One suite; immutable, and the same object for the same number. */
export interface CipherSuite {
  /** For people and command lines, for example `mldsa87-mlkem1024`. */
  readonly name: string;
  /** The number on the wire. Spec: wire.md §2. */
  readonly packId: number;
  readonly signature: SignatureScheme;
  readonly agreement: AgreementScheme;
  /** Bytes of a hash: SHA-256. */
  readonly hashLength: 32;
  /** Whether the reference (e2ees v1.9.3) can hold a conversation in it. Spec: crypto.md §1. */
  readonly isInReference: boolean;
}

/** The parts of a pack id, each the wire's code. Spec: wire.md §2. */
export interface PackIdParts {
  readonly version: number;
  readonly signature: number;
  readonly agreement: number;
  readonly symmetric: number;
  readonly hash: number;
}

/** It has no encapsulation for Curve25519 (0) and looks Classic McEliece 460896F (77) up in vain. */
const agreementsNotInReference: ReadonlySet<number> = new Set([0, 77]);
/** It sends and expects Falcon's signatures (33, 41) in their greatest length, in which they do not verify. */
const signaturesNotInReference: ReadonlySet<number> = new Set([33, 41]);

const aes256Gcm = 0;
const sha2With256Bits = 1;

/** Packs the parts into a number below 2^32, each cut to its field. Spec: wire.md §2. */
export function packSuiteId({ version, signature, agreement, symmetric, hash }: PackIdParts): number {
  const id = ((version & 0xff) << 24) | ((signature & 0xff) << 16) | ((agreement & 0xff) << 8) | ((symmetric & 0xf) << 4) | (hash & 0xf);
  return id >>> 0;
}

/** The parts of a pack id. Spec: wire.md §2. */
export function splitPackId(id: number): PackIdParts {
  return {
    version: (id >>> 24) & 0xff,
    signature: (id >>> 16) & 0xff,
    agreement: (id >>> 8) & 0xff,
    symmetric: (id >>> 4) & 0xf,
    hash: id & 0xf,
  };
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/gu, '');
}

function suiteName(signature: SignatureScheme, agreement: AgreementScheme): string {
  if (signature.code === 0 && agreement.code === 0) return 'curve25519';
  return `${plain(signature.name)}-${plain(agreement.name)}`;
}

function suiteOf(signature: SignatureScheme, agreement: AgreementScheme): CipherSuite {
  const codes = { version: 0, signature: signature.code, agreement: agreement.code, symmetric: aes256Gcm, hash: sha2With256Bits };
  return Object.freeze({
    name: suiteName(signature, agreement),
    packId: packSuiteId(codes),
    signature,
    agreement,
    hashLength: 32,
    isInReference: !agreementsNotInReference.has(agreement.code) && !signaturesNotInReference.has(signature.code),
  });
}

const allSuites: readonly CipherSuite[] = Object.freeze(
  signatureSchemes.flatMap((signature) => [x25519Scheme, ...kemSchemes].map((agreement) => suiteOf(signature, agreement))),
);
const suitesByPackId: ReadonlyMap<number, CipherSuite> = new Map(allSuites.map((suite) => [suite.packId, suite]));
const suitesByName: ReadonlyMap<string, CipherSuite> = new Map(allSuites.map((suite) => [suite.name, suite]));

/** Every suite this build can speak. */
export function suites(): readonly CipherSuite[] {
  return allSuites;
}

/** The suite of a pack id. Throws `UsageError('unknown-suite')`. */
export function cipherSuite(packId: number): CipherSuite {
  const suite = suitesByPackId.get(packId);
  if (suite === undefined) throw new UsageError('unknown-suite', `no cipher suite has the pack id ${packId}`);
  return suite;
}

/** The suite of that name. Throws `UsageError('unknown-suite')`. */
export function suiteByName(name: string): CipherSuite {
  const suite = suitesByName.get(name);
  if (suite === undefined) throw new UsageError('unknown-suite', 'no cipher suite has this name');
  return suite;
}

/** What new accounts use: ML-DSA-87 and ML-KEM-1024. Spec: wire.md §2. */
export const defaultSuite: CipherSuite = cipherSuite(0x00113101);
