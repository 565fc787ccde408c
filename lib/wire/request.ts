/** The table of requests: one row per request of the schema, under the name the whitepaper's protocol handler gives it, and our own. Spec: wire.md §6 to §10. */
import * as account from './account-request.js';
import * as device from './device-request.js';
import * as group from './group-request.js';
import * as message from './message-request.js';
import type { RequestRow, Response } from './request-row.js';

export type { Done, RequestRow, Response } from './request-row.js';
export { successCode } from './request-row.js';
export { pushOutcomes } from './message-request.js';

/** Codes of our own requests begin here; those of the whitepaper's schema stay below. */
export const ownRequestCodes = 100;

/** Every request: those of the whitepaper's schema, then our own. */
export const requests = {
  register_user: account.registerUser,
  get_pre_key_bundle: account.getPreKeyBundles,
  invite: message.sendInvite,
  accept: message.sendAccept,
  publish_spk: account.publishSignedPreKey,
  supply_opks: account.supplyOneTimePreKeys,
  send_one2one_msg: message.sendMessage,
  create_group: group.createGroup,
  add_group_members: group.addGroupMembers,
  add_group_member_device: group.addGroupMemberDevice,
  remove_group_members: group.removeGroupMembers,
  leave_group: group.leaveGroup,
  send_group_msg: message.sendGroupMessage,
  consume_proto_msg: message.consumePush,
  update_user: account.updateUser,
  get_group: group.getGroup,
  remove_device: device.removeDevice,
} as const;

/** Name of a request. */
export type RequestName = keyof typeof requests;

/** What a request says. */
export type RequestOf<Name extends RequestName> = ReturnType<(typeof requests)[Name]['decodeRequest']>;

/** What a successful answer says. */
export type AnswerOf<Name extends RequestName> = Extract<
  ReturnType<(typeof requests)[Name]['decodeResponse']>,
  { readonly ok: true }
>['value'];

/** The answer to a request, successful or not. */
export type ResponseOf<Name extends RequestName> = Response<AnswerOf<Name>>;

/** All names of requests. */
export function requestNames(): RequestName[] {
  return Object.keys(requests) as RequestName[];
}

const nameOfCode: ReadonlyMap<number, RequestName> = new Map(requestNames().map((name) => [requests[name].code, name]));

/** The request that a frame's code names. */
export function requestNameOf(code: number): RequestName | undefined {
  return nameOfCode.get(code);
}

/** The row of `name`, with its types tied to the name for generic callers. */
export function requestRowOf<Name extends RequestName>(name: Name): RequestRow<RequestOf<Name>, AnswerOf<Name>> {
  return requests[name] as unknown as RequestRow<RequestOf<Name>, AnswerOf<Name>>;
}
