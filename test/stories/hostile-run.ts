/** One run against a hostile relay: acquaintance and a group while it behaves, then a trick that it plays again and again. */
import { utf8 } from '../../lib/base/bytes.js';
import { Adversary } from './adversary.js';
import { Dice, turns } from './dice.js';
import { createGroup, rushGroup } from './group-steps.js';
import { errorsOf, misreadings } from './oracle.js';
import { promptTokens } from './prompt-tokens.js';
import { domain } from './relay-host.js';
import { comeToRest } from './rest.js';
import { perform } from './steps.js';
import type { Step, StepKind, Story } from './story.js';
import type { StoryDevice } from './story-device.js';
import { type Trick, tricks } from './tampering.js';
import { World } from './world.js';

/** The tricks on pushes, and the one on bundles. */
export const plays: readonly (Trick | 'another identity')[] = [...tricks, 'another identity'];

/** How a run went. */
export interface HostileOutcome {
  readonly trick: string;
  readonly played: number;
  /** What is wrong; empty when the devices held. */
  readonly wrong: readonly string[];
}

/** What happens while tricks are played. */
const kinds: readonly StepKind[] = [
  'send',
  'send-to-group',
  'send-to-group',
  'rush-group',
  'create-group',
  'add-members',
  'invite',
  'new-device',
  'redeliver',
];

const steps = 14;

/** Run `number` of those that `seed` names; tricks take turns. */
export async function runHostile(seed: number, number: number): Promise<HostileOutcome> {
  const trick = plays[number % plays.length]!;
  const suite = number % 3 === 2 ? 'mldsa44-mlkem512' : 'curve25519';
  const dice = new Dice(seed * 7_919 + number);
  const story: Story = { seed: dice.below(1 << 30), suite, devices: [2, 2, 1], oneTimePreKeys: 5, steps: [], restores: false };
  const adversary = new Adversary(trick, dice, suite);
  const world = new World(story, adversary.between);
  const restore = promptTokens();
  try {
    await world.begin();
    await getAcquainted(world);
    adversary.begin(await world.host.signer(), () => world.present);
    for (let step = 0; step < steps; step += 1) await perform(world, drawStep(dice));
    await settle(world);
    const wrong = [...world.troubles, ...world.devices.flatMap((device) => wrongAt(world, device)), ...silent(trick, adversary)];
    await world.end();
    return { trick: trick === 'another identity' ? trick : trick.name, played: adversary.played.length, wrong };
  } finally {
    restore();
  }
}

/** Everybody has written to everybody, and all are in one group. */
async function getAcquainted(world: World): Promise<void> {
  for (const device of world.present) {
    for (const userId of world.users) {
      if (userId === device.address.userId) continue;
      const sent = world.ledger.toUser(device, userId, new Set());
      world.goOn('send', device.client.send({ domain, userId }, utf8(sent.text)));
    }
  }
  createGroup(world, { kind: 'create-group', a: 0, b: 0xffff, c: 0xffff, pause: 0 });
  await comeToRest(world, () => Promise.resolve([...world.host.groups.values()].length === 0 ? ['there is no group yet'] : []));
  rushGroup(world, { kind: 'rush-group', a: 0, b: 0, c: 0, pause: 0 });
  const left = await comeToRest(world, () => Promise.resolve([]));
  if (left.length > 0) throw new Error(left.join('; '));
}

function drawStep(dice: Dice): Step {
  const kind = kinds[dice.below(kinds.length)]!;
  return { kind, a: dice.below(0xffff), b: dice.below(0xffff), c: dice.below(0xffff), pause: dice.below(80) };
}

/** What the adversary holds back never comes; what moves by itself has the time to. */
async function settle(world: World): Promise<void> {
  for (let second = 0; second < 8; second += 1) {
    await turns(60);
    await world.clock.advance(1_000);
  }
  for (const { line } of world.present) line.cut();
  for (let second = 0; second < 8; second += 1) {
    await turns(60);
    await world.clock.advance(1_000);
  }
}

/** Wrong texts, wrong senders, texts that came twice, errors. */
function wrongAt(world: World, device: StoryDevice): string[] {
  return [...misreadings(world, device), ...errorsOf(device)];
}

/** Devices on which the trick was played and that noticed nothing. */
function silent(trick: Trick | 'another identity', { played }: Adversary): string[] {
  const tells = trick === 'another identity' ? ['identity-changed'] : trick.tells;
  if (tells.length === 0) return [];
  const first = new Map<StoryDevice, number>();
  for (const { device, eventsBefore } of played) if (!first.has(device)) first.set(device, eventsBefore);
  return [...first]
    .filter(([device, eventsBefore]) => !device.events.slice(eventsBefore).some(({ type }) => tells.includes(type)))
    .map(([{ name }]) => `${name} noticed nothing`);
}
