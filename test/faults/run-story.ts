/** Plays one story to its end. */
import { differences, disagreements, viewsOf } from './agreement.js';
import { HostDied, type HostPool } from './host.js';
import { settle } from './rest.js';
import { perform, sendToGroup, sendToUser } from './steps.js';
import type { Story } from './story.js';
import { verdict } from './verdict.js';
import { World } from './world.js';

/** How a story went. */
export interface StoryOutcome {
  readonly story: Story;
  readonly messages: number;
  readonly deaths: number;
  readonly failures: number;
  /** Points that processes came by. */
  readonly reached: ReadonlySet<string>;
  /** Points at which one died. */
  readonly diedAt: ReadonlySet<string>;
  readonly outcomes: ReadonlyMap<string, number>;
  readonly log: readonly string[];
  /** What is wrong; empty for a story that went well. */
  readonly wrong: readonly string[];
  /** Where the files of a story that went wrong are. */
  readonly directory: string | undefined;
}

/** Plays `story`. Never rejects: what breaks is wrong with the story. `keeps` leaves the files of one that goes wrong. */
export async function runStory(story: Story, pool: HostPool, keeps: boolean): Promise<StoryOutcome> {
  const world = new World(story, pool);
  let wrong: readonly string[];
  try {
    wrong = await play(world);
  } catch (error) {
    wrong = [error instanceof Error ? (error.stack ?? error.message) : String(error)];
  }
  const notes = [world.relayNotes, ...world.devices.map((device) => device.notes)];
  const outcome = {
    story,
    messages: world.ledger.all.length,
    deaths: world.deaths,
    failures: notes.flatMap((each) => each.of('failed')).length,
    reached: new Set(notes.flatMap((each) => each.of('reached').map(({ label }) => label))),
    diedAt: new Set(notes.flatMap((each) => each.of('died').map(({ label }) => label))),
    outcomes: world.outcomes,
    log: world.log,
    wrong,
  };
  const isKept = keeps && wrong.length > 0;
  if (wrong.length > 0) await world.abandon();
  const directory = await world.end(isKept);
  return { ...outcome, directory: isKept ? directory : undefined };
}

async function play(world: World): Promise<readonly string[]> {
  await world.startRelay();
  for (const [user, count] of world.story.devices.entries()) for (let i = 0; i < count; i += 1) await world.join(`user-${user}`);
  for (const step of world.story.steps) await perform(world, step);
  const atRest = async (): Promise<readonly string[]> => {
    try {
      return [...verdict(world), ...differences(await viewsOf(world))];
    } catch (error) {
      if (error instanceof HostDied) return ['somebody has died just now'];
      throw error;
    }
  };
  const first = await settle(world, atRest);
  if (first.length > 0) return first;
  await world.disarm();
  // Everybody can still talk to everybody.
  for (const device of world.present) {
    for (const userId of world.users) {
      if (world.present.some((other) => other.userId === userId && other !== device)) sendToUser(world, device, userId);
    }
  }
  for (const [name, groups] of await viewsOf(world)) {
    const device = world.present.find((one) => one.name === name);
    for (const { groupId } of groups) if (device !== undefined) sendToGroup(world, device, groupId);
  }
  const second = await settle(world, atRest);
  if (second.length > 0) return second.map((line) => `at the end: ${line}`);
  const views = await viewsOf(world);
  await world.stop();
  return [...(await disagreements(world, views)), ...verdict(world)];
}
