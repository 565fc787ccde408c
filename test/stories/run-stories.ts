/** Plays many stories, one after another, and says how they went. */
import { type StoryOutcome, runStory } from './run-story.js';
import { shrink } from './shrink.js';
import { least, storyOf } from './story.js';

/** What to play. */
export interface StoriesOptions {
  readonly seed: number;
  readonly runs: number;
  /** Only this one of them, counted from 1. */
  readonly only?: number;
  /** Stores go back in time. */
  readonly restores?: boolean;
  /** Looks for a shorter story that goes wrong as well. */
  readonly shrinks: boolean;
  readonly print: (line: string) => void;
}

/** How all stories went. */
export interface StoriesSummary {
  readonly passed: number;
  readonly failed: number;
  readonly outcomes: readonly StoryOutcome[];
}

/** Lines of what is wrong that are printed. */
const printedTroubles = 12;

/** Plays the stories; ends with the distribution and `N passed, N failed`. */
export async function runStories({ seed, runs, only, shrinks, restores = false, print }: StoriesOptions): Promise<StoriesSummary> {
  const outcomes: StoryOutcome[] = [];
  let failed = 0;
  const numbers = only === undefined ? Array.from({ length: runs }, (_, index) => index + 1) : [only];
  for (const number of numbers) {
    const story = storyOf(seed, number, restores);
    const outcome = await runStory(story);
    outcomes.push(outcome);
    const wrong = [...outcome.wrong, ...tooSmall(outcome)];
    if (wrong.length > 0) {
      failed += 1;
      print(
        `story ${number} went wrong (${outcome.suite}); repeat it with --seed ${seed} --only ${number}${restores ? ' --restores' : ''}`,
      );
      for (const line of wrong.slice(0, printedTroubles)) print(`  ${line}`);
      const shortest = shrinks && outcome.wrong.length > 0 ? await runStory(await shrink(story)) : outcome;
      for (const line of shortest === outcome ? [] : shortest.wrong.slice(0, printedTroubles)) print(`  shortened: ${line}`);
      for (const [index, line] of shortest.log.entries()) print(`  ${index + 1}. ${line}`);
    }
    if (outcomes.length % 50 === 0 && outcomes.length < numbers.length)
      print(`${outcomes.length} of ${numbers.length} stories, ${failed} failed`);
  }
  for (const line of distribution(outcomes)) print(line);
  const passed = outcomes.length - failed;
  print(`${passed} passed, ${failed} failed`);
  return { passed, failed, outcomes };
}

/** What a story lacks that every story has to have. */
function tooSmall({ users, devices, steps }: StoryOutcome): string[] {
  const found: string[] = [];
  if (users < least.users) found.push(`the story has ${users} users, fewer than ${least.users}`);
  if (devices < least.devices) found.push(`the story has ${devices} devices, fewer than ${least.devices}`);
  if (steps < least.steps) found.push(`the story has ${steps} steps, fewer than ${least.steps}`);
  return found;
}

function distribution(outcomes: readonly StoryOutcome[]): string[] {
  const measures = ['users', 'devices', 'steps', 'messages', 'groupMessages', 'groups'] as const;
  const lines = measures.map((measure) => {
    const values = outcomes.map((outcome) => outcome[measure]).sort((one, other) => one - other);
    const median = values[Math.floor(values.length / 2)] ?? 0;
    return `${measure === 'groupMessages' ? 'messages to groups' : measure}: ${values[0] ?? 0} to ${values.at(-1) ?? 0}, half up to ${median}`;
  });
  const suites = counted(outcomes.map(({ suite }) => [suite, 1]));
  return [...lines, `suites: ${suites}`, `happened: ${counted(outcomes.flatMap(({ counts }) => [...counts]))}`];
}

function counted(entries: readonly (readonly [string, number])[]): string {
  const sums = new Map<string, number>();
  for (const [name, count] of entries) sums.set(name, (sums.get(name) ?? 0) + count);
  return [...sums]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}
