/**
 * How a figure is made: our code and the raw C loop take turns in the same process, round after round, so that what the machine does
 * meanwhile hits both. The median of the rounds counts.
 */

/** One figure of the report. */
export interface Figure {
  /** Stable: later runs are compared by it. */
  readonly name: string;
  readonly suite?: string;
  readonly algorithm?: string;
  readonly opsPerSecond: number;
  /** Median over the rounds of raw time over our time; 1 means no overhead over the C library. */
  readonly ratioToRaw?: number;
  readonly rawOpsPerSecond?: number;
  /** Median over the rounds of the time in mbed TLS over our time, for what runs on instructions of the processor. */
  readonly ratioToPortable?: number;
  readonly rounds: number;
  /** What one operation is, and anything a reader must know to judge the figure. */
  readonly about: string;
}

/** What is measured. */
export interface Case {
  readonly name: string;
  readonly suite?: string;
  readonly algorithm?: string;
  readonly about: string;
  /** Does the operation `iterations` times; synchronous or not. */
  run(iterations: number): void | Promise<void>;
  /** The same steps as a C loop; gives the seconds it took. */
  readonly raw?: (iterations: number) => number;
  /** The same without the instructions that this processor has for it, as a C loop; gives the seconds it took. */
  readonly portable?: (iterations: number) => number;
  /** Upper bound of iterations a round, where each one leaves something behind. */
  readonly maxIterations?: number;
}

/** Figures that share a set-up: made only when one of them is wanted, and released after. */
export interface Group {
  readonly names: readonly string[];
  prepare(): Promise<{ readonly cases: readonly Case[]; close(): Promise<void> }>;
}

/** Effort of a run. */
export interface Effort {
  readonly rounds: number;
  /** Seconds one round of one side takes at least. */
  readonly roundSeconds: number;
}

/** What the published figures use. */
export const fullEffort: Effort = { rounds: 5, roundSeconds: 0.5 };

/** Enough to see that everything runs. */
export const quickEffort: Effort = { rounds: 5, roundSeconds: 0.1 };

/** Measures `subject`; the first round of either side only warms up. */
export async function measure(subject: Case, effort: Effort): Promise<Figure> {
  const iterations = await calibrate(subject, effort.roundSeconds);
  const ours: number[] = [];
  const raws: number[] = [];
  const portables: number[] = [];
  for (let round = 0; round <= effort.rounds; round += 1) {
    globalThis.gc?.();
    const seconds = await time(() => subject.run(iterations));
    const rawSeconds = subject.raw?.(iterations);
    const portableSeconds = subject.portable?.(iterations);
    if (round === 0) continue;
    ours.push(seconds / iterations);
    if (rawSeconds !== undefined) raws.push(rawSeconds / iterations);
    if (portableSeconds !== undefined) portables.push(portableSeconds / iterations);
  }
  const { name, about } = subject;
  return {
    name,
    ...(subject.suite === undefined ? {} : { suite: subject.suite }),
    ...(subject.algorithm === undefined ? {} : { algorithm: subject.algorithm }),
    opsPerSecond: 1 / median(ours),
    ...(raws.length === 0 ? {} : { rawOpsPerSecond: 1 / median(raws), ratioToRaw: ratioOf(raws, ours) }),
    ...(portables.length === 0 ? {} : { ratioToPortable: ratioOf(portables, ours) }),
    rounds: effort.rounds,
    about,
  };
}

/** The median of what the others took over what we took in the same round. */
function ratioOf(others: readonly number[], ours: readonly number[]): number {
  return median(others.map((other, round) => other / (ours[round] ?? Number.NaN)));
}

async function calibrate(subject: Case, roundSeconds: number): Promise<number> {
  const most = subject.maxIterations ?? Number.MAX_SAFE_INTEGER;
  for (let iterations = 1; ; iterations *= 4) {
    const bounded = Math.min(iterations, most);
    const seconds = await time(() => subject.run(bounded));
    if (bounded === most) return most;
    if (seconds >= roundSeconds / 4) return Math.min(most, Math.max(1, Math.ceil((bounded * roundSeconds) / seconds)));
  }
}

async function time(work: () => void | Promise<void>): Promise<number> {
  const start = process.hrtime.bigint();
  const running = work();
  if (running !== undefined) await running;
  return Number(process.hrtime.bigint() - start) / 1e9;
}

/** The middle value, or the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
