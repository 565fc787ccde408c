/** Steps about groups. */
import type { UserAddress } from '../../lib/base/address.js';
import { deviceKey, sameUser } from '../../lib/base/address.js';
import { utf8 } from '../../lib/base/bytes.js';
import { groupRoles } from '../../lib/wire/group.js';
import { type RelayGroup, domain } from './relay-host.js';
import type { Step } from './story.js';
import type { StoryDevice } from './story-device.js';
import { type World, choose, chooseSome } from './world.js';

function user(userId: string): UserAddress {
  return { domain, userId };
}

function groupAddress({ groupId }: RelayGroup): { readonly domain: string; readonly groupId: string } {
  return { domain, groupId };
}

function devicesIn(world: World, { devices }: RelayGroup): StoryDevice[] {
  return world.present.filter(({ key }) => devices.has(key));
}

/** Devices of the group that may change it; seldom any of its devices, to be refused. */
function changers(world: World, group: RelayGroup, number: number): StoryDevice[] {
  const all = devicesIn(world, group);
  if (number % 8 === 0) return all;
  const managers = group.members.filter(({ role }) => role === groupRoles.manager);
  return all.filter(({ address }) => managers.some((manager) => sameUser(manager, address)));
}

function change(world: World, device: StoryDevice, what: string, call: Promise<unknown>): void {
  device.changes += 1;
  world.goOn(
    what,
    call.finally(() => {
      device.changes -= 1;
    }),
  );
}

/** Some users make a group; every second member of some is a manager as well. */
export function createGroup(world: World, { a, b, c }: Step): string {
  const device = world.device(a);
  const members = chooseSome(
    world.users.filter((userId) => userId !== device.address.userId),
    b,
  ).map(user);
  const managers = chooseSome(members, c);
  const name = `group ${a}`;
  change(world, device, 'create', device.client.createGroup({ name, members, managers }));
  return `${device.name} makes a group with ${list(members)}, managers ${list(managers)}`;
}

/** Users are added. */
export function addMembers(world: World, { a, b, c }: Step): string {
  const group = world.group(a);
  if (group === undefined) return 'nothing: there is no group';
  const users = chooseSome(world.users, c).map(user);
  const among = changers(world, group, b);
  if (among.length === 0 || users.length === 0) return 'nothing: nobody adds';
  const device = choose(among, b);
  change(world, device, 'add', device.client.addGroupMembers(groupAddress(group), users));
  return `${device.name} adds ${list(users)} to ${group.groupId}`;
}

/** Users are removed. */
export function removeMembers(world: World, { a, b, c }: Step): string {
  const group = world.group(a);
  if (group === undefined) return 'nothing: there is no group';
  const among = changers(world, group, b);
  if (among.length === 0) return 'nothing: nobody removes';
  const device = choose(among, b);
  const users = chooseSome(group.members, c).filter((member) => !sameUser(member, device.address));
  if (users.length === 0) return 'nothing: nobody is removed';
  change(world, device, 'remove', device.client.removeGroupMembers(groupAddress(group), users));
  return `${device.name} removes ${list(users)} from ${group.groupId}`;
}

/** A user leaves. */
export function leaveGroup(world: World, { a, b }: Step): string {
  const group = world.group(a);
  const among = group === undefined ? [] : devicesIn(world, group);
  if (group === undefined || among.length === 0) return 'nothing: nobody leaves';
  const device = choose(among, b);
  change(world, device, 'leave', device.client.leaveGroup(groupAddress(group)));
  return `${device.name} leaves ${group.groupId}`;
}

/** Sends one message to a group. */
export async function sendOneToGroup(world: World, device: StoryDevice, { groupId }: RelayGroup): Promise<void> {
  const known = (await device.client.groups()).find(({ address }) => address.groupId === groupId);
  const sent = world.ledger.toGroup(device, groupId, new Set((known?.devices ?? []).map(deviceKey)), world.host.history.length - 1);
  const { messageId } = await device.client.sendToGroup({ domain, groupId }, utf8(sent.text));
  sent.messageId = messageId;
  sent.isStored = true;
}

/** A device sends some messages to a group. */
export function sendToGroup(world: World, { a, b, c }: Step): string {
  const group = world.group(a);
  const among = group === undefined ? [] : devicesIn(world, group);
  if (group === undefined || among.length === 0) return 'nothing: nobody can send';
  const device = choose(among, b);
  const count = 1 + (c % 3);
  for (let i = 0; i < count; i += 1) world.goOn('send to group', sendOneToGroup(world, device, group));
  return `${device.name} sends ${count} to ${group.groupId}`;
}

/** All devices of a group send at once. */
export function rushGroup(world: World, { a }: Step): string {
  const group = world.group(a);
  const among = group === undefined ? [] : devicesIn(world, group);
  if (group === undefined || among.length === 0) return 'nothing: nobody can send';
  for (const device of among) world.goOn('send to group', sendOneToGroup(world, device, group));
  return `all ${among.length} devices of ${group.groupId} send`;
}

function list(users: readonly UserAddress[]): string {
  return users.length === 0 ? 'nobody' : users.map(({ userId }) => userId).join(', ');
}
