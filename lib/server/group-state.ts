/** A group as the relay knows it, and who may do what in it. Values only. Spec: server.md §3, group.md. */
import type { DeviceAddress, GroupAddress, UserAddress } from '../base/address.js';
import { deviceKey, sameUser } from '../base/address.js';
import type { GroupMark, GroupRecord } from '../store/relay-store.js';
import type { GroupInfo, GroupMember } from '../wire/group.js';
import { groupRoles } from '../wire/group.js';
import { Refusal, responseCode } from './refusal.js';

/** A group with the devices that were made known in it. */
export interface GroupState {
  readonly record: GroupRecord;
  /** By `deviceKey`. */
  readonly marks: ReadonlyMap<string, GroupMark>;
  /** The marked devices in the order of their users in the group, then by device id: what a message is delivered to. */
  readonly devices: readonly DeviceAddress[];
}

/** Puts a group together; `marks` may come in any order of users, those of one user in the order of his devices. */
export function groupState(record: GroupRecord, marks: readonly GroupMark[]): GroupState {
  const byUser = new Map<string, DeviceAddress[]>();
  for (const { device } of marks) {
    const devices = byUser.get(device.userId);
    if (devices === undefined) byUser.set(device.userId, [device]);
    else devices.push(device);
  }
  return {
    record,
    marks: new Map(marks.map((mark) => [deviceKey(mark.device), mark])),
    devices: record.members.flatMap(({ userId }) => byUser.get(userId) ?? []),
  };
}

/** The lock under which a group is read and changed. */
export function groupLock(groupId: string): string {
  return `group:${groupId}`;
}

/** The group's address as pushes and answers carry it. */
export function addressOf({ groupId, name }: GroupRecord, domain: string): GroupAddress {
  return { domain, groupId, groupName: name };
}

/** The group as pushes carry it. */
export function groupInfo(record: GroupRecord, domain: string): GroupInfo {
  return { name: record.name, address: addressOf(record, domain), members: record.members };
}

/** The user's entry in the list of members. */
export function memberOf({ members }: GroupRecord, user: UserAddress): GroupMember | undefined {
  return members.find((member) => sameUser(member, user));
}

/** Whether the user has asked to leave. */
export function isLeaving({ leaves }: GroupRecord, user: UserAddress): boolean {
  return leaves.some(({ leaver }) => sameUser(leaver, user));
}

/** There is no such group for whoever asks: strangers do not learn which groups there are. */
export function noSuchGroup(): Refusal {
  return new Refusal(responseCode.notFound, 'no such group');
}

/** The caller's entry. Throws `Refusal` 404 for strangers and 403 for those who have asked to leave. */
export function requireMember(record: GroupRecord, caller: DeviceAddress): GroupMember {
  const member = memberOf(record, caller);
  if (member === undefined) throw noSuchGroup();
  if (isLeaving(record, caller)) throw new Refusal(responseCode.forbidden, 'the user is leaving the group');
  return member;
}

/** As {@link requireMember}; throws `Refusal` 404 also for members that are no managers: v1.9.3 clients give a request up for 404 only. */
export function requireManager(record: GroupRecord, caller: DeviceAddress): void {
  if (requireMember(record, caller).role !== groupRoles.manager) {
    throw new Refusal(responseCode.notFound, 'the user is not a manager of the group');
  }
}

/** Devices that can be asked to remove a leaver: those of managers who stay. */
export function managingDevices({ record, devices }: GroupState, leaver: UserAddress): DeviceAddress[] {
  const managers = new Set(
    record.members
      .filter((member) => member.role === groupRoles.manager && !sameUser(member, leaver) && !isLeaving(record, member))
      .map(({ userId }) => userId),
  );
  return devices.filter(({ userId }) => managers.has(userId));
}
