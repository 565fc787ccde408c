/** Requests about groups. Spec: wire.md §9. */
import type { DeviceAddress, GroupAddress } from '../base/address.js';
import { readDevice, readGroup, toAddress } from './address.js';
import { text } from './field.js';
import { e2ees } from './generated/e2ees.js';
import {
  type AddGroupMemberDevice,
  type AddGroupMembers,
  type CreateGroup,
  type GroupDevice,
  type GroupMember,
  type LeaveGroup,
  readAddGroupMemberDevice,
  readAddGroupMembers,
  readCreateGroup,
  readGroupDevice,
  readGroupDevices,
  readLeaveGroup,
  readMembers,
  readRemoveGroupMembers,
  type RemoveGroupMembers,
  toAddGroupMemberDevice,
  toAddGroupMembers,
  toCreateGroup,
  toDevice,
  toLeaveGroup,
  toMember,
  toRemoveGroupMembers,
} from './group.js';
import { requestRow } from './request-row.js';

/** Spec: wire.md §9 (CreateGroupResponse). */
export interface GroupCreated {
  readonly group: GroupAddress;
  /** All member devices, the creator's included. */
  readonly devices: readonly GroupDevice[];
}

/** Spec: wire.md §9 (AddGroupMembersResponse). */
export interface GroupMembersAdded {
  readonly addedMembers: readonly GroupMember[];
  /** After the change. */
  readonly members: readonly GroupMember[];
  /** In the same order as in the push. */
  readonly addingDevices: readonly GroupDevice[];
}

/** Spec: wire.md §9 (AddGroupMemberDeviceResponse). */
export interface GroupMemberDeviceAdded {
  readonly members: readonly GroupMember[];
  readonly addingDevice: GroupDevice;
}

/** Spec: wire.md §9 (RemoveGroupMembersResponse). */
export interface GroupMembersRemoved {
  readonly removedMembers: readonly GroupMember[];
  /** After the change. */
  readonly members: readonly GroupMember[];
  /** The remaining ones, the sender's included. */
  readonly devices: readonly GroupDevice[];
}

/** Spec: wire.md §9 (GetGroupRequest). */
export interface GetGroup {
  readonly group: GroupAddress;
  readonly sender: DeviceAddress;
}

/** Spec: wire.md §9 (GetGroupResponse). */
export interface GroupFound {
  readonly name: string;
  readonly group: GroupAddress;
  readonly members: readonly GroupMember[];
}

/** Row of `create_group`. */
export const createGroup = requestRow({
  code: 8,
  schemaName: 'CreateGroupRequest',
  request: e2ees.CreateGroupRequest,
  toRequest: (value: CreateGroup): e2ees.CreateGroupRequest.$Properties => ({ msg: toCreateGroup(value) }),
  readRequest: (found: e2ees.CreateGroupRequest.$Properties): CreateGroup => readCreateGroup(found.msg, 'msg'),
  response: e2ees.CreateGroupResponse,
  toAnswer: (value: GroupCreated): e2ees.CreateGroupResponse.$Properties => ({
    groupAddress: toAddress(value.group),
    memberInfoList: value.devices.map(toDevice),
  }),
  readAnswer: (found: e2ees.CreateGroupResponse.$Properties): GroupCreated => ({
    group: readGroup(found.groupAddress, 'group_address'),
    devices: readGroupDevices(found.memberInfoList, 'member_info_list'),
  }),
});

/** Row of `add_group_members`. */
export const addGroupMembers = requestRow({
  code: 9,
  schemaName: 'AddGroupMembersRequest',
  request: e2ees.AddGroupMembersRequest,
  toRequest: (value: AddGroupMembers): e2ees.AddGroupMembersRequest.$Properties => ({ msg: toAddGroupMembers(value) }),
  readRequest: (found: e2ees.AddGroupMembersRequest.$Properties): AddGroupMembers => readAddGroupMembers(found.msg, 'msg'),
  response: e2ees.AddGroupMembersResponse,
  toAnswer: (value: GroupMembersAdded): e2ees.AddGroupMembersResponse.$Properties => ({
    addedGroupMemberList: value.addedMembers.map(toMember),
    groupMemberList: value.members.map(toMember),
    addingMemberInfoList: value.addingDevices.map(toDevice),
  }),
  readAnswer: (found: e2ees.AddGroupMembersResponse.$Properties): GroupMembersAdded => ({
    addedMembers: readMembers(found.addedGroupMemberList, 'added_group_member_list'),
    members: readMembers(found.groupMemberList, 'group_member_list'),
    addingDevices: readGroupDevices(found.addingMemberInfoList, 'adding_member_info_list'),
  }),
});

