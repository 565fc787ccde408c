/**
 * Who does the expensive work that the pure core asks for. Design D2.
 *
 * Owns: where a job runs (inline or in the thread pool), how jobs of different computations share a batch, and what happens to results that
 * nobody wants any more. Does not own: what a job is, and the state that asked for it.
 */
import { E2eeError, InternalError } from '../base/errors.js';
import { executeJob, executeJobs } from '../crypto/execute.js';
import { type Computation, type Job, type JobOutcome, wipeResult } from '../crypto/job.js';

/** Drives computations to their end. */
export interface Asymmetric {
  /**
   * Gives the computation's value: at once when no job had to wait. Throws or rejects with what the computation throws, or with the
   * signal's reason; then results that were under way are wiped and the computation has cleaned up.
   */
  run<T>(computation: Computation<T>, signal?: AbortSignal): T | Promise<T>;
}

/** What does single jobs and batches. */
export interface JobExecutor {
  executeJob(job: Job): JobOutcome;
  executeJobs(jobs: readonly Job[]): Promise<JobOutcome[]>;
}

/** A job known to take less may run on the main thread, ms. Design D2. */
const inlineCost = 0.2;
/** Time that jobs may take from one turn of the event loop, ms. Design D2. */
const inlineBudget = 1;
/** Weight of the newest measurement in the moving average. */
const newestWeight = 0.2;
/** Batches in the pool at a time: libuv has four threads by default, and the store's files need none of them. */
const parallelBatches = 4;
/** Jobs in one batch: large enough to make the hand-over (some 30 us) cheap, small enough for others to come in between. */
const batchLength = 32;

interface Waiting {
  readonly job: Job;
  readonly settle: (outcome: JobOutcome) => void;
}

/** The kind of work a job is: what it costs depends on nothing else, but for walks, which grow with their length and never run inline here. */
function kindOf(job: Job): string | undefined {
  return 'scheme' in job ? `${job.operation} ${job.scheme.name}` : undefined;
}

class PooledAsymmetric implements Asymmetric {
  readonly #executor: JobExecutor;
  readonly #costs = new Map<string, number>();
  readonly #waiting: Waiting[] = [];
  #running = 0;
  #spent = 0;
  #flushing = false;
  #turnEnds = false;

  constructor(executor: JobExecutor) {
    this.#executor = executor;
  }

  run<T>(computation: Computation<T>, signal?: AbortSignal): T | Promise<T> {
    let step = computation.next();
    while (step.done !== true) {
      const outcomes = this.#tryInline(step.value);
      if (outcomes === undefined) return this.#finish(computation, step.value, signal);
      step = computation.next(outcomes);
    }
    return step.value;
  }

  async #finish<T>(computation: Computation<T>, first: readonly Job[], signal: AbortSignal | undefined): Promise<T> {
    let jobs = first;
    for (;;) {
      const outcomes = this.#tryInline(jobs) ?? (await this.#pool(jobs));
      if (signal?.aborted === true) {
        for (const outcome of outcomes) if (outcome.ok) wipeResult(outcome.value);
        return abandon(computation, signal.reason);
      }
      const step = computation.next(outcomes);
      if (step.done === true) return step.value;
      jobs = step.value;
    }
  }

  /** Does `jobs` here and now if each is known to be cheap and the turn's budget allows. */
  #tryInline(jobs: readonly Job[]): readonly JobOutcome[] | undefined {
    let expected = 0;
    for (const job of jobs) {
      const kind = kindOf(job);
      const cost = kind === undefined ? undefined : this.#costs.get(kind);
      if (cost === undefined || cost > inlineCost) return undefined;
      expected += cost;
    }
    if (this.#spent + expected > inlineBudget) return undefined;
    this.#endTurn();
    return jobs.map((job) => {
      const start = performance.now();
      const outcome = this.#executor.executeJob(job);
      const took = performance.now() - start;
      this.#spent += took;
      this.#learn(job, took);
      return outcome;
    });
  }

  #endTurn(): void {
    if (this.#turnEnds) return;
    this.#turnEnds = true;
    setImmediate(() => {
      this.#turnEnds = false;
      this.#spent = 0;
    });
  }

  #learn(job: Job, took: number): void {
    const kind = kindOf(job);
    if (kind === undefined) return;
    const known = this.#costs.get(kind);
    this.#costs.set(kind, known === undefined ? took : known + newestWeight * (took - known));
  }

  #pool(jobs: readonly Job[]): Promise<JobOutcome[]> {
    return Promise.all(
      jobs.map(
        (job) =>
          new Promise<JobOutcome>((settle) => {
            this.#waiting.push({ job, settle });
            this.#flushSoon();
          }),
      ),
    );
  }

  /** After the running callbacks, so that computations started together share batches. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    while (this.#running < parallelBatches && this.#waiting.length > 0) {
      const share = Math.ceil(this.#waiting.length / (parallelBatches - this.#running));
      void this.#runBatch(this.#waiting.splice(0, Math.min(share, batchLength)));
    }
  }

  async #runBatch(batch: readonly Waiting[]): Promise<void> {
    this.#running += 1;
    const start = performance.now();
    const outcomes = await this.#outcomes(batch.map(({ job }) => job));
    const took = (performance.now() - start) / batch.length;
    this.#running -= 1;
    for (const [position, { job, settle }] of batch.entries()) {
      // The time includes waiting for a thread, so it is an upper bound; a kind that looks cheap even so is.
      if (isOfOneKind(batch)) this.#learn(job, took);
      settle(outcomes[position] ?? { ok: false, error: new InternalError('missing-outcome', 'a batch gave fewer outcomes than jobs') });
    }
    this.#flush();
  }

  async #outcomes(jobs: readonly Job[]): Promise<readonly JobOutcome[]> {
    try {
      return await this.#executor.executeJobs(jobs);
    } catch (cause) {
      const error = cause instanceof E2eeError ? cause : new InternalError('pool', 'the thread pool failed', { cause });
      return jobs.map(() => ({ ok: false, error }));
    }
  }
}

function isOfOneKind(batch: readonly Waiting[]): boolean {
  const [first] = batch;
  return first !== undefined && batch.every(({ job }) => kindOf(job) === kindOf(first.job));
}

/** Lets the computation clean up after itself and throws `reason`. */
function abandon<T>(computation: Computation<T>, reason: unknown): T {
  computation.throw(reason);
  throw reason;
}

/** Runs jobs with `executor`: by default the addon's. */
export function createAsymmetric(executor: JobExecutor = { executeJob, executeJobs }): Asymmetric {
  return new PooledAsymmetric(executor);
}
