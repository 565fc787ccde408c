/** Carrying out the steps of a story. */
import { setTimeout } from 'node:timers/promises';
import type { Device } from './device.js';
import type { GroupView, SentView } from './hosted-client.js';
import { HostDied } from './host.js';
import { settle } from './rest.js';
import type { Step, StepKind } from './story.js';
import type { StoryGroup, World } from './world.js';

const minute = 60_000;
const hour = 3_600_000;

/** Together the leaps stay below what messages and keys that came too early are kept for; see `limits.heldGroupTime`. */
const farthestLeap = 140 * hour;

/** More than `limits.signedPreKeyLifetime`. */
const renewalTime = 8 * 24 * hour;

const mostDevices = 7;
const mostGroups = 3;

type Act = (world: World, step: Step) => string | Promise<string>;

function choose<T>(among: readonly T[], number: number): T | undefined {
  return among[number % among.length];
}

function some<T>(among: readonly T[], number: number): T[] {
  return among.filter((_, position) => ((number >> position) & 1) === 1);
}

/** A running device. */
async function anyone(world: World, number: number): Promise<Device | undefined> {
  const device = choose(world.present, number);
  if (device !== undefined && !device.isUp && number % 3 === 0) await device.start();
  return device?.isUp === true
    ? device
    : choose(
        world.present.filter(({ isUp }) => isUp),
        number,
      );
}

/** A group, a device that knows it and can send there, and what it knows. */
async function insider(world: World, { a, b }: Step): Promise<{ group: StoryGroup; device: Device; view: GroupView } | undefined> {
  const group = choose(world.groups, a);
  if (group === undefined) return undefined;
  const found: { group: StoryGroup; device: Device; view: GroupView }[] = [];
  for (const device of world.present.filter(({ isUp }) => isUp)) {
    const view = (await groupsOf(device)).find(({ groupId }) => groupId === group.groupId);
    if (view !== undefined) found.push({ group, device, view });
  }
  // Managers often, so that changes happen.
  const managers = found.filter(({ view }) => view.isManager);
  return choose(managers.length > 0 && b % 4 !== 0 ? managers : found, b >> 2);
}

async function groupsOf(device: Device): Promise<readonly GroupView[]> {
  try {
    return await device.do<GroupView[]>('groups');
  } catch (error) {
    if (error instanceof HostDied) return [];
    throw error;
  }
}

/** Sends to a user. */
export function sendToUser(world: World, device: Device, userId: string): void {
  const sent = world.ledger.toUser(device.name, userId);
  const registered = world.present.filter((other) => other.userId === userId && other !== device).map(({ name }) => name);
  const call = device.do<SentView>('send', { to: userId, text: sent.text }).then(({ messageId, readers, copies }) => {
    sent.messageId = messageId;
    // A first message waits for all devices that the relay names.
    sent.readers = new Set(readers.length === 0 ? registered : readers);
    sent.copies = new Set(userId === device.userId ? [] : copies);
    sent.isStored = true;
  });
  world.goOn('send', call);
}

/** Sends to a group. */
export function sendToGroup(world: World, device: Device, groupId: string): void {
  const sent = world.ledger.toGroup(device.name, groupId);
  const call = device.do<SentView>('sendToGroup', { groupId, text: sent.text }).then(({ messageId, readers }) => {
    sent.messageId = messageId;
    sent.readers = new Set(readers);
    sent.isStored = true;
  });
  world.goOn('send to group', call);
}

/** Waits until nothing moves. */
async function rest(world: World): Promise<void> {
  const moving = await settle(world, () => []);
  world.troubles.push(...moving.map((line) => `in the middle: ${line}`));
}

