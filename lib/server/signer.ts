/**
 * The relay's signature: on bundles and control pushes, over their fingerprint, made in the thread pool. Spec: crypto.md §12, design D9.
 */
import { createHash } from 'node:crypto';
import { copyBytes } from '../base/bytes.js';
import type { Clock } from '../base/clock.js';
import { InternalError } from '../base/errors.js';
import { Secret } from '../base/secret.js';
import type { JobRunner } from '../crypto/execute.js';
import { sha256 } from '../crypto/hash.js';
import type { Job } from '../crypto/job.js';
import type { SigningKeyPair } from '../crypto/key-pair.js';
import type { SignatureScheme } from '../crypto/scheme.js';
import { signatureByCode } from '../crypto/signature.js';
import type { RecordReader, RecordWriter } from '../store/record.js';
import type { RelayStore } from '../store/relay-store.js';
import type { SignedBundle } from '../wire/account.js';
import type { Certificate, ServerSignature, Subject } from '../wire/certificate.js';
import { decodeCertificate, encodeCertificate } from '../wire/certificate.js';
import { bundleFingerprint } from '../wire/fingerprint.js';
import type { Push, PushParts } from '../wire/push.js';
import { partsOf } from '../wire/push.js';
import { certificateLifetime, issueCertificate, renewalMargin, sha256Code } from './certificate.js';
import { Pauses } from './pauses.js';

const rowName = 'signer';
const signatureVersion = 1;

/** A push as it is signed: everything but the signatures. */
export type PushStatement = Omit<Push, 'signatures'>;

/** What is signed of a push, 32 bytes; not copied together first, because a group's payload is hashed once for each device. Spec: crypto.md §12. */
export function pushFingerprint({ tag, from, to, payload }: PushParts): Uint8Array {
  const hash = createHash('sha256');
  for (const part of [tag, from, to, payload]) if (part !== undefined) hash.update(part);
  return copyBytes(hash.digest());
}

interface SignerKeys {
  readonly scheme: SignatureScheme;
  readonly root: SigningKeyPair;
  readonly server: SigningKeyPair;
  readonly rootCertificate: Certificate;
  readonly certificate: Certificate;
}

/** Signs for the relay. */
export class Signer {
  readonly #keys: SignerKeys;
  readonly #subject: Subject;
  readonly #keyFingerprint: Uint8Array;
  readonly #runJobs: JobRunner;

  constructor(keys: SignerKeys, runJobs: JobRunner) {
    this.#keys = keys;
    this.#runJobs = runJobs;
    this.#subject = keys.certificate.content.subject;
    this.#keyFingerprint = sha256(keys.server.publicKey);
  }

  /** What clients verify signatures with; sent in the answer to a registration. */
  get certificate(): Certificate {
    return this.#keys.certificate;
  }

  /** Its issuer, self-signed; for clients that pin it. */
  get rootCertificate(): Certificate {
    return this.#keys.rootCertificate;
  }

  /** Signatures of pushes, in their order. Hashing long payloads lets others run in between. */
  async signPushes(statements: readonly PushStatement[]): Promise<ServerSignature[]> {
    const pauses = new Pauses();
    const fingerprints: Uint8Array[] = [];
    for (const statement of statements) {
      fingerprints.push(pushFingerprint(partsOf(statement)));
      const pause = pauses.after(statement.payload.bytes.length);
      if (pause !== undefined) await pause;
    }
    return this.#sign(fingerprints);
  }

  /** Signs bundles as they are handed out. */
  async signBundles(bundles: readonly SignedBundle['bundle'][]): Promise<SignedBundle[]> {
    const signatures = await this.#sign(bundles.map((bundle) => bundleFingerprint(bundle)));
    return bundles.map((bundle, index) => ({ bundle, signature: signatures[index] }));
  }

  /** Wipes the private keys. */
  close(): void {
    this.#keys.root.privateKey.wipe();
    this.#keys.server.privateKey.wipe();
  }

  async #sign(fingerprints: readonly Uint8Array[]): Promise<ServerSignature[]> {
    const { scheme, server } = this.#keys;
    const jobs: Job[] = fingerprints.map((message) => ({ operation: 'sign', scheme, privateKey: server.privateKey, message }));
    const outcomes = await this.#runJobs(jobs);
    return fingerprints.map((messageFingerprint, index) => {
      const outcome = outcomes[index];
      if (outcome?.ok !== true) throw outcome?.error ?? new InternalError('signing', 'a signature is missing');
      if (!(outcome.value instanceof Uint8Array)) throw new InternalError('signing', 'a signature is not bytes');
      return {
        version: signatureVersion,
        hashAlgorithm: sha256Code,
        signingAlgorithm: scheme.code,
        signer: this.#subject,
        signingKeyFingerprint: this.#keyFingerprint,
        messageFingerprint,
        signature: outcome.value,
      };
    });
  }
}

