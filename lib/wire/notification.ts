/** Notices that are passed to the application and have no effect on keys. Spec: wire.md §11. */
import { DecodeError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import type { Secret } from '../base/secret.js';
import { type Address, readAddress, toAddress } from './address.js';
import { bytes, integer, type Maybe, required, secret, text, toLong } from './field.js';
import type { e2ees } from './generated/e2ees.js';
import { type GroupMember, readMember, readMembers, toMember } from './group.js';

/** Characters of an address of a picture. */
const maxUrlLength = 2_048;

/** Characters of privacy settings. */
const maxSettingsLength = 65_536;

/** What changed about a user. */
export type UserChange =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'avatar'; readonly url: string }
  | { readonly kind: 'state'; readonly state: number }
  | { readonly kind: 'privacy'; readonly json: string }
  | { readonly kind: 'backup-passkey'; readonly passkey: Secret<'BackupPasskey'> };

/** The codes of `UpdateUserOp`, by the change they go with. Spec: wire.md §3. */
export const userOperations: { readonly [Kind in UserChange['kind']]: number } = {
  name: 0,
  avatar: 1,
  state: 2,
  privacy: 3,
  'backup-passkey': 4,
};

/** A user changed. Spec: wire.md §11 (UpdateUserMsg). */
export interface UserUpdate {
  /** ms since 1970. */
  readonly modified: number;
  readonly user: Address | undefined;
  /** Says what kind of change it is: {@link userOperations}; other values are kept. */
  readonly operation: number;
  readonly change: UserChange | undefined;
}

/** A relation between two users. Spec: wire.md §11 (FriendshipDTO). */
export interface Friendship {
  /** ms since 1970. */
  readonly modified: number;
  readonly fromUser: string;
  readonly toUser: string;
  readonly nickname: string;
  readonly memoName: string;
  readonly blockState: number;
  readonly status: number;
}

/** A relation between users changed. Spec: wire.md §11 (FriendManagerMsg). */
export interface FriendNotice {
  /** ms since 1970. */
  readonly modified: number;
  readonly noticeId: string;
  readonly user: Address | undefined;
  readonly userName: string;
  /** `FriendOp`. */
  readonly operation: number;
  readonly friendship: Friendship | undefined;
}

/** What happened to a group, by whom. */
export type GroupChange =
  | { readonly kind: 'create'; readonly by: Address | undefined; readonly members: readonly GroupMember[] }
  | { readonly kind: 'name'; readonly by: Address | undefined; readonly name: string }
  | { readonly kind: 'avatar'; readonly by: Address | undefined; readonly url: string }
  | { readonly kind: 'admins'; readonly by: Address | undefined; readonly members: readonly GroupMember[] }
  | { readonly kind: 'add'; readonly by: Address | undefined; readonly members: readonly GroupMember[] }
  | { readonly kind: 'join'; readonly by: Address | undefined; readonly member: GroupMember | undefined }
  | { readonly kind: 'remove'; readonly by: Address | undefined; readonly members: readonly GroupMember[] }
  | { readonly kind: 'destroy'; readonly by: Address | undefined };

/** A group changed. Spec: wire.md §11 (GroupManagerMsg). */
export interface GroupNotice {
  /** ms since 1970. */
  readonly modified: number;
  readonly noticeId: string;
  readonly group: Address | undefined;
  readonly groupName: string;
  /** `GroupOp`. */
  readonly operation: number;
  readonly change: GroupChange | undefined;
}

/** A notice of the system. Spec: wire.md §11 (SystemManagerMsg). */
export interface SystemNotice {
  /** ms since 1970. */
  readonly modified: number;
  /** `SystemOp`. */
  readonly operation: number;
  readonly payload: Uint8Array;
}

function toOptionalAddress(address: Address | undefined): e2ees.E2eeAddress.$Properties | null {
  return address === undefined ? null : toAddress(address);
}

function readOptionalAddress(value: Maybe<e2ees.E2eeAddress.$Properties>, field: string): Address | undefined {
  return value === null || value === undefined ? undefined : readAddress(value, field);
}

