/** Plays one story to its end. */
import { verdict } from './oracle.js';
import { promptTokens } from './prompt-tokens.js';
import { comeToRest } from './rest.js';
import { everybodySpeaks, perform } from './steps.js';
import { type Story, sum } from './story.js';
import { World } from './world.js';

/** How a story went. */
export interface StoryOutcome {
  readonly users: number;
  /** All that ever registered. */
  readonly devices: number;
  readonly steps: number;
  readonly messages: number;
  readonly groupMessages: number;
  readonly groups: number;
  readonly suite: string;
  /** What was done, step by step. */
  readonly log: readonly string[];
  /** What is wrong; empty for a story that went well. */
  readonly wrong: readonly string[];
  /** Events of all devices by type, how calls ended. */
  readonly counts: ReadonlyMap<string, number>;
}

/** Plays `story`. Never rejects: what breaks is wrong with the story. */
export async function runStory(story: Story): Promise<StoryOutcome> {
  const restore = promptTokens();
  const world = new World(story);
  const log: string[] = [];
  const onUnhandled = (error: unknown): void => {
    world.troubles.push(`nobody handles: ${textOf(error)}`);
  };
  process.on('unhandledRejection', onUnhandled);
  let wrong: readonly string[];
  try {
    await world.begin();
    for (const step of story.steps) log.push(await perform(world, step));
    world.healedSince = story.restores ? Number.POSITIVE_INFINITY : 0;
    wrong = await comeToRest(world, () => verdict(world));
    if (story.restores && wrong.length === 0) {
      world.healedSince = world.ledger.all.length;
      await everybodySpeaks(world);
      wrong = await comeToRest(world, () => verdict(world));
    }
    await world.end();
  } catch (error) {
    wrong = [textOf(error)];
  } finally {
    process.off('unhandledRejection', onUnhandled);
    restore();
  }
  const { all } = world.ledger;
  return {
    users: story.devices.length,
    devices: Math.max(world.devices.length, log.length === 0 ? sum(story.devices) : 0),
    steps: log.length,
    messages: all.length,
    groupMessages: all.filter(({ kind }) => kind === 'to-group').length,
    groups: new Set(world.host.history.flatMap((groups) => [...groups.keys()])).size,
    suite: story.suite,
    log,
    wrong,
    counts: countsOf(world),
  };
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function countsOf(world: World): Map<string, number> {
  const counts = new Map(world.outcomes);
  for (const { type } of world.devices.flatMap(({ events }) => events)) counts.set(`event ${type}`, (counts.get(`event ${type}`) ?? 0) + 1);
  return counts;
}
