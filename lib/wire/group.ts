/** Groups: members, what changes them, and the bundles that carry their keys. Spec: wire.md §8, §9. */
import { limits } from '../base/limits.js';
import type {
  AddGroupMemberDevice,
  AddGroupMembers,
  CreateGroup,
  GroupPreKeyBundle,
  GroupUpdateKeyBundle,
  LeaveGroup,
  RemoveGroupMembers,
} from '../group/group-change.js';
import type { GroupMessage } from '../group/group-message.js';
import type { GroupDevice, GroupInfo, GroupMember } from '../group/membership.js';
import { readDevice, readGroup, toAddress } from './address.js';
import {
  bytes,
  chainSecret,
  list,
  type Maybe,
  optionalSessionId,
  protocolVersion,
  required,
  requiredBytes,
  requiredText,
  secret,
  sessionId,
  suite,
} from './field.js';
import type { e2ees } from './generated/e2ees.js';

export type {
  AddGroupMemberDevice,
  AddGroupMembers,
  CreateGroup,
  GroupPreKeyBundle,
  GroupUpdateKeyBundle,
  LeaveGroup,
  RemoveGroupMembers,
} from '../group/group-change.js';
export type { GroupMessage } from '../group/group-message.js';
export { type GroupDevice, type GroupInfo, type GroupMember, groupRoles } from '../group/membership.js';

/** As generated code wants it. */
export function toMember(member: GroupMember): e2ees.GroupMember.$Properties {
  return { userId: member.userId, domain: member.domain, role: member.role };
}

/** Throws `DecodeError`. */
export function readMember(value: e2ees.GroupMember.$Properties, field: string): GroupMember {
  return {
    userId: requiredText(value.userId, `${field}.user_id`),
    domain: requiredText(value.domain, `${field}.domain`),
    role: value.role ?? 0,
  };
}

/** Throws `DecodeError`; `too-long` above `limits.groupMembers`. */
export function readMembers(values: Maybe<readonly e2ees.GroupMember.$Properties[]>, field: string): GroupMember[] {
  return list(values, field, limits.groupMembers, readMember);
}

/** As generated code wants it. */
export function toDevice(device: GroupDevice): e2ees.GroupMemberInfo.$Properties {
  return { memberAddress: toAddress(device.address), signPublicKey: device.signingKey };
}

/** Throws `DecodeError`. */
export function readGroupDevice(value: Maybe<e2ees.GroupMemberInfo.$Properties>, field: string): GroupDevice {
  const found = required(value, field);
  return { address: readDevice(found.memberAddress, `${field}.member_address`), signingKey: bytes(found.signPublicKey) };
}

/** Throws `DecodeError`; `too-long` above `limits.groupDevices`. */
export function readGroupDevices(values: Maybe<readonly e2ees.GroupMemberInfo.$Properties[]>, field: string): GroupDevice[] {
  return list(values, field, limits.groupDevices, readGroupDevice);
}

/** As generated code wants it. */
export function toGroup(group: GroupInfo): e2ees.GroupInfo.$Properties {
  return {
    groupName: group.name,
    groupAddress: group.address === undefined ? null : toAddress(group.address),
    groupMemberList: group.members.map(toMember),
  };
}

/** Throws `DecodeError`. */
export function readGroupInfo(value: Maybe<e2ees.GroupInfo.$Properties>, field: string): GroupInfo {
  const found = required(value, field);
  const { groupAddress } = found;
  return {
    name: requiredText(found.groupName, `${field}.group_name`),
    address: groupAddress === null || groupAddress === undefined ? undefined : readGroup(groupAddress, `${field}.group_address`),
    members: readMembers(found.groupMemberList, `${field}.group_member_list`),
  };
}

/** As generated code wants it. */
export function toGroupMessage(message: GroupMessage): e2ees.GroupMsgPayload.$Properties {
  return { sequence: message.sequence, ciphertext: message.ciphertext, signature: message.signature };
}

