import { UsageError } from './errors.js';

/** One device of one user. `userName` is for display and never compared. Spec: wire.md §4. */
export interface DeviceAddress {
  readonly domain: string;
  readonly userId: string;
  readonly deviceId: string;
  readonly userName?: string;
}

/** One group. `groupName` is for display and never compared. */
export interface GroupAddress {
  readonly domain: string;
  readonly groupId: string;
  readonly groupName?: string;
}

/** A user with all devices. */
export interface UserAddress {
  readonly domain: string;
  readonly userId: string;
}

/** Whether the two name the same device. */
export function sameDevice(a: DeviceAddress, b: DeviceAddress): boolean {
  return a.deviceId === b.deviceId && a.userId === b.userId && a.domain === b.domain;
}

/** Whether the two belong to the same user. */
export function sameUser(a: UserAddress, b: UserAddress): boolean {
  return a.userId === b.userId && a.domain === b.domain;
}

/** The last key made of a device: whatever is done about a device asks for it several times in a row, and comparing is cheaper than making it. */
let lastDevice = { domain: '', userId: '', deviceId: '', key: '["","",""]' };

/** A text that is different for different devices: JSON of domain, user and device, so no separator can be forged. */
export function deviceKey(address: DeviceAddress): string {
  const { domain, userId, deviceId } = address;
  if (lastDevice.userId !== userId || lastDevice.deviceId !== deviceId || lastDevice.domain !== domain) {
    lastDevice = { domain, userId, deviceId, key: JSON.stringify([domain, userId, deviceId]) };
  }
  return lastDevice.key;
}

/** The last two keys made of users, for the same reason: mostly of somebody and of ourselves in turn. */
let lastUser = { domain: '', userId: '', key: '["",""]' };
let userBefore = lastUser;

/** A text that is different for different users. */
export function userKey(address: UserAddress): string {
  const { domain, userId } = address;
  if (lastUser.userId === userId && lastUser.domain === domain) return lastUser.key;
  const found = userBefore.userId === userId && userBefore.domain === domain ? userBefore : undefined;
  userBefore = lastUser;
  lastUser = found ?? { domain, userId, key: JSON.stringify([domain, userId]) };
  return lastUser.key;
}

/** A text that is different for different groups, and from that of any user or device. */
export function groupKey(address: GroupAddress): string {
  return JSON.stringify(['group', address.domain, address.groupId, '']);
}

/** Whether the two name the same group. */
export function sameGroup(a: GroupAddress, b: GroupAddress): boolean {
  return a.groupId === b.groupId && a.domain === b.domain;
}

/** `user@domain`, or `user@domain/device`, for people to read. */
export function formatAddress(address: UserAddress & { readonly deviceId?: string }): string {
  const user = `${address.userId}@${address.domain}`;
  return address.deviceId === undefined ? user : `${user}/${address.deviceId}`;
}

/** Reads `user@domain`. Throws `UsageError('address')`. */
export function parseUserAddress(text: string): UserAddress {
  const match = /^([^@/\s]+)@([^@/\s]+)$/u.exec(text);
  const [, userId, domain] = match ?? [];
  if (userId === undefined || domain === undefined) throw new UsageError('address', 'an address has the form user@domain');
  return { userId, domain };
}

/** Reads `user@domain/device`. Throws `UsageError('address')`. */
export function parseDeviceAddress(text: string): DeviceAddress {
  const match = /^([^@/\s]+)@([^@/\s]+)\/([^@/\s]+)$/u.exec(text);
  const [, userId, domain, deviceId] = match ?? [];
  if (userId === undefined || domain === undefined || deviceId === undefined) {
    throw new UsageError('address', 'the address of a device has the form user@domain/device');
  }
  return { userId, domain, deviceId };
}

/** `id@domain`, for people to read and for {@link parseGroupAddress}. The name of the group is not a part of it. */
export function formatGroupAddress({ groupId, domain }: GroupAddress): string {
  return `${groupId}@${domain}`;
}

/** Reads `id@domain`. Throws `UsageError('address')`. */
export function parseGroupAddress(text: string): GroupAddress {
  const match = /^([^@/\s]+)@([^@/\s]+)$/u.exec(text);
  const [, groupId, domain] = match ?? [];
  if (groupId === undefined || domain === undefined) throw new UsageError('address', 'the address of a group has the form id@domain');
  return { groupId, domain };
}
