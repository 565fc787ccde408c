/**
 * Does the jobs that the pure core asks for: inline, or as one batch in the addon's thread pool. Design D2, D3.
 */
import { E2eeError } from '../base/errors.js';
import { Secret, allocateSecret } from '../base/secret.js';
import type { AddonJob, AddonJobResult, AddonOperation, NativeAddon } from './addon.js';
import { ChainSecret, messageKeyBlock, messageKeys, splitMessageKeys, walkChain } from './chain.js';
import type { Computation, Job, JobOutcome } from './job.js';
import { drive } from './job.js';
import { agree, decapsulate, encapsulate, generateAgreementKeyPair, isEncapsulatedTo } from './kem.js';
import { addon, asPackageError, errorOfCode } from './native.js';
import { generateSigningKeyPair, sign, verify } from './signature.js';

type JobValue = Extract<JobOutcome, { ok: true }>['value'];

/** A job in the addon's terms, and how its outputs become a result. */
interface PoolJob {
  readonly request: AddonJob;
  readonly result: (value: number) => JobValue;
}

/** Does `jobs` as one batch; the outcomes stand in the same order. One job's refusal does not touch the others. */
export type JobRunner = (jobs: readonly Job[]) => Promise<JobOutcome[]>;

/** Does jobs on one addon. */
export interface Executor {
  /** Does `job` now, on this thread. */
  executeJob(job: Job): JobOutcome;
  /** Does `jobs` in the thread pool. */
  readonly executeJobs: JobRunner;
}

function runNow(job: Job, native: NativeAddon): JobValue {
  switch (job.operation) {
    case 'agreement-key-pair':
      return generateAgreementKeyPair(job.scheme, native);
    case 'signing-key-pair':
      return generateSigningKeyPair(job.scheme, native);
    case 'encapsulate':
      return encapsulate(job.scheme, job.publicKey, native);
    case 'decapsulate':
      return decapsulate(job.scheme, job.privateKey, job.ciphertext, native);
    case 'is-encapsulated-to':
      return isEncapsulatedTo(job.scheme, job.privateKey, job.ciphertext, native);
    case 'agree':
      return agree(job.scheme, job.privateKey, job.publicKey, native);
    case 'sign':
      return sign(job.scheme, job.privateKey, job.message, native);
    case 'verify':
      return verify(job.scheme, job.publicKey, job.message, job.signature, native);
    case 'walk-chain':
      return walkChain(job.chainKey, job.steps, native);
    case 'message-keys':
      return messageKeys(job.chainKey, job.count, native);
  }
}

function request(
  operation: AddonOperation,
  scheme: number,
  inputs: readonly Uint8Array[],
  outputs: readonly Uint8Array[],
  count = 0,
): AddonJob {
  return { operation, scheme, count, inputs, outputs };
}

function keyPairJob<Kind extends 'AgreementPrivateKey' | 'SigningPrivateKey'>(
  operation: 'kem-key-pair' | 'signature-key-pair',
  scheme: { readonly code: number; readonly publicKeyLength: number; readonly privateKeyLength: number },
): { readonly request: AddonJob; readonly result: () => { publicKey: Uint8Array; privateKey: Secret<Kind> } } {
  const publicKey = new Uint8Array(new ArrayBuffer(scheme.publicKeyLength));
  const privateKey = allocateSecret(scheme.privateKeyLength);
  return {
    request: request(operation, scheme.code, [], [publicKey, privateKey]),
    result: () => ({ publicKey, privateKey: new Secret<Kind>(privateKey) }),
  };
}