/**
 * The relay's signer: its keys from the store, or new ones at the first start. A certificate near its end is renewed. `scheme` counts only for
 * new keys. Throws `StoreError`.
 */
export async function openSigner(
  store: RelayStore,
  scheme: SignatureScheme,
  domain: string,
  clock: Clock,
  runJobs: JobRunner,
): Promise<Signer> {
  const stored = await store.own(rowName, readKeys);
  const keys = stored === undefined ? await generateKeys(scheme, domain, clock.now(), runJobs) : renew(stored, clock.now());
  if (keys !== stored) await store.commit([store.putOwn(rowName, (writer) => writeKeys(writer, keys))]);
  return new Signer(keys, runJobs);
}

async function generateKeys(scheme: SignatureScheme, domain: string, now: number, runJobs: JobRunner): Promise<SignerKeys> {
  const [root, server] = await generateKeyPairs(scheme, runJobs);
  const rootSubject = subject(`${domain} root`, domain);
  const rootCertificate = issueCertificate({
    scheme,
    issuer: rootSubject,
    issuerKeyPair: root,
    subject: rootSubject,
    publicKey: root.publicKey,
    now,
    lifetime: certificateLifetime.root,
  });
  return { scheme, root, server, rootCertificate, certificate: serverCertificate(scheme, root, rootSubject, server, domain, now) };
}

function renew(keys: SignerKeys, now: number): SignerKeys {
  const { scheme, root, server, rootCertificate, certificate } = keys;
  if (certificate.content.notAfter - now > renewalMargin) return keys;
  const { subject: issuer } = rootCertificate.content;
  return { ...keys, certificate: serverCertificate(scheme, root, issuer, server, certificate.content.subject.domain, now) };
}

function serverCertificate(
  scheme: SignatureScheme,
  root: SigningKeyPair,
  issuer: Subject,
  server: SigningKeyPair,
  domain: string,
  now: number,
): Certificate {
  return issueCertificate({
    scheme,
    issuer,
    issuerKeyPair: root,
    subject: subject(domain, domain),
    publicKey: server.publicKey,
    now,
    lifetime: certificateLifetime.server,
  });
}

function subject(commonName: string, domain: string): Subject {
  return { commonName, domain, organisation: domain, units: [] };
}

async function generateKeyPairs(scheme: SignatureScheme, runJobs: JobRunner): Promise<[SigningKeyPair, SigningKeyPair]> {
  const outcomes = await runJobs([
    { operation: 'signing-key-pair', scheme },
    { operation: 'signing-key-pair', scheme },
  ]);
  const [root, server] = outcomes.map((outcome): SigningKeyPair => {
    if (!outcome.ok) throw outcome.error;
    const { value } = outcome;
    if (typeof value !== 'object' || !('publicKey' in value)) throw new InternalError('signing', 'a key pair is missing');
    return { publicKey: value.publicKey, privateKey: new Secret(value.privateKey.expose()) };
  });
  if (root === undefined || server === undefined) throw new InternalError('signing', 'a key pair is missing');
  return [root, server];
}

function writeKeys(writer: RecordWriter, keys: SignerKeys): void {
  writer
    .uint(keys.scheme.code)
    .bytes(keys.root.publicKey)
    .bytes(keys.root.privateKey.expose())
    .bytes(keys.server.publicKey)
    .bytes(keys.server.privateKey.expose())
    .bytes(encodeCertificate(keys.rootCertificate))
    .bytes(encodeCertificate(keys.certificate));
}

function readKeys(reader: RecordReader): SignerKeys {
  const scheme = signatureByCode(reader.uint());
  if (scheme === undefined) reader.fail('the relay signs with a scheme that this build does not have');
  const pair = (): SigningKeyPair => ({
    publicKey: reader.bytes(scheme.publicKeyLength),
    privateKey: new Secret(reader.bytes(scheme.privateKeyLength)),
  });
  return {
    scheme,
    root: pair(),
    server: pair(),
    rootCertificate: decodeCertificate(reader.bytes()),
    certificate: decodeCertificate(reader.bytes()),
  };
}
