/**
 * Expensive work as a value. The pure core never calls an asymmetric operation: it is a generator that yields the jobs it needs
 * and is resumed with their results. Whoever drives it decides where they run: inline, in the thread pool, or from a seeded twin.
 * Design D2.
 */
import type { E2eeError } from '../base/errors.js';
import type { Secret } from '../base/secret.js';
import type { ChainSecret } from './chain.js';
import type { AgreementKeyPair, Encapsulation, SigningKeyPair } from './key-pair.js';
import type { AgreementScheme, DiffieHellmanScheme, KemScheme, SignatureScheme } from './scheme.js';

/** One piece of work. Which result belongs to which operation is said by {@link JobResult}. */
export type Job =
  | { readonly operation: 'agreement-key-pair'; readonly scheme: AgreementScheme }
  | { readonly operation: 'signing-key-pair'; readonly scheme: SignatureScheme }
  | { readonly operation: 'encapsulate'; readonly scheme: KemScheme; readonly publicKey: Uint8Array }
  | {
      readonly operation: 'decapsulate';
      readonly scheme: KemScheme;
      readonly privateKey: Secret<'AgreementPrivateKey'>;
      readonly ciphertext: Uint8Array;
    }
  | {
      readonly operation: 'is-encapsulated-to';
      readonly scheme: KemScheme;
      readonly privateKey: Secret<'AgreementPrivateKey'>;
      readonly ciphertext: Uint8Array;
    }
  | {
      readonly operation: 'agree';
      readonly scheme: DiffieHellmanScheme;
      readonly privateKey: Secret<'AgreementPrivateKey'>;
      readonly publicKey: Uint8Array;
    }
  | {
      readonly operation: 'sign';
      readonly scheme: SignatureScheme;
      readonly privateKey: Secret<'SigningPrivateKey'>;
      readonly message: Uint8Array;
    }
  | {
      readonly operation: 'verify';
      readonly scheme: SignatureScheme;
      readonly publicKey: Uint8Array;
      readonly message: Uint8Array;
      readonly signature: Uint8Array;
    }
  | { readonly operation: 'walk-chain'; readonly chainKey: ChainSecret; readonly steps: number }
  | { readonly operation: 'message-keys'; readonly chainKey: ChainSecret; readonly count: number };

interface ResultOf {
  'agreement-key-pair': AgreementKeyPair;
  'signing-key-pair': SigningKeyPair;
  encapsulate: Encapsulation;
  decapsulate: Secret<'SharedSecret'>;
  'is-encapsulated-to': boolean;
  agree: Secret<'SharedSecret'>;
  sign: Uint8Array;
  verify: boolean;
  'walk-chain': ChainSecret;
  'message-keys': readonly Secret<'MessageKey'>[];
}

/** What a job of type `J` gives. Secrets in it belong to whoever asked. */
export type JobResult<J extends Job> = ResultOf[J['operation']];

/** The outcome of any job: its result, or why it was refused. */
export type JobOutcome =
  { readonly ok: true; readonly value: ResultOf[keyof ResultOf] } | { readonly ok: false; readonly error: E2eeError };

/** A synchronous transition that may need expensive work on its way: yields batches of jobs, is resumed with their outcomes in the same order. */
export type Computation<T> = Generator<readonly Job[], T, readonly JobOutcome[]>;

/** Runs all of `jobs` in one batch; throws the first refusal after wiping what the others gave. */
export function* all<const J extends readonly Job[]>(jobs: J): Computation<{ [K in keyof J]: JobResult<J[K]> }> {
  const outcomes = yield jobs;
  const refused = outcomes.find((outcome) => !outcome.ok);
  if (refused !== undefined) {
    for (const outcome of outcomes) if (outcome.ok) wipeResult(outcome.value);
    throw refused.error;
  }
  return outcomes.map((outcome) => (outcome as { value: unknown }).value) as unknown as { [K in keyof J]: JobResult<J[K]> };
}

/** Runs one job; throws its refusal. */
export function* one<J extends Job>(job: J): Computation<JobResult<J>> {
  const [outcome] = yield [job];
  if (outcome?.ok !== true) throw (outcome as { error: E2eeError }).error;
  return outcome.value as JobResult<J>;
}

/** Wipes the secrets inside a job's result that nobody is going to use. */
export function wipeResult(result: ResultOf[keyof ResultOf]): void {
  if (typeof result === 'boolean' || result instanceof Uint8Array) return;
  if ('wipe' in result) result.wipe();
  else if ('privateKey' in result) result.privateKey.wipe();
  else if ('sharedSecret' in result) result.sharedSecret.wipe();
  else for (const key of result) key.wipe();
}

/** Drives `computation` to its end with `run` for each batch. */
export function drive<T>(computation: Computation<T>, run: (jobs: readonly Job[]) => readonly JobOutcome[]): T {
  let step = computation.next();
  while (step.done !== true) step = computation.next(run(step.value));
  return step.value;
}
