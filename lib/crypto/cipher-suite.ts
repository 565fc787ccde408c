/**
 * A cipher suite is the named combination a peer can speak: a signature scheme, an agreement scheme and a hash function under one number,
 * always with AES-256-GCM. Suites are data: every combination of rows makes one, when it is first asked for. Spec: wire.md §2.
 */
import { UsageError } from '../base/errors.js';
import { kemByCode, kemSchemes, x25519Scheme } from './kem.js';
import { hashAlgorithms, sha256Algorithm } from './hash.js';
import type { AgreementScheme, HashAlgorithm, SignatureScheme } from './scheme.js';
import { signatureByCode, signatureSchemes } from './signature.js';

/** One suite; immutable, and the same object for the same number. */
export interface CipherSuite {
  /** For people and command lines, for example `mldsa87-mlkem1024`. */
  readonly name: string;
  /** The number on the wire. Spec: wire.md §2. */
  readonly packId: number;
  readonly signature: SignatureScheme;
  readonly agreement: AgreementScheme;
  /** Root, chain and message-chain keys are made with it and have the length of its digest. */
  readonly hash: HashAlgorithm;
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

/** Shorter ones would make keys of less than 256 bits. */
const suiteHashes: readonly HashAlgorithm[] = hashAlgorithms.filter(({ digestLength }) => digestLength >= sha256Algorithm.digestLength);

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

/** The usual hash is not named. */
function suiteName(signature: SignatureScheme, agreement: AgreementScheme, hash: HashAlgorithm): string {
  const schemes = signature.code === 0 && agreement.code === 0 ? 'curve25519' : `${plain(signature.name)}-${plain(agreement.name)}`;
  return hash === sha256Algorithm ? schemes : `${schemes}-${hash.name.toLowerCase().replace('sha-', 'sha')}`;
}

function suiteOf(signature: SignatureScheme, agreement: AgreementScheme, hash: HashAlgorithm): CipherSuite {
  const codes = { version: 0, signature: signature.code, agreement: agreement.code, symmetric: aes256Gcm, hash: hash.code };
  const isSpoken = !agreementsNotInReference.has(agreement.code) && !signaturesNotInReference.has(signature.code);
  return Object.freeze({
    name: suiteName(signature, agreement, hash),
    packId: packSuiteId(codes),
    signature,
    agreement,
    hash,
    isInReference: isSpoken && hash === sha256Algorithm,
  });
}

const madeSuites = new Map<number, CipherSuite>();

/** The suite of a pack id, made when it is first asked for; `undefined` when this build cannot speak it. */
function find(packId: number): CipherSuite | undefined {
  const made = madeSuites.get(packId);
  if (made !== undefined) return made;
  const { signature: signatureCode, agreement: agreementCode, hash: hashCode } = splitPackId(packId);
  const signature = signatureByCode(signatureCode);
  const agreement = kemByCode(agreementCode);
  const hash = suiteHashes.find(({ code }) => code === hashCode);
  if (signature === undefined || agreement === undefined || hash === undefined) return undefined;
  const suite = suiteOf(signature, agreement, hash);
  // What else the number says this build does not know: another version, another cipher.
  if (suite.packId !== packId) return undefined;
  madeSuites.set(packId, suite);
  return suite;
}

let allSuites: readonly CipherSuite[] | undefined;
let suitesByName: ReadonlyMap<string, CipherSuite> | undefined;

/** Every suite this build can speak, those with the usual hash first. */
export function suites(): readonly CipherSuite[] {
  allSuites ??= Object.freeze(
    [sha256Algorithm, ...suiteHashes.filter((hash) => hash !== sha256Algorithm)].flatMap((hash) =>
      signatureSchemes.flatMap((signature) =>
        [x25519Scheme, ...kemSchemes].map((agreement) => cipherSuite(suiteOf(signature, agreement, hash).packId)),
      ),
    ),
  );
  return allSuites;
}

/** The suite of a pack id. Throws `UsageError('unknown-suite')`. */
export function cipherSuite(packId: number): CipherSuite {
  const suite = find(packId);
  if (suite === undefined) throw new UsageError('unknown-suite', `no cipher suite has the pack id ${packId}`);
  return suite;
}

/** The suite of that name. Throws `UsageError('unknown-suite')`. */
export function suiteByName(name: string): CipherSuite {
  suitesByName ??= new Map(suites().map((suite) => [suite.name, suite]));
  const suite = suitesByName.get(name);
  if (suite === undefined) throw new UsageError('unknown-suite', 'no cipher suite has this name');
  return suite;
}

/** What new accounts use: ML-DSA-87, ML-KEM-1024 and SHA-256. Spec: wire.md §2. */
export const defaultSuite: CipherSuite = cipherSuite(0x00113101);