/** Throws `DecodeError`. */
export function readGroupMessage(value: Maybe<e2ees.GroupMsgPayload.$Properties>, field: string): GroupMessage {
  const found = required(value, field);
  return {
    sequence: found.sequence ?? 0,
    ciphertext: requiredBytes(found.ciphertext, `${field}.ciphertext`),
    signature: requiredBytes(found.signature, `${field}.signature`),
  };
}

/** As generated code wants it; the result refers to the bundle's seed. */
export function toGroupPreKeyBundle(bundle: GroupPreKeyBundle): e2ees.GroupPreKeyBundle.$Properties {
  return {
    version: protocolVersion,
    e2eesPackId: bundle.suite.packId,
    sender: toAddress(bundle.sender),
    sessionId: bundle.sessionId,
    oldSessionId: bundle.oldSessionId ?? null,
    groupInfo: toGroup(bundle.group),
    sequence: bundle.sequence,
    groupSeed: bundle.seed.expose(),
  };
}

/** Throws `DecodeError`. */
export function readGroupPreKeyBundle(value: Maybe<e2ees.GroupPreKeyBundle.$Properties>, field: string): GroupPreKeyBundle {
  const found = required(value, field);
  requiredText(found.version, `${field}.version`);
  return {
    suite: suite(found.e2eesPackId, `${field}.e2ees_pack_id`),
    sender: readDevice(found.sender, `${field}.sender`),
    sessionId: sessionId(found.sessionId, `${field}.session_id`),
    oldSessionId: optionalSessionId(found.oldSessionId, `${field}.old_session_id`),
    group: readGroupInfo(found.groupInfo, `${field}.group_info`),
    sequence: found.sequence ?? 0,
    // Last, so that a refused bundle leaves no secret behind.
    seed: secret(found.groupSeed, `${field}.group_seed`),
  };
}

/** As generated code wants it; the result refers to the bundle's chain key. */
export function toGroupUpdateKeyBundle(bundle: GroupUpdateKeyBundle): e2ees.GroupUpdateKeyBundle.$Properties {
  return {
    version: protocolVersion,
    e2eesPackId: bundle.suite.packId,
    sender: toAddress(bundle.sender),
    adding: bundle.adding,
    sessionId: bundle.sessionId,
    groupInfo: toGroup(bundle.group),
    sequence: bundle.sequence,
    chainKey: bundle.chainKey.expose(),
    signPublicKey: bundle.signingKey,
    addingMemberInfoList: bundle.addingDevices.map(toDevice),
  };
}

/** Throws `DecodeError`. */
export function readGroupUpdateKeyBundle(value: Maybe<e2ees.GroupUpdateKeyBundle.$Properties>, field: string): GroupUpdateKeyBundle {
  const found = required(value, field);
  requiredText(found.version, `${field}.version`);
  const used = suite(found.e2eesPackId, `${field}.e2ees_pack_id`);
  return {
    suite: used,
    sender: readDevice(found.sender, `${field}.sender`),
    adding: found.adding === true,
    sessionId: sessionId(found.sessionId, `${field}.session_id`),
    group: readGroupInfo(found.groupInfo, `${field}.group_info`),
    sequence: found.sequence ?? 0,
    signingKey: requiredBytes(found.signPublicKey, `${field}.sign_public_key`),
    addingDevices: readGroupDevices(found.addingMemberInfoList, `${field}.adding_member_info_list`),
    chainKey: chainSecret(used, found.chainKey, `${field}.chain_key`),
  };
}

/** As generated code wants it. */
export function toCreateGroup(change: CreateGroup): e2ees.CreateGroupMsg.$Properties {
  return {
    e2eesPackId: change.suite.packId,
    senderAddress: toAddress(change.sender),
    groupInfo: toGroup(change.group),
    memberInfoList: change.devices.map(toDevice),
  };
}

/** Throws `DecodeError`. */
export function readCreateGroup(value: Maybe<e2ees.CreateGroupMsg.$Properties>, field: string): CreateGroup {
  const found = required(value, field);
  return {
    suite: suite(found.e2eesPackId, `${field}.e2ees_pack_id`),
    sender: readDevice(found.senderAddress, `${field}.sender_address`),
    group: readGroupInfo(found.groupInfo, `${field}.group_info`),
    devices: readGroupDevices(found.memberInfoList, `${field}.member_info_list`),
  };
}

