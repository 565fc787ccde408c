/** Who belongs to a group: members are users, chains belong to their devices. Spec: group.md §1. */
import { type DeviceAddress, type GroupAddress, type UserAddress, sameDevice, sameUser } from '../base/address.js';

/** Role of a member by its wire code; 10 and 11 are invited but not joined. Spec: wire.md §3 (GroupRole). */
export const groupRoles = { member: 0, manager: 1, pendingMember: 10, pendingManager: 11 } as const;

/** A user in a group. Members are equal when user, domain and role are. Spec: wire.md §9 (GroupMember). */
export interface GroupMember extends UserAddress {
  /** See {@link groupRoles}; other values are kept. */
  readonly role: number;
}

/** A device in a group. Spec: wire.md §9 (GroupMemberInfo). */
export interface GroupDevice {
  readonly address: DeviceAddress;
  /** Empty where the relay has yet to fill it in. */
  readonly signingKey: Uint8Array;
}

/** Name, address and members of a group. Spec: wire.md §9 (GroupInfo). */
export interface GroupInfo {
  readonly name: string;
  /** Absent in the request that creates the group. */
  readonly address: GroupAddress | undefined;
  readonly members: readonly GroupMember[];
}

/** The member that `user` is. */
export function memberOf(members: readonly GroupMember[], user: UserAddress): GroupMember | undefined {
  return members.find((member) => sameUser(member, user));
}

/** Whether `user` is a manager. */
export function isManager(members: readonly GroupMember[], user: UserAddress): boolean {
  return memberOf(members, user)?.role === groupRoles.manager;
}

/** Whether the lists are equal, position by position. Spec: wire.md §1. */
export function sameMembers(a: readonly GroupMember[], b: readonly GroupMember[]): boolean {
  return (
    a.length === b.length &&
    a.every((member, position) => {
      const other = b[position];
      return other !== undefined && sameUser(member, other) && member.role === other.role;
    })
  );
}

/** Whether the lists name the same devices in the same order. */
export function sameDevices(a: readonly GroupDevice[], b: readonly GroupDevice[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ address }, position) => {
      const other = b[position];
      return other !== undefined && sameDevice(address, other.address);
    })
  );
}

/** `members` without `removed`, whatever order and roles those have. Weaknesses I6. */
export function withoutMembers(members: readonly GroupMember[], removed: readonly UserAddress[]): GroupMember[] {
  return members.filter((member) => !removed.some((user) => sameUser(user, member)));
}

/** Whether the lists name the same users, in any order and with any roles. */
export function haveSameUsers(expected: readonly UserAddress[], found: readonly GroupMember[]): boolean {
  return expected.length === found.length && expected.every((user) => memberOf(found, user) !== undefined);
}