/** As generated code wants it. */
export function toUserUpdate(update: UserUpdate): e2ees.UpdateUserMsg.$Properties {
  const { change } = update;
  const common = {
    modifiedDate: toLong(update.modified),
    userAddress: toOptionalAddress(update.user),
    op: update.operation,
  };
  switch (change?.kind) {
    case undefined:
      return common;
    case 'name':
      return { ...common, updateUserNameArg: { username: change.name } };
    case 'avatar':
      return { ...common, updateUserAvatarArg: { userAvatarUrl: change.url } };
    case 'state':
      return { ...common, updateUserStateArg: { userState: change.state } };
    case 'privacy':
      return { ...common, updateUserPrivacyArg: { userPrivacyJson: change.json } };
    case 'backup-passkey':
      return { ...common, updateUserBackupPasskeyArg: { backupPasskey: change.passkey.expose() } };
  }
}

/** Throws `DecodeError`. */
export function readUserUpdate(value: Maybe<e2ees.UpdateUserMsg.$Properties>, field: string): UserUpdate {
  const found = required(value, field);
  return {
    modified: integer(found.modifiedDate, `${field}.modified_date`),
    user: readOptionalAddress(found.userAddress, `${field}.user_address`),
    operation: found.op ?? 0,
    change: readUserChange(found, `${field}.arg`),
  };
}

function readUserChange(found: e2ees.UpdateUserMsg.$Properties, field: string): UserChange | undefined {
  switch (found.arg) {
    case 'updateUserNameArg':
      return { kind: 'name', name: text(found.updateUserNameArg?.username, field) };
    case 'updateUserAvatarArg':
      return { kind: 'avatar', url: text(found.updateUserAvatarArg?.userAvatarUrl, field, maxUrlLength) };
    case 'updateUserStateArg':
      return { kind: 'state', state: found.updateUserStateArg?.userState ?? 0 };
    case 'updateUserPrivacyArg':
      return { kind: 'privacy', json: text(found.updateUserPrivacyArg?.userPrivacyJson, field, maxSettingsLength) };
    case 'updateUserBackupPasskeyArg':
      return { kind: 'backup-passkey', passkey: readPasskey(found.updateUserBackupPasskeyArg?.backupPasskey, field) };
    default:
      return undefined;
  }
}

/** Throws code `missing-field` or `too-long`. */
function readPasskey(value: Maybe<Uint8Array>, field: string): Secret<'BackupPasskey'> {
  const length = value?.length ?? 0;
  if (length > limits.backupPasskeyLength) {
    throw new DecodeError('too-long', `${field} has ${length} bytes, more than ${limits.backupPasskeyLength}`);
  }
  return secret(value, field);
}

/** As generated code wants it. */
export function toFriendNotice(notice: FriendNotice): e2ees.FriendManagerMsg.$Properties {
  const { friendship } = notice;
  return {
    modifiedDate: toLong(notice.modified),
    msgId: notice.noticeId,
    userAddress: toOptionalAddress(notice.user),
    userName: notice.userName,
    op: notice.operation,
    friend:
      friendship === undefined
        ? null
        : {
            modifiedDate: toLong(friendship.modified),
            fromUser: friendship.fromUser,
            toUser: friendship.toUser,
            nickname: friendship.nickname,
            memoname: friendship.memoName,
            blockState: friendship.blockState,
            friendStatus: friendship.status,
          },
  };
}

/** Throws `DecodeError`. */
export function readFriendNotice(value: Maybe<e2ees.FriendManagerMsg.$Properties>, field: string): FriendNotice {
  const found = required(value, field);
  return {
    modified: integer(found.modifiedDate, `${field}.modified_date`),
    noticeId: text(found.msgId, `${field}.msgId`),
    user: readOptionalAddress(found.userAddress, `${field}.user_address`),
    userName: text(found.userName, `${field}.user_name`),
    operation: found.op ?? 0,
    friendship: readFriendship(found.friend, `${field}.friend`),
  };
}

function readFriendship(found: Maybe<e2ees.FriendshipDTO.$Properties>, field: string): Friendship | undefined {
  if (found === null || found === undefined) return undefined;
  return {
    modified: integer(found.modifiedDate, `${field}.modified_date`),
    fromUser: text(found.fromUser, `${field}.from_user`),
    toUser: text(found.toUser, `${field}.to_user`),
    nickname: text(found.nickname, `${field}.nickname`),
    memoName: text(found.memoname, `${field}.memoname`),
    blockState: found.blockState ?? 0,
    status: found.friendStatus ?? 0,
  };
}

/** As generated code wants it. */
export function toGroupNotice(notice: GroupNotice): e2ees.GroupManagerMsg.$Properties {
  return {
    modifiedDate: toLong(notice.modified),
    msgId: notice.noticeId,
    groupAddress: toOptionalAddress(notice.group),
    groupName: notice.groupName,
    op: notice.operation,
    ...(notice.change === undefined ? {} : toGroupChange(notice.change)),
  };
}

