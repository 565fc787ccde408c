/** Plays many stories, some side by side, and says how they went. */
import { HostPool } from './host.js';
import { labels } from './labels.js';
import { type StoryOutcome, runStory } from './run-story.js';
import { storyOf } from './story.js';

/** What to play. */
export interface FaultsOptions {
  readonly seed: number;
  readonly runs: number;
  /** Begins with this one of them, counted from 1. */
  readonly first: number;
  /** Only this one of them. */
  readonly only?: number;
  /** Stories played at a time. */
  readonly sideBySide: number;
  /** Ends at the first story that goes wrong. */
  readonly stopsAtFailure: boolean;
  /** Leaves the files of stories that go wrong. */
  readonly keeps: boolean;
  readonly print: (line: string) => void;
}

/** How all stories went. */
export interface FaultsSummary {
  readonly passed: number;
  readonly failed: number;
  readonly outcomes: readonly StoryOutcome[];
  /** Points that no story came by and, of a long run, those at which nothing died. */
  readonly missed: readonly string[];
}

/** Stories from which on something has to have died at every point: each has some ten turns by then. */
const longRun = 1_000;

/** Lines of what is wrong that are printed. */
const printedTroubles = 12;

/** Plays the stories; ends with what happened and `N passed, N failed`, where points that were missed count as one failure. */
export async function runFaults(options: FaultsOptions): Promise<FaultsSummary> {
  const { seed, runs, first, only, sideBySide, print } = options;
  const numbers = only === undefined ? Array.from({ length: Math.max(0, runs + 1 - first) }, (_, index) => first + index) : [only];
  const outcomes: StoryOutcome[] = [];
  const pool = new HostPool(sideBySide);
  let failed = 0;
  const playOn = async (): Promise<void> => {
    for (let number = numbers.shift(); number !== undefined; number = numbers.shift()) {
      const outcome = await runStory(storyOf(seed, number), pool, options.keeps);
      outcomes.push(outcome);
      if (outcome.wrong.length > 0) {
        failed += 1;
        tell(outcome, seed, print);
        if (options.stopsAtFailure) numbers.length = 0;
      }
      if (outcomes.length % 50 === 0) print(`${outcomes.length} stories, ${failed} failed`);
    }
  };
  try {
    await Promise.all(Array.from({ length: sideBySide }, playOn));
  } finally {
    await pool.end();
  }
  const isComplete = only === undefined && !(options.stopsAtFailure && failed > 0);
  const missed = isComplete ? missedPoints(outcomes) : [];
  for (const line of [...summary(outcomes), ...missed]) print(line);
  const passed = outcomes.length - failed;
  if (missed.length > 0) failed += 1;
  print(`${passed} passed, ${failed} failed`);
  return { passed, failed, outcomes, missed };
}

function missedPoints(outcomes: readonly StoryOutcome[]): string[] {
  const reached = union(outcomes.map((outcome) => outcome.reached));
  const diedAt = union(outcomes.map((outcome) => outcome.diedAt));
  return [
    ...labels.filter((label) => !reached.has(label)).map((label) => `no story came by: ${label}`),
    ...(outcomes.length < longRun ? [] : labels.filter((label) => !diedAt.has(label)).map((label) => `nothing died at: ${label}`)),
  ];
}

function tell({ story, wrong, log, directory }: StoryOutcome, seed: number, print: (line: string) => void): void {
  print(`story ${story.number} went wrong (${story.suite}); repeat it with --seed ${seed} --only ${story.number}`);
  for (const { kind, label, nth } of story.faults) print(`  planned: ${kind} at ${label}, time ${nth}`);
  for (const line of wrong.slice(0, printedTroubles)) print(`  ${line}`);
  for (const [index, line] of log.entries()) print(`  ${index + 1}. ${line}`);
  if (directory !== undefined) print(`  files: ${directory}`);
}

function summary(outcomes: readonly StoryOutcome[]): string[] {
  const sum = (measure: (outcome: StoryOutcome) => number): number => outcomes.reduce((total, outcome) => total + measure(outcome), 0);
  const diedAt = union(outcomes.map((outcome) => outcome.diedAt));
  const calls = new Map<string, number>();
  for (const { outcomes: counts } of outcomes) for (const [name, count] of counts) calls.set(name, (calls.get(name) ?? 0) + count);
  return [
    `calls: ${[...calls]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')}`,
    `${sum(({ messages }) => messages)} messages, ${sum(({ deaths }) => deaths)} deaths, ${sum(({ failures }) => failures)} failed commits`,
    `points: ${labels.length}, came by ${union(outcomes.map(({ reached }) => reached)).size}, died at ${diedAt.size}`,
  ];
}

function union(sets: readonly ReadonlySet<string>[]): Set<string> {
  return new Set(sets.flatMap((set) => [...set]));
}
