/** Bringing a world to rest: everything runs, everybody is on the network, nothing moves. */
import { setTimeout } from 'node:timers/promises';
import type { Device } from './device.js';
import { CommandFailed, HostDied } from './host.js';
import type { ClientView } from './hosted-client.js';
import type { World } from './world.js';

/** Rounds in which everything has to settle, a leap of the clocks each: an unanswered invite is sent again after a minute, at the next look. */
const patience = 400;

const leap = 1_500;

/** Rounds in a row in which nothing moved. */
const quietRounds = 2;

/** What moves at a device, if anything. */
async function motionOf(device: Device): Promise<string | undefined> {
  try {
    const { connection, outbox, pending, unconsumedPushes, inbox } = await device.do<ClientView>('status');
    if (connection === 'connected' && outbox + pending + unconsumedPushes + inbox === 0) return undefined;
    return `${device.name} is ${connection}, ${outbox} requests, ${pending} messages wait, ${unconsumedPushes} pushes, ${inbox} in the inbox`;
  } catch (error) {
    if (error instanceof HostDied) return `${device.name} is down ${device.whyDown}`;
    // A store whose commit had no known outcome is opened again at the next call.
    if (error instanceof CommandFailed && error.code !== 'unexpected') return `${device.name} says ${error.code}`;
    throw error;
  }
}

async function motions(world: World): Promise<string[]> {
  const found = await Promise.all(world.present.map(motionOf));
  const calls = world.isBusy ? ['calls are being waited for'] : [];
  const kept = world.unremoved.map(({ name }) => `${name} is not removed`);
  return [...calls, ...kept, ...found.filter((motion) => motion !== undefined)];
}

/**
 * Lets time pass until nothing moves and `wrong` finds nothing; gives what is left of either. Whatever dies on the way is started again, and a removal
 * that was cut off is asked for again: messages would wait for a session with the device that is gone.
 */
export async function settle(world: World, wrong: () => readonly string[] | Promise<readonly string[]>): Promise<readonly string[]> {
  for (const { line } of world.devices) line.mend();
  let found: readonly string[] = [];
  let quiet = 0;
  for (let round = 0; round < patience && quiet < quietRounds; round += 1) {
    await world.revive();
    world.removeGone();
    const moving = await motions(world);
    found = moving.length > 0 ? moving : await wrong();
    quiet = found.length === 0 ? quiet + 1 : 0;
    await world.leap(leap);
    await setTimeout(2);
  }
  return found;
}
