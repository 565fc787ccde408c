/** Who does the expensive operations of a story: the testing addon, here and now, with randomness from the seed and key pairs from a pool. */
import type { Asymmetric } from '../../lib/client/asymmetric.js';
import type { RandomSource } from '../../lib/base/random.js';
import { Secret, copySecret } from '../../lib/base/secret.js';
import { type JobRunner, createExecutor } from '../../lib/crypto/execute.js';
import type { Computation, Job, JobOutcome } from '../../lib/crypto/job.js';
import type { AgreementKeyPair, SigningKeyPair } from '../../lib/crypto/key-pair.js';
import { seededBytes } from '../support/seeded-jobs.js';
import { testingAddon } from '../support/vectors-random.js';
import { type Dice, turns } from './dice.js';

/** No single operation of the suites that stories use draws more. */
const longestDraw = 256;

/** Of so many computations one takes some turns, as in a thread pool. */
const oneInPool = 3;

type KeyPair = AgreementKeyPair | SigningKeyPair;

/** The bytes of `seed`, one after another. */
export function seededRandom(seed: string): RandomSource {
  const draw = seededBytes(seed);
  return { fill: (out) => out.set(draw(out.length)) };
}

/** Does jobs with the bytes of `seed` as their randomness. */
function seededExecutor(seed: string): (job: Job) => JobOutcome {
  const addon = testingAddon();
  const executor = createExecutor(addon);
  const draw = seededBytes(seed);
  return (job) => {
    addon.clearQueuedRandom();
    addon.queueRandom(draw(longestDraw));
    return executor.executeJob(job);
  };
}

/** Key pairs that every story uses again from the beginning, each once. */
class KeyPool {
  readonly #make = seededExecutor('key pool');
  readonly #made = new Map<string, KeyPair[]>();

  /** Key pair `index` of its kind; the private half is the caller's. */
  take(job: Job & { readonly operation: 'agreement-key-pair' | 'signing-key-pair' }, index: number): KeyPair {
    const kind = kindOf(job);
    const made = this.#made.get(kind) ?? [];
    this.#made.set(kind, made);
    while (made.length <= index) {
      const outcome = this.#make(job);
      if (!outcome.ok) throw outcome.error;
      made.push(outcome.value as KeyPair);
    }
    const { publicKey, privateKey } = made[index]!;
    return { publicKey: publicKey.slice(), privateKey: new Secret(copySecret(privateKey.expose())) } as KeyPair;
  }
}

const pool = new KeyPool();

function kindOf(job: Job & { readonly operation: 'agreement-key-pair' | 'signing-key-pair' }): string {
  return `${job.operation} ${job.scheme.name}`;
}

/** The key pairs that one story has taken. */
export class StoryKeys {
  readonly #taken = new Map<string, number>();

  next(job: Job & { readonly operation: 'agreement-key-pair' | 'signing-key-pair' }): KeyPair {
    const kind = kindOf(job);
    const index = this.#taken.get(kind) ?? 0;
    this.#taken.set(kind, index + 1);
    return pool.take(job, index);
  }
}

function executorOf(seed: string, keys: StoryKeys): (job: Job) => JobOutcome {
  const execute = seededExecutor(seed);
  return (job) => {
    if (job.operation === 'agreement-key-pair' || job.operation === 'signing-key-pair') return { ok: true, value: keys.next(job) };
    return execute(job);
  };
}

/** The client's side. */
export function storyAsymmetric(seed: string, keys: StoryKeys, dice: Dice): Asymmetric {
  const execute = executorOf(seed, keys);
  const finish = async <T>(computation: Computation<T>, first: readonly Job[]): Promise<T> => {
    let jobs = first;
    for (;;) {
      await turns(1 + dice.below(3));
      const step = computation.next(jobs.map(execute));
      if (step.done === true) return step.value;
      jobs = step.value;
    }
  };
  return {
    run(computation) {
      let step = computation.next();
      while (step.done !== true) {
        if (dice.below(oneInPool) === 0) return finish(computation, step.value);
        step = computation.next(step.value.map(execute));
      }
      return step.value;
    },
  };
}

/** The relay's side. */
export function storyJobs(seed: string, keys: StoryKeys, dice: Dice): JobRunner {
  const execute = executorOf(seed, keys);
  return async (jobs) => {
    await turns(dice.below(3));
    return jobs.map(execute);
  };
}