/** `undefined`: not worth a thread (X25519 takes 41 us) or nothing to do, so it runs inline. */
function poolJob(job: Job): PoolJob | undefined {
  switch (job.operation) {
    case 'agree':
      return undefined;
    case 'agreement-key-pair':
      return job.scheme.kind === 'kem' ? keyPairJob<'AgreementPrivateKey'>('kem-key-pair', job.scheme) : undefined;
    case 'signing-key-pair':
      return keyPairJob<'SigningPrivateKey'>('signature-key-pair', job.scheme);
    case 'encapsulate': {
      const ciphertext = new Uint8Array(new ArrayBuffer(job.scheme.ciphertextLength));
      const sharedSecret = allocateSecret(job.scheme.sharedSecretLength);
      return {
        request: request('kem-encapsulate', job.scheme.code, [job.publicKey], [ciphertext, sharedSecret]),
        result: () => ({ ciphertext, sharedSecret: new Secret(sharedSecret) }),
      };
    }
    case 'decapsulate': {
      const sharedSecret = allocateSecret(job.scheme.sharedSecretLength);
      return {
        request: request('kem-decapsulate', job.scheme.code, [job.privateKey.expose(), job.ciphertext], [sharedSecret]),
        result: () => new Secret<'SharedSecret'>(sharedSecret),
      };
    }
    case 'is-encapsulated-to':
      return {
        request: request('kem-is-encapsulated-to', job.scheme.code, [job.privateKey.expose(), job.ciphertext], []),
        result: (value) => value === 1,
      };
    case 'sign': {
      const signature = new Uint8Array(new ArrayBuffer(job.scheme.signatureLength));
      return {
        request: request('sign', job.scheme.code, [job.privateKey.expose(), job.message], [signature]),
        result: (length) => (length === signature.length ? signature : signature.slice(0, length)),
      };
    }
    case 'verify':
      return {
        request: request('verify', job.scheme.code, [job.publicKey, job.message, job.signature], []),
        result: (value) => value === 1,
      };
    case 'walk-chain': {
      const { hash } = job.chainKey;
      const out = allocateSecret(hash.digestLength);
      return {
        request: request('chain-walk', hash.code, [job.chainKey.expose()], [out], job.steps),
        result: () => new ChainSecret(hash, out),
      };
    }
    case 'message-keys': {
      if (job.count === 0) return undefined;
      const block = messageKeyBlock(job.count);
      return {
        request: request('chain-message-keys', job.chainKey.hash.code, [job.chainKey.expose()], [block], job.count),
        result: () => splitMessageKeys(block),
      };
    }
  }
}

function refusal(thrown: unknown): JobOutcome {
  if (thrown instanceof E2eeError) return { ok: false, error: thrown };
  throw thrown;
}

function outcomeOf(job: PoolJob, result: AddonJobResult | undefined): JobOutcome {
  if (typeof result === 'number') return { ok: true, value: job.result(result) };
  return { ok: false, error: errorOfCode(result ?? 'crypto-failed', `the operation ${job.request.operation} was refused`) };
}

/** An executor over `native`: the shipped addon, or the testing build whose randomness is given. */
export function createExecutor(native: NativeAddon): Executor {
  function executeJob(job: Job): JobOutcome {
    try {
      return { ok: true, value: runNow(job, native) };
    } catch (thrown) {
      return refusal(thrown);
    }
  }

  /** A malformed argument refuses the whole batch at the call; then each job goes on its own, so that only the guilty one fails. */
  async function runPool(jobs: readonly PoolJob[]): Promise<JobOutcome[]> {
    try {
      const results = await native.runBatch(jobs.map((job) => job.request));
      return jobs.map((job, index) => outcomeOf(job, results[index]));
    } catch (thrown) {
      if (jobs.length === 1) return [{ ok: false, error: asPackageError(thrown) }];
      return (await Promise.all(jobs.map((job) => runPool([job])))).flat();
    }
  }

  async function executeJobs(jobs: readonly Job[]): Promise<JobOutcome[]> {
    const outcomes: JobOutcome[] = [];
    const pooled: { readonly index: number; readonly job: PoolJob }[] = [];
    for (const [index, job] of jobs.entries()) {
      try {
        const prepared = poolJob(job);
        if (prepared === undefined) outcomes[index] = executeJob(job);
        else pooled.push({ index, job: prepared });
      } catch (thrown) {
        outcomes[index] = refusal(thrown);
      }
    }
    if (pooled.length === 0) return outcomes;
    const results = await runPool(pooled.map(({ job }) => job));
    for (const [position, outcome] of results.entries()) {
      const place = pooled[position];
      if (place !== undefined) outcomes[place.index] = outcome;
    }
    return outcomes;
  }

  return { executeJob, executeJobs };
}

const shipped = createExecutor(addon);

/** Does `job` now, on this thread. */
export function executeJob(job: Job): JobOutcome {
  return shipped.executeJob(job);
}

/** Does `jobs` in the thread pool as one batch; the outcomes stand in the same order. */
export function executeJobs(jobs: readonly Job[]): Promise<JobOutcome[]> {
  return shipped.executeJobs(jobs);
}

/** Drives `computation` to its end on this thread. */
export function runInline<T>(computation: Computation<T>): T {
  return drive(computation, (jobs) => jobs.map(executeJob));
}
