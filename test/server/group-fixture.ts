/** Groups on a relay, as devices without a client see them. */
import { expect } from '@jest/globals';
import type { GroupAddress } from '../../lib/base/address.js';
import type { RelayLimits } from '../../lib/server/relay-limits.js';
import type { MemoryTables } from '../../lib/store/memory/memory-store.js';
import { tables as tableNames, type Table } from '../../lib/store/store.js';
import { type GroupMember, groupRoles } from '../../lib/wire/group.js';
import { type Envelope, encodeEnvelope } from '../../lib/wire/message.js';
import type { ReceivedPush } from '../../lib/wire/push.js';
import type { AnswerOf, RequestName, ResponseOf } from '../../lib/wire/request.js';
import { pushOutcomes } from '../../lib/wire/request.js';
import { type FixtureOptions, type RelayFixture, type TestDevice, domain, expectOk, payloadOf, startRelay } from './relay-fixture.js';

/** A relay that asks nobody for pre-keys, so that every push is about groups. */
export function startGroupRelay(limits: Partial<RelayLimits> = {}, options: FixtureOptions = {}): Promise<RelayFixture> {
  return startRelay({ ...options, limits: { lowOneTimePreKeys: 0, ...limits } });
}

export function manager(device: TestDevice): GroupMember {
  return { domain, userId: device.address.userId, role: groupRoles.manager };
}

export function member(device: TestDevice): GroupMember {
  return { domain, userId: device.address.userId, role: groupRoles.member };
}

export function create(device: TestDevice, members: readonly GroupMember[], name = 'club'): Promise<ResponseOf<'create_group'>> {
  const { suite } = device.account;
  return device.request('create_group', { suite, sender: device.address, group: { name, address: undefined, members }, devices: [] });
}

/** A group of `first`, who manages it, and `others`, who have consumed the news. */
export async function found(first: TestDevice, others: readonly TestDevice[], members?: readonly GroupMember[]): Promise<GroupAddress> {
  const { group } = expectOk(await create(first, members ?? onePerUser(first, others)));
  await Promise.all(others.map((device) => take(device, 1)));
  return group;
}

function onePerUser(first: TestDevice, others: readonly TestDevice[]): GroupMember[] {
  const users = new Map([...others.map(member), manager(first)].map((one) => [one.userId, one]));
  users.delete(first.address.userId);
  return [manager(first), ...users.values()];
}

export function add(
  device: TestDevice,
  group: GroupAddress,
  addingMembers: readonly GroupMember[],
  sequence = 0,
): Promise<ResponseOf<'add_group_members'>> {
  const { suite } = device.account;
  // What it says of the members is for the relay to correct.
  const info = { name: 'something else', address: group, members: [] };
  return device.request('add_group_members', { suite, sender: device.address, sequence, group: info, addingMembers, addingDevices: [] });
}

export function addDevice(
  device: TestDevice,
  group: GroupAddress,
  added: TestDevice,
  sequence = 0,
  requestName = new Uint8Array(0),
): Promise<ResponseOf<'add_group_member_device'>> {
  const { suite } = device.account;
  const info = { name: 'something else', address: group, members: [] };
  const addingDevice = { address: added.address, signingKey: requestName };
  return device.request('add_group_member_device', { suite, sender: device.address, sequence, group: info, addingDevice });
}

export function remove(
  device: TestDevice,
  group: GroupAddress,
  removingMembers: readonly GroupMember[],
): Promise<ResponseOf<'remove_group_members'>> {
  const { suite } = device.account;
  const info = { name: 'something else', address: group, members: [] };
  return device.request('remove_group_members', { suite, sender: device.address, group: info, removingMembers, devices: [] });
}

export function leave(device: TestDevice, group: GroupAddress): Promise<ResponseOf<'leave_group'>> {
  return device.request('leave_group', { leaver: device.address, group });
}

export function getGroup(device: TestDevice, group: GroupAddress): Promise<ResponseOf<'get_group'>> {
  return device.request('get_group', { group, sender: device.address });
}

/** An envelope for the group with `text` where the ciphertext would be; long as those with post-quantum signatures are. */
export function groupEnvelope(device: TestDevice, group: GroupAddress, text: string): Envelope {
  const message = { sequence: 0, ciphertext: new TextEncoder().encode(text), signature: new Uint8Array(1_000).fill(9) };
  return { ...device.envelope(device.address, ''), to: group, payload: { kind: 'group', message } };
}

export function say(
  device: TestDevice,
  group: GroupAddress,
  text: string,
  lists: { readonly allow?: readonly TestDevice[]; readonly deny?: readonly TestDevice[] } = {},
): Promise<ResponseOf<'send_group_msg'>> {
  const { allow = [], deny = [] } = lists;
  return device.request('send_group_msg', {
    envelope: encodeEnvelope(groupEnvelope(device, group, text)),
    allow: allow.map(({ address }) => address),
    deny: deny.map(({ address }) => address),
  });
}

/** The text that {@link say} put into a message. */
export function groupText(push: ReceivedPush | undefined): string {
  const { payload } = payloadOf(push, 'message');
  if (payload.kind !== 'group') throw new Error('the message is not for a group');
  return new TextDecoder().decode(payload.message.ciphertext);
}

/** Waits for `count` pushes, consumes them and forgets them. */
export async function take(device: TestDevice, count: number): Promise<ReceivedPush[]> {
  await device.received(count);
  const pushes = device.pushes.splice(0, count);
  for (const push of pushes) await consume(device, push);
  return pushes;
}

export async function consume(device: TestDevice, push: ReceivedPush | undefined): Promise<void> {
  expectOk(await device.request('consume_proto_msg', { pushId: push?.tag?.id ?? '', outcome: pushOutcomes.succeeded }));
}

/** Everything the relay has stored. */
export function stored(tables: MemoryTables): string {
  return tableNames
    .flatMap((table) => rowsOf(tables, table).map(([key, value]) => `${table} ${key} ${Buffer.from(value).toString('base64')}`))
    .join('\n');
}

/** Keys in hexadecimal and values of a table. */
export function rowsOf(tables: MemoryTables, table: Table): [string, Uint8Array][] {
  return [...tables.rows(table).entries({ prefix: '', after: undefined, reverse: undefined })].map(([key, value]) => [
    Buffer.from(key, 'latin1').toString('hex'),
    value,
  ]);
}

/** Asserts that a request is refused with `code` and leaves no trace in the store. */
export async function expectRefused<Name extends RequestName>(
  fixture: RelayFixture,
  ask: () => Promise<ResponseOf<Name>>,
  code: number,
): Promise<string> {
  const before = stored(fixture.tables);
  const response = await ask();
  expect(response.ok ? 200 : response.code).toBe(code);
  expect(stored(fixture.tables)).toBe(before);
  return response.message;
}

/** The devices of a list, as `user/device`. */
export function names(devices: AnswerOf<'create_group'>['devices']): string[] {
  return devices.map(({ address }) => `${address.userId}/${address.deviceId}`);
}
