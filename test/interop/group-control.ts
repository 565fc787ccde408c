/** What changes a group, as the vectors carry it: bare messages of wire.md §9, in the form that the server completed. */
import type { AddGroupMemberDevice, AddGroupMembers, CreateGroup, RemoveGroupMembers } from '../../lib/group/group-change.js';
import { decodeMessage } from '../../lib/wire/codec.js';
import { e2ees } from '../../lib/wire/generated/e2ees.js';
import { readAddGroupMemberDevice, readAddGroupMembers, readCreateGroup, readRemoveGroupMembers } from '../../lib/wire/group.js';
import { type JsonObject, objects, optionalText, text } from '../support/vectors-json.js';
import { base64 } from './interop-file.js';

/** One change of a group. */
export type ControlMessage =
  | { readonly kind: 'create'; readonly message: CreateGroup }
  | { readonly kind: 'add'; readonly message: AddGroupMembers | AddGroupMemberDevice }
  | { readonly kind: 'remove'; readonly message: RemoveGroupMembers };

/** Decodes the message that the vectors call `type`. */
export function controlMessageOf(type: string, encoded: Uint8Array): ControlMessage {
  switch (type) {
    case 'CreateGroupMsg':
      return { kind: 'create', message: readCreateGroup(decodeMessage(e2ees.CreateGroupMsg, encoded), type) };
    case 'AddGroupMembersMsg':
      return { kind: 'add', message: readAddGroupMembers(decodeMessage(e2ees.AddGroupMembersMsg, encoded), type) };
    case 'AddGroupMemberDeviceMsg':
      return { kind: 'add', message: readAddGroupMemberDevice(decodeMessage(e2ees.AddGroupMemberDeviceMsg, encoded), type) };
    case 'RemoveGroupMembersMsg':
      return { kind: 'remove', message: readRemoveGroupMembers(decodeMessage(e2ees.RemoveGroupMembersMsg, encoded), type) };
    default:
      throw new Error(`${type} is no message that changes a group`);
  }
}

/** The key and type of what each change was announced with. */
const announcements: Readonly<Record<string, readonly [key: string, type: string]>> = {
  create: ['create_group_msg_b64', 'CreateGroupMsg'],
  add: ['add_group_members_msg_b64', 'AddGroupMembersMsg'],
  add_device: ['add_group_member_device_msg_b64', 'AddGroupMemberDeviceMsg'],
  remove: ['remove_group_members_msg_b64', 'RemoveGroupMembersMsg'],
};

/** The message that announces the change of an epoch: of its own key, or one of those delivered. */
export function controlMessageOfEpoch(epoch: JsonObject): ControlMessage {
  const announcement = announcements[text(epoch, 'change')];
  if (announcement === undefined) throw new Error(`${text(epoch, 'change')} is no known change`);
  const [key, type] = announcement;
  if (optionalText(epoch, key) !== undefined) return controlMessageOf(type, base64(epoch, key));
  const delivery = objects(epoch, 'deliveries').find((each) => optionalText(each, 'type') === type);
  if (delivery === undefined) throw new Error(`the ${type} is missing`);
  return controlMessageOf(type, base64(delivery, 'msg_b64'));
}
