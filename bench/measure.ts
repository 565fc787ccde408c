/**
 * How a figure is made: our code, the raw C loop and other implementations take turns in the same process, round after round and each time another one
 * first, so that what the machine does meanwhile, and what one leaves behind for the next, hits all of them. The median of the rounds counts.
 */
import type { Figure } from './report.js';
import { median } from './statistics.js';

/** Another implementation of the same operation. */
export interface Peer {
  readonly name: string;
  readonly version: string;
  /** Does the operation `iterations` times. */
  run(iterations: number): void | Promise<void>;
}

/** What is ready to be measured. */
export interface Prepared {
  /** Makes what the next `iterations` take; not measured. */
  before?(iterations: number): void | Promise<void>;
  /** Does the operation `iterations` times; synchronous or not. */
  run(iterations: number): void | Promise<void>;
  /** The same steps as a C loop; gives the seconds it took. */
  readonly raw?: (iterations: number) => number;
  /** The same without the instructions that this processor has for it, as a C loop; gives the seconds it took. */
  readonly portable?: (iterations: number) => number;
  readonly peers?: readonly Peer[];
  /** What was seen of the event loop in all runs. */
  loopDelayP99Ms?(): number;
  close?(): void | Promise<void>;
}

/** What is measured. */
export interface Case {
  readonly name: string;
  readonly suite?: string;
  readonly algorithm?: string;
  readonly about: string;
  /** Upper bound of iterations a round, where each one leaves something behind. */
  readonly maxIterations?: number;
  /** The part of a round's time that it gets; 1 by default. */
  readonly share?: number;
  /** Measured in a process that has measured nothing else. */
  readonly isolated?: boolean;
  prepare(): Prepared | Promise<Prepared>;
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
export const quickEffort: Effort = { rounds: 2, roundSeconds: 0.02 };

/** The share of a case that is one of many in a table of all algorithms. */
export const surveyShare = 0.2;

/** The share of a scheme's cases: that of the suite which is asked about most counts in full. */
export function shareOf(scheme: { readonly name: string }, asked: { readonly name: string }): number {
  return scheme.name === asked.name ? 1 : surveyShare;
}

/** Our set-up takes so long, ms, that of peers in JavaScript or WebAssembly would take most of the run: then they are left out. */
export const slowSetUp = 50;

/** Rounds of an operation that takes so long that all of them would take too much. */
const leastRounds = 2;

/** The part of a full round that a side runs before its first one: code that is new to the engine is compiled several times until it stays as it is. */
const warmUpShare = 0.2;

/** So many times what its rounds should take may be spent on a case, and on making what they take, before it gets less of them. */
const patience = 2;

/** One implementation in the rounds. */
interface Side {
  readonly iterations: number;
  /** Does so many; gives the seconds. */
  readonly seconds: (iterations: number) => number | Promise<number>;
  /** Seconds of one operation, by round. */
  readonly perOperation: number[];
}

/** Measures `subject`; the first round of every side only warms up, unless it takes very long. */
export async function measure(subject: Case, effort: Effort): Promise<Figure> {
  const prepared = await subject.prepare();
  try {
    const roundSeconds = effort.roundSeconds * (subject.share ?? 1);
    const times = { roundSeconds, warmUpSeconds: effort.roundSeconds * warmUpShare };
    const ours = await calibrated((iterations) => timed(prepared, iterations), times, subject.maxIterations ?? Number.MAX_SAFE_INTEGER);
    // Their set-up belongs to every call, and they are not far from us: they get our number of iterations.
    const inC = (loop: Prepared['raw']): Side | undefined => loop && { iterations: ours.iterations, seconds: loop, perOperation: [] };
    const [raw, portable] = [inC(prepared.raw), inC(prepared.portable)];
    const peers: { readonly peer: Peer; readonly side: Side }[] = [];
    for (const peer of prepared.peers ?? []) {
      peers.push({ peer, side: await calibrated((iterations) => timed(peer, iterations), times, Number.MAX_SAFE_INTEGER) });
    }
    const sides = [ours, raw, portable, ...peers.map(({ side }) => side)].filter((side) => side !== undefined);
    const rounds = await takeTurns(sides, effort.rounds, roundSeconds);
    const { name, suite, algorithm, about } = subject;
    return {
      name,
      ...(suite === undefined ? {} : { suite }),
      ...(algorithm === undefined ? {} : { algorithm }),
      opsPerSecond: rate(ours),
      ...(raw === undefined ? {} : { rawOpsPerSecond: rate(raw), ratioToRaw: ratio(raw, ours) }),
      ...(portable === undefined ? {} : { ratioToPortable: ratio(portable, ours) }),
      ...(peers.length === 0
        ? {}
        : {
            peers: peers.map(({ peer, side }) => ({
              name: peer.name,
              version: peer.version,
              opsPerSecond: rate(side),
              ratio: ratio(side, ours),
            })),
          }),
      ...(prepared.loopDelayP99Ms === undefined ? {} : { loopDelayP99Ms: prepared.loopDelayP99Ms() }),
      rounds,
      about,
    };
  } finally {
    await prepared.close?.();
  }
}

/** Does the rounds; gives their number, which is smaller than `most` when one takes far longer than it should: then the first counts, too. */
async function takeTurns(sides: readonly Side[], most: number, roundSeconds: number): Promise<number> {
  const start = performance.now();
  await takeTurn(sides, 0);
  const secondsOfRound = (performance.now() - start) / 1_000;
  const affordable = Math.floor((patience * most * roundSeconds * sides.length) / secondsOfRound);
  if (affordable > leastRounds) for (const { perOperation } of sides) perOperation.length = 0;
  const rounds = Math.min(most, Math.max(leastRounds, affordable));
  for (let round = sides[0]?.perOperation.length ?? rounds; round < rounds; round += 1) await takeTurn(sides, round);
  return rounds;
}

/** A round in which the side at `first` begins. */
async function takeTurn(sides: readonly Side[], first: number): Promise<void> {
  globalThis.gc?.();
  const begin = first % sides.length;
  for (const { seconds, iterations, perOperation } of [...sides.slice(begin), ...sides.slice(0, begin)]) {
    perOperation.push((await seconds(iterations)) / iterations);
  }
}

function rate({ perOperation }: Side): number {
  return 1 / median(perOperation);
}

/** The median of what `other` took over what we took in the same round. */
function ratio(other: Side, ours: Side): number {
  return median(other.perOperation.map((seconds, round) => seconds / (ours.perOperation[round] ?? Number.NaN)));
}

/** A side with as many iterations as fill a round; fewer when making what they take is slow. */
async function calibrated(
  seconds: (iterations: number) => Promise<number>,
  { roundSeconds, warmUpSeconds }: { readonly roundSeconds: number; readonly warmUpSeconds: number },
  most: number,
): Promise<Side> {
  for (let tried = 1; ; tried *= 4) {
    const bounded = Math.min(tried, most);
    const start = performance.now();
    const measured = await seconds(bounded);
    const took = Math.max(measured, (performance.now() - start) / 1_000 / (1 + patience));
    if (bounded < most && took < Math.max(roundSeconds / 4, warmUpSeconds)) continue;
    const iterations = Math.min(most, Math.max(1, Math.ceil((bounded * roundSeconds) / took)));
    return { iterations, seconds, perOperation: [] };
  }
}

async function timed(what: Pick<Prepared, 'before' | 'run'>, iterations: number): Promise<number> {
  await what.before?.(iterations);
  const start = process.hrtime.bigint();
  const running = what.run(iterations);
  if (running !== undefined) await running;
  return Number(process.hrtime.bigint() - start) / 1e9;
}
