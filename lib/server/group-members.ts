/** Who is to be in a group, and the devices and keys of those. Spec: server.md §3. */
import type { DeviceAddress } from '../base/address.js';
import { deviceKey, userKey } from '../base/address.js';
import { limits } from '../base/limits.js';
import type { GroupDevice, GroupMember } from '../wire/group.js';
import { groupRoles } from '../wire/group.js';
import type { RelayContext } from './context.js';
import { Refusal, responseCode } from './refusal.js';

/** Devices whose records, some 10 kB each, are read at once. */
const readAtOnce = 64;

const knownRoles: readonly number[] = Object.values(groupRoles);

/**
 * The devices of users that are to be in a group, in the order of `members` and of their ids; the caller holds the users' locks. `others`: how many
 * devices are in the group already. Throws `Refusal` 400 (a user is named twice, an unknown role, too many devices or groups) and 404 (no such user).
 */
export async function devicesOfNewMembers(
  context: RelayContext,
  members: readonly GroupMember[],
  others: number,
): Promise<DeviceAddress[]> {
  if (new Set(members.map(userKey)).size !== members.length) throw new Refusal(responseCode.badRequest, 'a member is named twice');
  if (members.some(({ role }) => !knownRoles.includes(role))) throw new Refusal(responseCode.badRequest, 'a member has an unknown role');
  const devices: DeviceAddress[] = [];
  for (const some of chunks(members)) {
    for (const found of await Promise.all(some.map((member) => devicesOf(context, member)))) devices.push(...found);
    requireDeviceCount(context, others + devices.length);
  }
  return devices;
}

/** Throws `Refusal` 400 when a group cannot have so many devices. */
export function requireDeviceCount({ limits: bounds }: RelayContext, count: number): void {
  const most = Math.min(bounds.groupDevices, limits.groupDevices);
  if (count > most) throw new Refusal(responseCode.badRequest, `${count} devices are more than the ${most} of a group`);
}

/** The devices with their signing keys, in the same order. */
export async function withSigningKeys(context: RelayContext, devices: readonly DeviceAddress[]): Promise<GroupDevice[]> {
  const keyed: GroupDevice[] = [];
  for (const some of chunks(devices)) keyed.push(...(await Promise.all(some.map((device) => withSigningKey(context, device)))));
  return keyed;
}

/** Throws `Refusal` 404 when the device is not registered. */
export async function withSigningKey({ store }: RelayContext, device: DeviceAddress): Promise<GroupDevice> {
  const record = await store.device(device);
  if (record === undefined) throw new Refusal(responseCode.notFound, 'a device is not registered here');
  return { address: record.address, signingKey: record.identityKey.signing };
}

/** `devices` without the one device. */
export function withoutDevice(devices: readonly DeviceAddress[], device: DeviceAddress): DeviceAddress[] {
  const name = deviceKey(device);
  return devices.filter((other) => deviceKey(other) !== name);
}

async function devicesOf({ store, domain, limits: bounds }: RelayContext, member: GroupMember): Promise<DeviceAddress[]> {
  const { userId } = member;
  const user = member.domain === domain ? await store.user(userId) : undefined;
  if (user === undefined) throw new Refusal(responseCode.notFound, 'a member is not registered here');
  const groupIds = await store.groups.groupIdsOf(userId);
  if (groupIds.length >= bounds.groupsPerUser) {
    throw new Refusal(responseCode.badRequest, `a member is in ${groupIds.length} groups, as many as a user can be in`);
  }
  return store.deviceAddressesOf(userId, limits.devicesPerUser);
}

function chunks<T>(values: readonly T[]): T[][] {
  const count = Math.ceil(values.length / readAtOnce);
  return Array.from({ length: count }, (_, index) => values.slice(index * readAtOnce, (index + 1) * readAtOnce));
}