function toGroupChange(change: GroupChange): e2ees.GroupManagerMsg.$Properties {
  const userAddress = toOptionalAddress(change.by);
  switch (change.kind) {
    case 'create':
      return { createGroupArg: { creatorAddress: userAddress, groupMemberList: change.members.map(toMember) } };
    case 'name':
      return { updateGroupNameArg: { userAddress, groupName: change.name } };
    case 'avatar':
      return { updateGroupAvatarArg: { userAddress, groupAvatarUrl: change.url } };
    case 'admins':
      return { updateGroupAdminsArg: { userAddress, groupAdminList: change.members.map(toMember) } };
    case 'add':
      return { addGroupMembersArg: { userAddress, addedMemberList: change.members.map(toMember) } };
    case 'join':
      return { joinGroupArg: { userAddress, joinedMember: change.member === undefined ? null : toMember(change.member) } };
    case 'remove':
      return { removeGroupMembersArg: { userAddress, removedMemberList: change.members.map(toMember) } };
    case 'destroy':
      return { destroyGroupArg: { userAddress } };
  }
}

/** Throws `DecodeError`. */
export function readGroupNotice(value: Maybe<e2ees.GroupManagerMsg.$Properties>, field: string): GroupNotice {
  const found = required(value, field);
  return {
    modified: integer(found.modifiedDate, `${field}.modified_date`),
    noticeId: text(found.msgId, `${field}.msgId`),
    group: readOptionalAddress(found.groupAddress, `${field}.group_address`),
    groupName: text(found.groupName, `${field}.group_name`),
    operation: found.op ?? 0,
    change: readGroupChange(found, `${field}.arg`),
  };
}

function readGroupChange(found: e2ees.GroupManagerMsg.$Properties, field: string): GroupChange | undefined {
  switch (found.arg) {
    case 'createGroupArg': {
      const { creatorAddress, groupMemberList } = required(found.createGroupArg, field);
      return { kind: 'create', by: readOptionalAddress(creatorAddress, field), members: readMembers(groupMemberList, field) };
    }
    case 'updateGroupNameArg': {
      const { userAddress, groupName } = required(found.updateGroupNameArg, field);
      return { kind: 'name', by: readOptionalAddress(userAddress, field), name: text(groupName, field) };
    }
    case 'updateGroupAvatarArg': {
      const { userAddress, groupAvatarUrl } = required(found.updateGroupAvatarArg, field);
      return { kind: 'avatar', by: readOptionalAddress(userAddress, field), url: text(groupAvatarUrl, field, maxUrlLength) };
    }
    case 'updateGroupAdminsArg': {
      const { userAddress, groupAdminList } = required(found.updateGroupAdminsArg, field);
      return { kind: 'admins', by: readOptionalAddress(userAddress, field), members: readMembers(groupAdminList, field) };
    }
    case 'addGroupMembersArg': {
      const { userAddress, addedMemberList } = required(found.addGroupMembersArg, field);
      return { kind: 'add', by: readOptionalAddress(userAddress, field), members: readMembers(addedMemberList, field) };
    }
    case 'joinGroupArg': {
      const { userAddress, joinedMember } = required(found.joinGroupArg, field);
      const member = joinedMember === null || joinedMember === undefined ? undefined : readMember(joinedMember, field);
      return { kind: 'join', by: readOptionalAddress(userAddress, field), member };
    }
    case 'removeGroupMembersArg': {
      const { userAddress, removedMemberList } = required(found.removeGroupMembersArg, field);
      return { kind: 'remove', by: readOptionalAddress(userAddress, field), members: readMembers(removedMemberList, field) };
    }
    case 'destroyGroupArg':
      return { kind: 'destroy', by: readOptionalAddress(found.destroyGroupArg?.userAddress, field) };
    default:
      return undefined;
  }
}

/** As generated code wants it. */
export function toSystemNotice(notice: SystemNotice): e2ees.SystemManagerMsg.$Properties {
  return { modifiedDate: toLong(notice.modified), op: notice.operation, payload: notice.payload };
}

/** Throws `DecodeError`. */
export function readSystemNotice(value: Maybe<e2ees.SystemManagerMsg.$Properties>, field: string): SystemNotice {
  const found = required(value, field);
  return { modified: integer(found.modifiedDate, `${field}.modified_date`), operation: found.op ?? 0, payload: bytes(found.payload) };
}
