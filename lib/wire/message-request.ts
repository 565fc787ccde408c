/** Requests that open sessions, carry messages and acknowledge pushes. Spec: wire.md §7, §10. */
import type { DeviceAddress } from '../base/address.js';
import type { SessionId } from '../base/brand.js';
import { DecodeError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import { Slab } from '../base/slab.js';
import type { Accept, Invite } from '../session/session.js';
import { encodedAddress, readDevice } from './address.js';
import { decodeMessage, scanMessage } from './codec.js';
import { integer, nonEmpty, requiredText, sessionId, toLong } from './field.js';
import { e2ees } from './generated/e2ees.js';
import { PlainReader } from './plain-reader.js';
import { FieldWriter, messageFieldLength } from './raw.js';
import { type Done, readDone, type RequestRow, requestRow, responseCodec, toDone } from './request-row.js';
import { readAccept, readInvite, toAccept, toInvite } from './session.js';

/** Spec: wire.md §7 (InviteRequest). */
export interface SendInvite {
  readonly invite: Invite;
}

/** Spec: wire.md §7 (InviteResponse). */
export interface InviteSent {
  readonly sessionId: SessionId;
  /** Relay time, ms since 1970, which the inviter takes over. */
  readonly inviteTime: number;
}

/** Spec: wire.md §7 (AcceptRequest). */
export interface SendAccept {
  readonly accept: Accept;
}

/** Spec: wire.md §7 (SendOne2oneMsgRequest). */
export interface SendMessage {
  /** The encoded envelope: carried as it is, so that a repeated request has the same bytes and a relay need not encode it again. */
  readonly envelope: Uint8Array;
}

/** Spec: wire.md §7 (SendGroupMsgRequest). */
export interface SendGroupMessage {
  /** The encoded envelope, carried as it is. */
  readonly envelope: Uint8Array;
  /** If not empty, only these get the message. */
  readonly allow: readonly DeviceAddress[];
  /** These never get it. */
  readonly deny: readonly DeviceAddress[];
}

/** How a push was handled: `ProtoMsgOpState` of wire.md §3. */
export const pushOutcomes = { unspecified: 0, succeeded: 1, failedSignature: 2, failedDecryption: 3, failedEscape: 4 } as const;

/** Acknowledges a push. Spec: wire.md §10 (ConsumeProtoMsgRequest). */
export interface ConsumePush {
  readonly pushId: string;
  /** See {@link pushOutcomes}; other values are kept. */
  readonly outcome: number;
}

/** Row of `invite`. */
export const sendInvite = requestRow({
  code: 3,
  schemaName: 'InviteRequest',
  request: e2ees.InviteRequest,
  toRequest: (value: SendInvite): e2ees.InviteRequest.$Properties => ({ msg: toInvite(value.invite) }),
  readRequest: (found: e2ees.InviteRequest.$Properties): SendInvite => ({ invite: readInvite(found.msg, 'msg') }),
  response: e2ees.InviteResponse,
  toAnswer: (value: InviteSent): e2ees.InviteResponse.$Properties => ({ sessionId: value.sessionId, inviteT: toLong(value.inviteTime) }),
  readAnswer: (found: e2ees.InviteResponse.$Properties): InviteSent => ({
    sessionId: sessionId(found.sessionId, 'session_id'),
    inviteTime: integer(found.inviteT, 'invite_t'),
  }),
});

/** Row of `accept`. */
export const sendAccept = requestRow({
  code: 6,
  schemaName: 'AcceptRequest',
  request: e2ees.AcceptRequest,
  toRequest: (value: SendAccept): e2ees.AcceptRequest.$Properties => ({ msg: toAccept(value.accept) }),
  readRequest: (found: e2ees.AcceptRequest.$Properties): SendAccept => ({ accept: readAccept(found.msg, 'msg') }),
  response: e2ees.AcceptResponse,
  toAnswer: toDone,
  readAnswer: readDone,
});

/** Field numbers of `SendOne2oneMsgRequest` and `SendGroupMsgRequest`. */
const fields = { envelope: 1, allow: 2, deny: 3 } as const;

/** Devices that a group message can name to deliver to, or not to. */
const maxNamedDevices = limits.groupDevices;

/** Row of `send_one2one_msg`. Decoded envelopes are views of the request. */
export const sendMessage: RequestRow<SendMessage, Done> = {
  code: 7,
  schemaName: 'SendOne2oneMsgRequest',
  encodeRequest: ({ envelope }) => encodeSend(envelope, [], []),
  decodeRequest: (bytes, maxLength = limits.frameLength) => ({ envelope: decodeSend(bytes, maxLength).envelope }),
  ...responseCodec({ response: e2ees.SendOne2oneMsgResponse, toAnswer: toDone, readAnswer: readDone }),
};

/** Row of `send_group_msg`. Decoded envelopes are views of the request. */
export const sendGroupMessage: RequestRow<SendGroupMessage, Done> = {
  code: 13,
  schemaName: 'SendGroupMsgRequest',
  encodeRequest: ({ envelope, allow, deny }) => encodeSend(envelope, allow, deny),
  decodeRequest: (bytes, maxLength = limits.frameLength) => decodeSend(bytes, maxLength),
  ...responseCodec({ response: e2ees.SendGroupMsgResponse, toAnswer: toDone, readAnswer: readDone }),
};

/** Memory of encoded requests, which are public. Small blocks: a request that waits for long keeps few others alive. */
const sendRequests = new Slab(8_192, 4_096);

function encodeSend(envelope: Uint8Array, allow: readonly DeviceAddress[], deny: readonly DeviceAddress[]): Uint8Array {
  let length = messageFieldLength(envelope.length);
  for (const address of [...allow, ...deny]) length += messageFieldLength(encodedAddress(address).length);
  const writer = new FieldWriter(sendRequests.allocate(length));
  writer.message(fields.envelope, envelope);
  for (const address of allow) writer.message(fields.allow, encodedAddress(address));
  for (const address of deny) writer.message(fields.deny, encodedAddress(address));
  return writer.out;
}

/** Tag of the envelope: number and wire type. */
const envelopeTag = 0x0a;

function decodeSend(bytes: Uint8Array, maxLength: number): SendGroupMessage {
  const reader = new PlainReader(bytes);
  const sole = reader.bytes(envelopeTag);
  if (reader.isPlain && sole.length > 0 && bytes.length <= maxLength) return { envelope: sole, allow: [], deny: [] };
  let envelope: Uint8Array | undefined;
  const allow: DeviceAddress[] = [];
  const deny: DeviceAddress[] = [];
  scanMessage(bytes, maxLength, (field, view) => {
    if (field === fields.envelope) {
      // The generated code would merge the two; nobody sends that.
      if (envelope !== undefined) throw new DecodeError('malformed', 'msg is given twice');
      envelope = view;
    } else if (field === fields.allow) pushDevice(allow, view, 'allow_list');
    else if (field === fields.deny) pushDevice(deny, view, 'deny_list');
  });
  return { envelope: nonEmpty(envelope, 'msg'), allow, deny };
}

function pushDevice(devices: DeviceAddress[], view: Uint8Array, field: string): void {
  if (devices.length === maxNamedDevices) throw new DecodeError('too-long', `${field} has more than ${maxNamedDevices} elements`);
  devices.push(readDevice(decodeMessage(e2ees.E2eeAddress, view), field));
}

/** Row of `consume_proto_msg`. */
export const consumePush = requestRow({
  code: 14,
  schemaName: 'ConsumeProtoMsgRequest',
  request: e2ees.ConsumeProtoMsgRequest,
  toRequest: (value: ConsumePush): e2ees.ConsumeProtoMsgRequest.$Properties => ({
    protoMsgId: value.pushId,
    state: value.outcome,
  }),
  readRequest: (found: e2ees.ConsumeProtoMsgRequest.$Properties): ConsumePush => ({
    pushId: requiredText(found.protoMsgId, 'proto_msg_id'),
    outcome: found.state ?? 0,
  }),
  response: e2ees.ConsumeProtoMsgResponse,
  toAnswer: toDone,
  readAnswer: readDone,
});