const acts: Readonly<Record<StepKind, Act>> = {
  async send(world, { a, b, c }) {
    const device = await anyone(world, a);
    if (device === undefined) return 'nobody runs';
    const isAlone = world.present.every((other) => other === device || other.userId !== device.userId);
    const to = choose(
      world.users.filter((userId) => !isAlone || userId !== device.userId),
      b,
    );
    if (to === undefined) return 'nobody to send to';
    for (let i = 0; i <= c % 3; i += 1) sendToUser(world, device, to);
    return `${device.name} sends ${1 + (c % 3)} to ${to}`;
  },
  async invite(world, { a, b }) {
    const device = await anyone(world, a);
    const to = choose(world.users, b);
    if (device === undefined || to === undefined) return 'nobody runs';
    world.goOn('invite', device.do('invite', { to }));
    return `${device.name} invites ${to}`;
  },
  async 'create-group'(world, { a, b, c }) {
    const device = await anyone(world, a);
    if (device === undefined || world.groups.length >= mostGroups) return 'nobody runs, or there are groups enough';
    const others = world.users.filter((userId) => userId !== device.userId);
    const members = some(others, b | 1);
    const managers = some(members, c);
    const call = device.do<string>('createGroup', { name: `group ${a}`, members, managers }).then((groupId) => {
      noteGroup(world, groupId, [device.userId, ...members]);
    });
    world.goOn('create group', call);
    return `${device.name} makes a group with ${members.join(', ')}, managers ${managers.join(', ')}`;
  },
  async 'add-members'(world, step) {
    const found = await insider(world, step);
    const members = some(world.users, step.c | 1);
    if (found === undefined) return 'nobody adds';
    for (const userId of members) found.group.everIn.add(userId);
    world.goOn('add', found.device.do('addMembers', { groupId: found.group.groupId, members }));
    return `${found.device.name} adds ${members.join(', ')} to ${found.group.groupId}`;
  },
  async 'remove-members'(world, step) {
    const found = await insider(world, step);
    const members = found === undefined ? [] : some(world.users, step.c | 2).filter((userId) => userId !== found.device.userId);
    if (found === undefined || members.length === 0) return 'nobody removes';
    for (const userId of members) found.group.everOut.add(userId);
    world.goOn('remove', found.device.do('removeMembers', { groupId: found.group.groupId, members }));
    return `${found.device.name} removes ${members.join(', ')} from ${found.group.groupId}`;
  },
  async 'leave-group'(world, step) {
    const found = await insider(world, { ...step, b: step.b & ~3 });
    if (found === undefined) return 'nobody leaves';
    found.group.everOut.add(found.device.userId);
    world.goOn('leave', found.device.do('leaveGroup', { groupId: found.group.groupId }));
    return `${found.device.name} leaves ${found.group.groupId}`;
  },
  async 'send-to-group'(world, step) {
    const found = await insider(world, { ...step, b: step.b & ~3 });
    if (found === undefined) return 'nobody can send';
    for (let i = 0; i <= step.c % 3; i += 1) sendToGroup(world, found.device, found.group.groupId);
    return `${found.device.name} sends ${1 + (step.c % 3)} to ${found.group.groupId}`;
  },
  async rush(world, { a }) {
    const group = choose(world.groups, a);
    if (group === undefined) return 'there is no group';
    for (const device of world.present.filter(({ isUp }) => isUp)) {
      if ((await groupsOf(device)).some(({ groupId }) => groupId === group.groupId)) sendToGroup(world, device, group.groupId);
    }
    return `all of ${group.groupId} send`;
  },
  async 'look-up-group'(world, step) {
    const found = await insider(world, step);
    if (found === undefined) return 'there is no group';
    world.goOn('look up group', found.device.do('lookUpGroup', { groupId: found.group.groupId }));
    return `${found.device.name} looks up ${found.group.groupId}`;
  },
  async 'update-user'(world, { a }) {
    const device = await anyone(world, a);
    if (device === undefined) return 'nobody runs';
    world.goOn('update user', device.do('updateUser', { name: `name ${a}` }));
    return `${device.name} has a new name`;
  },
  async 'new-device'(world, { a }) {
    const userId = choose(world.users, a);
    if (userId === undefined || world.present.length >= mostDevices) return 'there are devices enough';
    const device = await world.join(userId);
    return `${device.name} registers`;
  },
  /** What it has sent and not been answered for would be lost with it, so everything comes to rest before. */
  async 'remove-own-device'(world, { a }) {
    await rest(world);
    const removable = world.present.filter((device) => world.present.some((other) => other !== device && other.userId === device.userId));
    const device = choose(removable, a);
    if (device === undefined) return 'no device can be spared';
    const other = world.present.find(({ userId, name }) => userId === device.userId && name !== device.name);
    await other?.start();
    await device.stop();
    device.isGone = true;
    world.removeGone();
    return `${device.name} is removed by ${other?.name ?? ''}`;
  },
  async notify(world, { a, b }) {
    await world.startRelay();
    await world.askRelay('notify', { userId: choose(world.users, a), groupId: choose(world.groups, b)?.groupId });
    return 'the relay tells something';
  },
  async restart(world, { a }) {
    const device = choose(world.present, a);
    await device?.stop();
    await device?.start();
    return `${device?.name ?? 'nobody'} starts again`;
  },
  async kill(world, { a }) {
    const device = await anyone(world, a);
    await device?.kill();
    return `${device?.name ?? 'nobody'} was killed`;
  },
  async 'restart-relay'(world) {
    await world.stopRelay();
    await world.startRelay();
    return 'the relay starts again';
  },
  async 'kill-relay'(world, { a }) {
    await world.killRelay();
    if (a % 2 === 0) await world.startRelay();
    return 'the relay was killed';
  },
  async start(world, { a }) {
    const down = world.present.filter(({ isUp }) => !isUp);
    if (!world.isRelayUp && (a % 2 === 0 || down.length === 0)) {
      await world.startRelay();
      return 'the relay is started';
    }
    const device = choose(down, a);
    await device?.start();
    return `${device?.name ?? 'nobody'} is started`;
  },
  disconnect(world, { a }) {
    const device = choose(world.present, a);
    device?.line.disconnect();
    return `${device?.name ?? 'nobody'} is off the network`;
  },
  stall(world, { a, b }) {
    const device = choose(world.present, a);
    device?.line.stall(b % 3 !== 0, b % 3 !== 1);
    return `the line of ${device?.name ?? 'nobody'} stalls`;
  },
  break(world, { a, b, c }) {
    const device = choose(world.present, a);
    const bytes = 1 + (c % 4_000);
    device?.line.breakAfter(b % 2 === 0 ? 'up' : 'down', bytes);
    return `the line of ${device?.name ?? 'nobody'} breaks after ${bytes} bytes ${b % 2 === 0 ? 'up' : 'down'}`;
  },
  'half-open'(world, { a }) {
    const device = choose(world.present, a);
    device?.line.halfOpen();
    return `the connection of ${device?.name ?? 'nobody'} is forgotten by the network`;
  },
  mend(world, { a }) {
    const device = choose(world.present, a);
    device?.line.mend();
    return `the line of ${device?.name ?? 'nobody'} is mended`;
  },
  async minutes(world, { a }) {
    return leap(world, (1 + (a % 30)) * minute);
  },
  async hours(world, { a }) {
    return leap(world, (1 + (a % 30)) * hour);
  },
  async week(world) {
    await rest(world);
    await world.leap(renewalTime);
    return 'eight days pass';
  },
  async skew(world, { a, b }) {
    const device = await anyone(world, a);
    const by = ((b % 20) - 10) * minute;
    if (device === undefined) return 'nobody runs';
    device.skew += by;
    world.goOn('skew', device.do('leap', { by }));
    return `the clock of ${device.name} is moved by ${by / minute} min`;
  },
  async 'back-up'(world, { a }) {
    const device = choose(world.present, a);
    await device?.backUp();
    await device?.start();
    return `the store of ${device?.name ?? 'nobody'} is copied`;
  },
  async restore(world, { a }) {
    const device = choose(
      world.present.filter(({ hasBackup }) => hasBackup),
      a,
    );
    if (device === undefined) return 'there is no copy';
    await device.restore(world.ledger.all.length);
    await device.start();
    return `the store of ${device.name} is restored`;
  },
};

async function leap(world: World, wanted: number): Promise<string> {
  const by = Math.max(0, Math.min(wanted, farthestLeap - world.leapt));
  world.leapt += by;
  await world.leap(by);
  return `${by / minute} min pass`;
}

function noteGroup(world: World, groupId: string, users: readonly string[]): void {
  world.groups.push({ groupId, everIn: new Set(users), everOut: new Set() });
}

/** Carries out `step`, then lets some time pass. */
export async function perform(world: World, step: Step): Promise<void> {
  world.log.push(`${step.kind}: ${await acts[step.kind](world, step)}`);
  await setTimeout(step.pause);
}