/** Row of `add_group_member_device`. */
export const addGroupMemberDevice = requestRow({
  code: 10,
  schemaName: 'AddGroupMemberDeviceRequest',
  request: e2ees.AddGroupMemberDeviceRequest,
  toRequest: (value: AddGroupMemberDevice): e2ees.AddGroupMemberDeviceRequest.$Properties => ({ msg: toAddGroupMemberDevice(value) }),
  readRequest: (found: e2ees.AddGroupMemberDeviceRequest.$Properties): AddGroupMemberDevice => readAddGroupMemberDevice(found.msg, 'msg'),
  response: e2ees.AddGroupMemberDeviceResponse,
  toAnswer: (value: GroupMemberDeviceAdded): e2ees.AddGroupMemberDeviceResponse.$Properties => ({
    groupMemberList: value.members.map(toMember),
    addingMemberDeviceInfo: toDevice(value.addingDevice),
  }),
  readAnswer: (found: e2ees.AddGroupMemberDeviceResponse.$Properties): GroupMemberDeviceAdded => ({
    members: readMembers(found.groupMemberList, 'group_member_list'),
    addingDevice: readGroupDevice(found.addingMemberDeviceInfo, 'adding_member_device_info'),
  }),
});

/** Row of `remove_group_members`. */
export const removeGroupMembers = requestRow({
  code: 11,
  schemaName: 'RemoveGroupMembersRequest',
  request: e2ees.RemoveGroupMembersRequest,
  toRequest: (value: RemoveGroupMembers): e2ees.RemoveGroupMembersRequest.$Properties => ({ msg: toRemoveGroupMembers(value) }),
  readRequest: (found: e2ees.RemoveGroupMembersRequest.$Properties): RemoveGroupMembers => readRemoveGroupMembers(found.msg, 'msg'),
  response: e2ees.RemoveGroupMembersResponse,
  toAnswer: (value: GroupMembersRemoved): e2ees.RemoveGroupMembersResponse.$Properties => ({
    removedGroupMemberList: value.removedMembers.map(toMember),
    groupMemberList: value.members.map(toMember),
    memberInfoList: value.devices.map(toDevice),
  }),
  readAnswer: (found: e2ees.RemoveGroupMembersResponse.$Properties): GroupMembersRemoved => ({
    removedMembers: readMembers(found.removedGroupMemberList, 'removed_group_member_list'),
    members: readMembers(found.groupMemberList, 'group_member_list'),
    devices: readGroupDevices(found.memberInfoList, 'member_info_list'),
  }),
});

/** Row of `leave_group`. */
export const leaveGroup = requestRow({
  code: 12,
  schemaName: 'LeaveGroupRequest',
  request: e2ees.LeaveGroupRequest,
  toRequest: (value: LeaveGroup): e2ees.LeaveGroupRequest.$Properties => ({ msg: toLeaveGroup(value) }),
  readRequest: (found: e2ees.LeaveGroupRequest.$Properties): LeaveGroup => readLeaveGroup(found.msg, 'msg'),
  response: e2ees.LeaveGroupResponse,
  toAnswer: (value: LeaveGroup): e2ees.LeaveGroupResponse.$Properties => ({
    leaveGroupMemberAddress: toAddress(value.leaver),
    groupAddress: toAddress(value.group),
  }),
  readAnswer: (found: e2ees.LeaveGroupResponse.$Properties): LeaveGroup => ({
    leaver: readDevice(found.leaveGroupMemberAddress, 'leave_group_member_address'),
    group: readGroup(found.groupAddress, 'group_address'),
  }),
});

/** Row of `get_group`. */
export const getGroup = requestRow({
  code: 16,
  schemaName: 'GetGroupRequest',
  request: e2ees.GetGroupRequest,
  toRequest: (value: GetGroup): e2ees.GetGroupRequest.$Properties => ({
    groupAddress: toAddress(value.group),
    senderAddress: toAddress(value.sender),
  }),
  readRequest: (found: e2ees.GetGroupRequest.$Properties): GetGroup => ({
    group: readGroup(found.groupAddress, 'group_address'),
    sender: readDevice(found.senderAddress, 'sender_address'),
  }),
  response: e2ees.GetGroupResponse,
  toAnswer: (value: GroupFound): e2ees.GetGroupResponse.$Properties => ({
    groupName: value.name,
    groupAddress: toAddress(value.group),
    groupMemberList: value.members.map(toMember),
  }),
  readAnswer: (found: e2ees.GetGroupResponse.$Properties): GroupFound => ({
    name: text(found.groupName, 'group_name'),
    group: readGroup(found.groupAddress, 'group_address'),
    members: readMembers(found.groupMemberList, 'group_member_list'),
  }),
});
