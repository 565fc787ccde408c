import { describe, expect, test } from '@jest/globals';
import { createAsymmetric, type JobExecutor } from '../../lib/client/asymmetric.js';
import { ProtocolError } from '../../lib/base/errors.js';
import { defaultSuite } from '../../lib/crypto/cipher-suite.js';
import { executeJob, executeJobs } from '../../lib/crypto/execute.js';
import { type Computation, type Job, type JobOutcome, all, one } from '../../lib/crypto/job.js';
import { x25519Scheme } from '../../lib/crypto/kem.js';
import { chainSecret } from '../support/chain-secret.js';

const scheme = defaultSuite.agreement;
const keyPair = { operation: 'agreement-key-pair', scheme } as const satisfies Job;

/** Notes what is asked of the real executor. */
class Watched implements JobExecutor {
  readonly batches: number[] = [];
  inline = 0;
  running = 0;
  most = 0;

  executeJob(job: Job): JobOutcome {
    this.inline += 1;
    return executeJob(job);
  }

  async executeJobs(jobs: readonly Job[]): Promise<JobOutcome[]> {
    this.batches.push(jobs.length);
    this.running += 1;
    this.most = Math.max(this.most, this.running);
    try {
      return await executeJobs(jobs);
    } finally {
      this.running -= 1;
    }
  }
}

function* nothing(): Computation<string> {
  return 'done';
}

function* pairs(count: number): Computation<number> {
  const made = yield* all(Array.from({ length: count }, () => keyPair));
  for (const { privateKey } of made) privateKey.wipe();
  return made.length;
}

describe('asymmetric work', () => {
  test('a computation without jobs gives its value at once', () => {
    const executor = new Watched();
    expect(createAsymmetric(executor).run(nothing())).toBe('done');
    expect(executor.batches).toEqual([]);
  });

  test('jobs of computations started together share batches, and no more than four batches run at a time', async () => {
    const executor = new Watched();
    const asymmetric = createAsymmetric(executor);
    const results = await Promise.all(Array.from({ length: 40 }, async () => asymmetric.run(pairs(5))));
    expect(results).toEqual(Array.from({ length: 40 }, () => 5));
    expect(executor.batches.reduce((sum, length) => sum + length, 0) + executor.inline).toBe(200);
    expect(executor.batches.length).toBeLessThan(40);
    expect(Math.max(...executor.batches)).toBeLessThanOrEqual(32);
    expect(executor.most).toBeLessThanOrEqual(4);
  });

  test('what is known to be cheap runs inline, within the turn’s budget', async () => {
    const executor = new Watched();
    const asymmetric = createAsymmetric({
      executeJob: (job) => executor.executeJob(job),
      // Free in the pool, so that the measured cost is that of the inline runs.
      executeJobs: (jobs) => {
        executor.batches.push(jobs.length);
        return Promise.resolve(jobs.map((job) => executeJob(job)));
      },
    });
    function* cheap(): Computation<void> {
      (yield* one({ operation: 'agreement-key-pair', scheme: x25519Scheme })).privateKey.wipe();
    }
    for (let round = 0; round < 20 && executor.inline === 0; round += 1) await asymmetric.run(cheap());
    expect(executor.inline).toBeGreaterThan(0);
    const before = executor.inline;
    await Promise.all(Array.from({ length: 500 }, async () => asymmetric.run(cheap())));
    // 500 of them take some 20 ms: more than one turn may spend.
    expect(executor.inline - before).toBeLessThan(500);
  });

  test('a refusal reaches the computation that asked, and only that', async () => {
    const asymmetric = createAsymmetric();
    function* refused(): Computation<string> {
      yield* one({ operation: 'walk-chain', chainKey: chainSecret(new Uint8Array(32)), steps: 70_000 });
      return 'unreachable';
    }
    const [bad, good] = await Promise.allSettled([asymmetric.run(refused()), asymmetric.run(pairs(2))]);
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'argument-range' } });
    expect(good).toEqual({ status: 'fulfilled', value: 2 });
  });

  test('an aborted computation cleans up, and what was under way for it is wiped', async () => {
    const made: JobOutcome[] = [];
    const asymmetric = createAsymmetric({
      executeJob,
      executeJobs: async (jobs) => {
        const outcomes = await executeJobs(jobs);
        made.push(...outcomes);
        return outcomes;
      },
    });
    let cleaned = false;
    function* careful(): Computation<number> {
      try {
        return yield* pairs(3);
      } finally {
        cleaned = true;
      }
    }
    const reason = new ProtocolError('stop', 'no longer wanted');
    const abort = new AbortController();
    const running = asymmetric.run(careful(), abort.signal);
    abort.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(cleaned).toBe(true);
    const lengths = made.map((outcome) =>
      outcome.ok && typeof outcome.value === 'object' && 'privateKey' in outcome.value ? outcome.value.privateKey.length : -1,
    );
    expect(lengths).toEqual([0, 0, 0]);
  });

  test('a pool that fails is an error of the package, not a hang', async () => {
    const asymmetric = createAsymmetric({ executeJob, executeJobs: () => Promise.reject(new Error('no threads')) });
    await expect(asymmetric.run(pairs(1))).rejects.toMatchObject({ name: 'InternalError', code: 'pool' });
    const short = createAsymmetric({ executeJob, executeJobs: () => Promise.resolve([]) });
    await expect(short.run(pairs(1))).rejects.toMatchObject({ name: 'InternalError', code: 'missing-outcome' });
  });
});
