/** Bringing a world to rest: everybody on the network, nothing that moves. */
import { turns } from './dice.js';
import type { StoryDevice } from './story-device.js';
import type { World } from './world.js';

/** Time in which everything has to settle: an unanswered invite is sent again after a minute, at the next look, and a renewed one once more. */
const patience = 400;

/** Rounds in a row in which nothing moved. */
const quietRounds = 3;

/** What moves at a device, if anything. */
async function motionOf(device: StoryDevice): Promise<string | undefined> {
  const { connection, outbox, pending, unconsumedPushes, inbox } = await device.client.status();
  if (connection === 'connected' && outbox + pending + unconsumedPushes + inbox === 0 && device.line.isQuiet) return undefined;
  return `${device.name} is ${connection}, ${outbox} requests, ${pending} messages wait, ${unconsumedPushes} pushes, ${inbox} in the inbox`;
}

/** What moves in `world`. */
export async function motions(world: World): Promise<string[]> {
  const found = world.isBusy ? ['calls are being waited for'] : [];
  for (const device of world.present) {
    const motion = await motionOf(device);
    if (motion !== undefined) found.push(motion);
  }
  return found;
}

/** Lets time pass until nothing moves and `verdict` finds nothing; gives what is left of either. */
export async function comeToRest(world: World, verdict: () => Promise<readonly string[]>): Promise<readonly string[]> {
  for (const { line, client } of world.present) {
    line.mend();
    line.flow();
    if (line.isUp) continue;
    line.connect();
    client.reconnect();
  }
  let found: readonly string[] = [];
  let quiet = 0;
  for (let second = 0; second < patience && quiet < quietRounds; second += 1) {
    await turns(60);
    const moving = await motions(world);
    found = moving.length > 0 ? moving : await verdict();
    quiet = found.length === 0 ? quiet + 1 : 0;
    await world.clock.advance(1_000);
  }
  return found.length === 0 ? [] : [...(await motions(world)), ...(await verdict())];
}
