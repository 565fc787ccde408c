/**
 * Runs the core so that its fresh randomness comes out as it did for whoever made the vectors: an encapsulation or key pair whose public
 * half is known is answered with it, so that not only what was received but also what follows from it must agree.
 */
import type { Secret } from '../../lib/base/secret.js';
import { InternalError } from '../../lib/base/errors.js';
import { toHex } from '../../lib/base/bytes.js';
import { executeJob } from '../../lib/crypto/execute.js';
import { type Computation, type Job, type JobOutcome, drive } from '../../lib/crypto/job.js';
import { decapsulate } from '../../lib/crypto/kem.js';

/** A ciphertext that was made for `publicKey`, with the private key that opens it. */
export interface KnownEncapsulation {
  readonly publicKey: Uint8Array;
  readonly ciphertext: Uint8Array;
  readonly privateKey: Secret<'AgreementPrivateKey'>;
}

/** A key pair that was generated. */
export interface KnownKeyPair {
  readonly publicKey: Uint8Array;
  /** Copied for every use. */
  readonly privateKey: () => Secret<'AgreementPrivateKey'>;
}

/** What is known about the randomness of one step. */
export interface GivenRandomness {
  readonly encapsulations?: readonly KnownEncapsulation[];
  readonly keyPair?: KnownKeyPair;
}

/** Drives `computation`; work that needs randomness which is not given is refused. */
export function runGiven<T>(computation: Computation<T>, given: GivenRandomness): T {
  return drive(computation, (jobs) => jobs.map((job) => answer(job, given)));
}

function answer(job: Job, given: GivenRandomness): JobOutcome {
  if (job.operation === 'encapsulate') {
    const known = given.encapsulations?.find(({ publicKey }) => toHex(publicKey) === toHex(job.publicKey));
    if (known === undefined) return unknown('an encapsulation to this key');
    const sharedSecret = decapsulate(job.scheme, known.privateKey, known.ciphertext);
    return { ok: true, value: { ciphertext: known.ciphertext, sharedSecret } };
  }
  if (job.operation === 'agreement-key-pair') {
    if (given.keyPair === undefined) return unknown('a key pair');
    return { ok: true, value: { publicKey: given.keyPair.publicKey, privateKey: given.keyPair.privateKey() } };
  }
  return executeJob(job);
}

function unknown(what: string): JobOutcome {
  return { ok: false, error: new InternalError('unexpected-randomness', `${what} is not among the given randomness`) };
}
