/**
 * What the relay pushes to a device. Spec: wire.md §10 (ProtoMsg).
 *
 * A push is decoded in two steps: first what it is, for whom and who signed it, then its payload. So a push whose payload is broken can still
 * be acknowledged, and signatures can be verified before the payload is looked at. The relay never looks at payloads it only carries.
 */
import type { DeviceAddress } from '../base/address.js';
import { DecodeError, UsageError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import { allocateSecret } from '../base/secret.js';
import type { Accept, Invite } from '../session/session.js';
import { type Address, encodedAddress, readAddress, readDevice } from './address.js';
import { readServerSignature, type ServerSignature, toServerSignature } from './certificate.js';
import { decodeMessage, encodeMessage, type GeneratedType, scanMessage } from './codec.js';
import { type Maybe, missing } from './field.js';
import { e2ees } from './generated/e2ees.js';
import * as group from './group.js';
import { type Envelope, encodeEnvelope, decodeEnvelope } from './message.js';
import * as notification from './notification.js';
import { FieldWriter, messageFieldLength, numberFieldLength } from './raw.js';
import * as upkeep from './push-payload.js';
import * as session from './session.js';

export type {
  AcquireSync,
  AddUserDevice,
  ClientHeartbeat,
  PushTag,
  RemoveUserDevice,
  ServerHeartbeat,
  SupplyOneTimePreKeys,
  UpgradeSuite,
} from './push-payload.js';

/** What each kind of push carries. */
export interface PushPayloads {
  'acquire-sync': upkeep.AcquireSync;
  'supply-one-time-pre-keys': upkeep.SupplyOneTimePreKeys;
  invite: Invite;
  accept: Accept;
  'add-user-device': upkeep.AddUserDevice;
  'remove-user-device': upkeep.RemoveUserDevice;
  'create-group': group.CreateGroup;
  'add-group-members': group.AddGroupMembers;
  'remove-group-members': group.RemoveGroupMembers;
  'add-group-member-device': group.AddGroupMemberDevice;
  'leave-group': group.LeaveGroup;
  message: Envelope;
  'update-user': notification.UserUpdate;
  friend: notification.FriendNotice;
  group: notification.GroupNotice;
  system: notification.SystemNotice;
  'client-heartbeat': upkeep.ClientHeartbeat;
  'server-heartbeat': upkeep.ServerHeartbeat;
  'upgrade-suite': upkeep.UpgradeSuite;
}

/** Name of a kind of push. */
export type PushKind = keyof PushPayloads;

/** A decoded payload. */
export type PushPayload = { readonly [K in PushKind]: { readonly kind: K; readonly value: PushPayloads[K] } }[PushKind];

/** A payload as bytes: of a kind of the schema, or of one that is not known here (or none at all). */
export interface EncodedPayload {
  readonly kind: PushKind | 'unknown';
  readonly bytes: Uint8Array;
}

/** A push to one device. */
export interface Push {
  /** Absent: not to be acknowledged. */
  readonly tag: upkeep.PushTag | undefined;
  readonly from: Address | undefined;
  readonly to: DeviceAddress;
  readonly payload: EncodedPayload;
  readonly signatures: readonly ServerSignature[];
}

/** The encoded parts of a push, in the order in which its fingerprint covers them. Spec: crypto.md §12. */
export interface PushParts {
  readonly tag: Uint8Array | undefined;
  readonly from: Uint8Array | undefined;
  readonly to: Uint8Array;
  readonly payload: Uint8Array;
}

/** A push as it was received. */
export interface ReceivedPush extends Push {
  /** As received, so that a signature verifies also over fields not known here; views of the bytes. */
  readonly parts: PushParts;
}

interface PayloadRow<T> {
  readonly field: number;
  encode(value: T): Uint8Array;
  decode(bytes: Uint8Array): T;
}

function row<T, Properties, Message extends Properties>(
  field: number,
  type: GeneratedType<Properties, Message>,
  to: (value: T) => Properties,
  read: (value: Maybe<Properties>, name: string) => T,
): PayloadRow<T> {
  return {
    field,
    encode: (value) => encodeMessage(type, to(value)),
    // A push was bounded as a whole; its payload is smaller.
    decode: (bytes) => read(decodeMessage(type, bytes, bytes.length), 'payload'),
  };
}

const rows: { readonly [K in PushKind]: PayloadRow<PushPayloads[K]> } = {
  'acquire-sync': row(11, e2ees.AcquireSyncMsg, upkeep.toAcquireSync, upkeep.readAcquireSync),
  'supply-one-time-pre-keys': row(21, e2ees.SupplyOpksMsg, upkeep.toSupply, upkeep.readSupply),
  invite: row(22, e2ees.InviteMsg, session.toInvite, session.readInvite),
  accept: row(23, e2ees.AcceptMsg, session.toAccept, session.readAccept),
  'add-user-device': row(24, e2ees.AddUserDeviceMsg, upkeep.toAddUserDevice, upkeep.readAddUserDevice),
  'remove-user-device': row(25, e2ees.RemoveUserDeviceMsg, upkeep.toRemoveUserDevice, upkeep.readRemoveUserDevice),
  'create-group': row(41, e2ees.CreateGroupMsg, group.toCreateGroup, group.readCreateGroup),
  'add-group-members': row(42, e2ees.AddGroupMembersMsg, group.toAddGroupMembers, group.readAddGroupMembers),
  'remove-group-members': row(43, e2ees.RemoveGroupMembersMsg, group.toRemoveGroupMembers, group.readRemoveGroupMembers),
  'add-group-member-device': row(44, e2ees.AddGroupMemberDeviceMsg, group.toAddGroupMemberDevice, group.readAddGroupMemberDevice),
  'leave-group': row(45, e2ees.LeaveGroupMsg, group.toLeaveGroup, group.readLeaveGroup),
  message: {
    field: 51,
    encode: encodeEnvelope,
    decode: (bytes) => decodeEnvelope(bytes, bytes.length, 'payload'),
  },
  'update-user': row(61, e2ees.UpdateUserMsg, notification.toUserUpdate, notification.readUserUpdate),
  friend: row(91, e2ees.FriendManagerMsg, notification.toFriendNotice, notification.readFriendNotice),
  group: row(92, e2ees.GroupManagerMsg, notification.toGroupNotice, notification.readGroupNotice),
  system: row(93, e2ees.SystemManagerMsg, notification.toSystemNotice, notification.readSystemNotice),
  'client-heartbeat': row(101, e2ees.ClientHeartbeatMsg, upkeep.toClientHeartbeat, upkeep.readClientHeartbeat),
  'server-heartbeat': row(102, e2ees.ServerHeartbeatMsg, upkeep.toServerHeartbeat, upkeep.readServerHeartbeat),
  'upgrade-suite': row(901, e2ees.UpgradeE2eesPackMsg, upkeep.toUpgrade, upkeep.readUpgrade),
};

const kindOfField: ReadonlyMap<number, PushKind> = new Map(pushKinds().map((kind) => [rows[kind].field, kind]));

/** All kinds of push of the schema. */
export function pushKinds(): PushKind[] {
  return Object.keys(rows) as PushKind[];
}

/** Field numbers of `ProtoMsg`. */
const fields = { tag: 1, from: 2, to: 3, signature: 1001 } as const;

/** Signatures on one push; a server sends one or two. */
const maxSignatures = 8;

/** Encodes a payload. */
export function encodePayload(payload: PushPayload): EncodedPayload {
  // Kind and value belong together, which the compiler cannot follow through the table.
  const found: PayloadRow<unknown> = rows[payload.kind];
  return { kind: payload.kind, bytes: found.encode(payload.value) };
}

/** Decodes a payload; `undefined` for a kind that is not known. Throws `DecodeError`. */
export function decodePayload(payload: EncodedPayload): PushPayload | undefined {
  const { kind } = payload;
  if (kind === 'unknown') return undefined;
  return { kind, value: rows[kind].decode(payload.bytes) } as PushPayload;
}

/** The encoded parts of a push that is to be sent: what the relay signs. */
export function partsOf(push: Omit<Push, 'signatures'>): PushParts {
  return {
    tag: push.tag === undefined ? undefined : encodeTag(push.tag),
    from: push.from === undefined ? undefined : encodedAddress(push.from),
    to: encodedAddress(push.to),
    payload: push.payload.bytes,
  };
}

/** Field numbers of `ProtoMsgTag`. */
const tagFields = { time: 1, id: 2 } as const;

/** An id and a time as a relay gives them need no generated code. */
function encodeTag(tag: upkeep.PushTag): Uint8Array {
  if (!Number.isSafeInteger(tag.time) || !/^[A-Za-z0-9+/=]+$/u.test(tag.id)) return encodeMessage(e2ees.ProtoMsgTag, upkeep.toTag(tag));
  const writer = new FieldWriter(new Uint8Array(numberFieldLength(tag.time) + messageFieldLength(tag.id.length)));
  writer.number(tagFields.time, tag.time);
  writer.ascii(tagFields.id, tag.id);
  return writer.out;
}

/**
 * Encodes a `ProtoMsg` in memory that `allocate` gives, of exactly the length that it is asked for. Throws `UsageError('unknown-payload')` for a
 * payload of kind `unknown`.
 */
export function encodePush(push: Push, allocate: (length: number) => Uint8Array = allocateSecret): Uint8Array {
  const { kind } = push.payload;
  if (kind === 'unknown') throw new UsageError('unknown-payload', 'a push of a kind that is not known cannot be encoded');
  const { field } = rows[kind];
  const parts = partsOf(push);
  const signatures = push.signatures.map((signature) => encodeMessage(e2ees.ServerSignedSignature, toServerSignature(signature)));
  let length = messageFieldLength(parts.to.length) + messageFieldLength(parts.payload.length, field < 16 ? 1 : 2);
  for (const part of [parts.tag, parts.from]) if (part !== undefined) length += messageFieldLength(part.length);
  for (const signature of signatures) length += messageFieldLength(signature.length, 2);
  const writer = new FieldWriter(allocate(length));
  if (parts.tag !== undefined) writer.message(fields.tag, parts.tag);
  if (parts.from !== undefined) writer.message(fields.from, parts.from);
  writer.message(fields.to, parts.to);
  writer.message(field, parts.payload);
  for (const signature of signatures) writer.message(fields.signature, signature);
  return writer.out;
}

/**
 * Decodes a `ProtoMsg` without its payload. A part given twice is refused rather than merged: a fingerprint covers each part once. Parts and
 * payload are views of `bytes`. Throws `DecodeError`.
 */
export function decodePush(bytes: Uint8Array, maxLength: number = limits.largeKeyFrameLength): ReceivedPush {
  let tag: Uint8Array | undefined;
  let from: Uint8Array | undefined;
  let to: Uint8Array | undefined;
  let payload: EncodedPayload | undefined;
  const signatures: Uint8Array[] = [];
  scanMessage(bytes, maxLength, (field, view) => {
    if (field === fields.tag) tag = once(tag, view, 'tag');
    else if (field === fields.from) from = once(from, view, 'from');
    else if (field === fields.to) to = once(to, view, 'to');
    else if (field === fields.signature) {
      if (signatures.length === maxSignatures) throw new DecodeError('too-long', `a push has more than ${maxSignatures} signatures`);
      signatures.push(view);
    } else {
      const kind = kindOfField.get(field);
      if (kind !== undefined) payload = once(payload, { kind, bytes: view }, 'payload');
    }
  });
  if (to === undefined) throw missing('to');
  const known = payload ?? { kind: 'unknown', bytes: new Uint8Array(0) };
  // Bounded as a whole.
  return {
    tag: tag === undefined ? undefined : upkeep.readTag(decodeMessage(e2ees.ProtoMsgTag, tag, tag.length), 'tag'),
    from: from === undefined ? undefined : readAddress(decodeMessage(e2ees.E2eeAddress, from, from.length), 'from'),
    to: readDevice(decodeMessage(e2ees.E2eeAddress, to, to.length), 'to'),
    payload: known,
    signatures: signatures.map((view) => readServerSignature(decodeMessage(e2ees.ServerSignedSignature, view, view.length), 'signature')),
    parts: { tag, from, to, payload: known.bytes },
  };
}

/**
 * The id of a push that {@link decodePush} refuses: the first tag's, if one can be read before the bytes break off. Never throws for what the bytes
 * are.
 */
export function pushIdOf(bytes: Uint8Array, maxLength: number = limits.largeKeyFrameLength): string | undefined {
  let id: string | undefined;
  try {
    scanMessage(bytes, maxLength, (field, view) => {
      if (field === fields.tag) id ??= upkeep.readPushId(decodeMessage(e2ees.ProtoMsgTag, view, view.length), 'tag');
    });
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
  return id;
}

function once<T>(previous: T | undefined, value: T, field: string): T {
  if (previous !== undefined) throw new DecodeError('malformed', `${field} is given twice`);
  return value;
}