/** As generated code wants it. */
export function toAddGroupMembers(change: AddGroupMembers): e2ees.AddGroupMembersMsg.$Properties {
  return {
    e2eesPackId: change.suite.packId,
    senderAddress: toAddress(change.sender),
    sequence: change.sequence,
    groupInfo: toGroup(change.group),
    addingMemberList: change.addingMembers.map(toMember),
    addingMemberInfoList: change.addingDevices.map(toDevice),
  };
}

/** Throws `DecodeError`. */
export function readAddGroupMembers(value: Maybe<e2ees.AddGroupMembersMsg.$Properties>, field: string): AddGroupMembers {
  const found = required(value, field);
  return {
    suite: suite(found.e2eesPackId, `${field}.e2ees_pack_id`),
    sender: readDevice(found.senderAddress, `${field}.sender_address`),
    sequence: found.sequence ?? 0,
    group: readGroupInfo(found.groupInfo, `${field}.group_info`),
    addingMembers: readMembers(found.addingMemberList, `${field}.adding_member_list`),
    addingDevices: readGroupDevices(found.addingMemberInfoList, `${field}.adding_member_info_list`),
  };
}

/** As generated code wants it. */
export function toAddGroupMemberDevice(change: AddGroupMemberDevice): e2ees.AddGroupMemberDeviceMsg.$Properties {
  return {
    e2eesPackId: change.suite.packId,
    senderAddress: toAddress(change.sender),
    sequence: change.sequence,
    groupInfo: toGroup(change.group),
    addingMemberDevice: toDevice(change.addingDevice),
  };
}

/** Throws `DecodeError`. */
export function readAddGroupMemberDevice(value: Maybe<e2ees.AddGroupMemberDeviceMsg.$Properties>, field: string): AddGroupMemberDevice {
  const found = required(value, field);
  return {
    suite: suite(found.e2eesPackId, `${field}.e2ees_pack_id`),
    sender: readDevice(found.senderAddress, `${field}.sender_address`),
    sequence: found.sequence ?? 0,
    group: readGroupInfo(found.groupInfo, `${field}.group_info`),
    addingDevice: readGroupDevice(found.addingMemberDevice, `${field}.adding_member_device`),
  };
}

/** As generated code wants it. */
export function toRemoveGroupMembers(change: RemoveGroupMembers): e2ees.RemoveGroupMembersMsg.$Properties {
  return {
    e2eesPackId: change.suite.packId,
    senderAddress: toAddress(change.sender),
    groupInfo: toGroup(change.group),
    removingMemberList: change.removingMembers.map(toMember),
    memberInfoList: change.devices.map(toDevice),
  };
}

/** Throws `DecodeError`. */
export function readRemoveGroupMembers(value: Maybe<e2ees.RemoveGroupMembersMsg.$Properties>, field: string): RemoveGroupMembers {
  const found = required(value, field);
  return {
    suite: suite(found.e2eesPackId, `${field}.e2ees_pack_id`),
    sender: readDevice(found.senderAddress, `${field}.sender_address`),
    group: readGroupInfo(found.groupInfo, `${field}.group_info`),
    removingMembers: readMembers(found.removingMemberList, `${field}.removing_member_list`),
    devices: readGroupDevices(found.memberInfoList, `${field}.member_info_list`),
  };
}

/** As generated code wants it. */
export function toLeaveGroup(change: LeaveGroup): e2ees.LeaveGroupMsg.$Properties {
  return { userAddress: toAddress(change.leaver), groupAddress: toAddress(change.group) };
}

/** Throws `DecodeError`. */
export function readLeaveGroup(value: Maybe<e2ees.LeaveGroupMsg.$Properties>, field: string): LeaveGroup {
  const found = required(value, field);
  return {
    leaver: readDevice(found.userAddress, `${field}.user_address`),
    group: readGroup(found.groupAddress, `${field}.group_address`),
  };
}
