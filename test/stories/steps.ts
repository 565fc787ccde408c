/** Carrying out the steps of a story. */
import { deviceKey } from '../../lib/base/address.js';
import { utf8 } from '../../lib/base/bytes.js';
import { turns } from './dice.js';
import { addMembers, createGroup, leaveGroup, removeMembers, rushGroup, sendOneToGroup, sendToGroup } from './group-steps.js';
import { domain } from './relay-host.js';
import type { Step, StepKind } from './story.js';
import type { StoryDevice } from './story-device.js';
import { type World, choose } from './world.js';

const hour = 3_600_000;

/** Together the leaps stay below what messages and keys that came too early are kept for. */
const farthestLeap = 140 * hour;

type Act = (world: World, step: Step) => string | Promise<string>;

const acts: Readonly<Record<StepKind, Act>> = {
  send(world, { a, b, c }) {
    const device = world.device(a);
    // A user with one device has nobody to send to but others.
    const isAlone = !world.present.some((other) => other !== device && other.address.userId === device.address.userId);
    const userId = choose(
      world.users.filter((user) => !isAlone || user !== device.address.userId),
      b,
    );
    const count = 1 + (c % 3);
    for (let i = 0; i < count; i += 1) world.goOn('send', sendOne(world, device, userId));
    return `${device.name} sends ${count} to ${userId}`;
  },
  invite(world, { a, b }) {
    const device = world.device(a);
    const userId = choose(world.users, b);
    world.goOn('invite', device.client.invite({ domain, userId }));
    return `${device.name} invites ${userId}`;
  },
  'create-group': createGroup,
  'add-members': addMembers,
  'remove-members': removeMembers,
  'leave-group': leaveGroup,
  'send-to-group': sendToGroup,
  'rush-group': rushGroup,
  disconnect(world, { a }) {
    const device = world.device(a);
    device.line.disconnect();
    return `${device.name} is off the network`;
  },
  reconnect(world, { a }) {
    const away = world.present.filter(({ line }) => !line.isUp);
    const device = away.length === 0 ? world.device(a) : choose(away, a);
    device.line.connect();
    device.client.reconnect();
    return `${device.name} is on the network`;
  },
  stall(world, { a, b }) {
    const device = world.device(a);
    const up = b % 3 !== 0;
    const down = b % 3 !== 1;
    device.line.stall(up, down);
    return `the line of ${device.name} stalls${up ? ' up' : ''}${down ? ' down' : ''}`;
  },
  flow(world, { a }) {
    const device = world.device(a);
    device.line.flow();
    return `the line of ${device.name} flows`;
  },
  cut(world, { a, b, c }) {
    const device = world.device(a);
    const direction = b % 2 === 0 ? 'up' : 'down';
    const frames = 1 + (c % 5);
    const arrives = (b >> 1) % 2 === 0;
    device.line.breakAfter(direction, frames, arrives);
    return `the line of ${device.name} breaks at frame ${frames} ${direction}, which ${arrives ? 'arrives' : 'is lost'}`;
  },
  'lose-answer'(world, { a }) {
    const device = world.device(a);
    device.line.loseAnswer();
    return `${device.name} loses its next answer`;
  },
  async redeliver(world, { a, b }) {
    const device = world.device(a);
    device.line.stall(true, false);
    await turns(b % 60);
    device.line.cut();
    device.line.flow();
    return `${device.name} gets everything again that it could not acknowledge`;
  },
  async restart(world, { a }) {
    const device = world.device(a);
    await device.restart();
    return `${device.name} starts again`;
  },
  async crash(world, { a }) {
    const device = world.device(a);
    await device.crash();
    return `${device.name} crashes`;
  },
  async 'restart-relay'(world) {
    for (const { line } of world.devices) line.flow();
    await world.host.stop();
    await world.host.start();
    return 'the relay starts again';
  },
  async pass(world, { a }) {
    const seconds = 1 + (a % 20);
    await world.clock.advance(seconds * 1_000);
    return `${seconds} s pass`;
  },
  leap(world, { a, b }) {
    const wanted = b % 2 === 0 ? (1 + (a % 600)) * 60_000 : (1 + (a % 48)) * hour;
    const leap = Math.min(wanted, farthestLeap - world.leapt);
    world.leapt += leap;
    world.clock.leap(leap);
    return `the clocks leap by ${Math.round(leap / 60_000)} min`;
  },
  async 'new-device'(world, { a }) {
    if (world.present.length >= 9) return 'nothing: there are devices enough';
    const device = await world.join(a % world.users.length);
    return `${device.name} registers`;
  },
  async 'remove-device'(world, { a }) {
    const device = world.device(a);
    const others = world.present.filter(({ address }) => address.userId === device.address.userId);
    if (others.length < 2 || !(await isIdle(device))) return 'nothing: the device cannot be spared';
    await world.host.relay.removeDevice(device.address.userId, device.address.deviceId);
    device.isGone = true;
    await device.close();
    return `${device.name} is removed`;
  },
  'back-up'(world, { a }) {
    const device = world.device(a);
    device.backUp();
    return `${device.name} is backed up`;
  },
  async restore(world, { a }) {
    const able = world.present.filter(({ hasBackup }) => hasBackup);
    if (able.length === 0) return 'nothing: nobody is backed up';
    const device = choose(able, a);
    // What others need from it and nobody else has must not be lost with its state.
    if (!(await isIdle(device))) return 'nothing: the device is busy';
    await device.restore();
    world.ledger.goesBack(device);
    return `${device.name} goes back to its backup`;
  },
};

/** Nothing of the device is on its way that others wait for. */
async function isIdle({ client, changes, line }: StoryDevice): Promise<boolean> {
  const { outbox, pending } = await client.status();
  return changes === 0 && outbox === 0 && pending === 0 && line.isQuiet;
}

async function sendOne(world: World, device: StoryDevice, userId: string): Promise<void> {
  const isToMe = device.address.userId === userId;
  const copies = isToMe ? [] : (await device.client.devices(device.user)).map(({ device: other }) => deviceKey(other));
  const sent = world.ledger.toUser(device, userId, new Set(copies));
  const registered = world.present.filter(({ address, key }) => address.userId === userId && key !== device.key).map(({ key }) => key);
  const { devices } = await device.client.send({ domain, userId }, utf8(sent.text));
  // A first message waits for all devices that the relay names.
  sent.readers = new Set(devices.length === 0 ? registered : devices.map((known) => deviceKey(known.device)));
  sent.isStored = true;
}

/** Every device sends to every user and to every group that it is in. */
export async function everybodySpeaks(world: World): Promise<void> {
  for (const device of world.present) {
    for (const userId of world.users.filter((user) => user !== device.address.userId)) world.goOn('send', sendOne(world, device, userId));
    for (const group of world.host.groups.values()) {
      if (group.devices.has(device.key) && !group.leaving.has(device.address.userId))
        world.goOn('send to group', sendOneToGroup(world, device, group));
    }
  }
  await turns(60);
}

/** Carries out `step`, then lets some turns pass. Says what was done. */
export async function perform(world: World, step: Step): Promise<string> {
  const done = await acts[step.kind](world, step);
  await turns(step.pause);
  return done;
}
