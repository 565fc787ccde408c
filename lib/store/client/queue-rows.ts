/** The rows of what waits: requests for the relay, messages for a session, messages for the application, pushes to be acknowledged. */
import type { DeviceAddress, GroupAddress, UserAddress } from '../../base/address.js';
import { type MessageId, type SessionId, asMessageId, asSessionId } from '../../base/brand.js';
import type { RecordReader, RecordWriter } from '../record.js';
import { RowKeyReader, rowKey } from '../row-key.js';
import { allocateRow } from '../row-memory.js';
import type { Row, Write } from '../store.js';
import { deleteRow, putRow, readDevice, readGroupAddress, readRow, writeDevice, writeGroupAddress } from './row.js';

/** What kind of request a row of the outbox is. */
export const outboxKinds = [
  'invite',
  'accept',
  'publish_spk',
  'supply_opks',
  'send_one2one_msg',
  'create_group',
  'add_group_members',
  'add_group_member_device',
  'remove_group_members',
  'leave_group',
  'send_group_msg',
  'update_user',
] as const;

/** One of {@link outboxKinds}. */
export type OutboxKind = (typeof outboxKinds)[number];

/** What an encrypted message was made of, to be encrypted anew when its session is lost. */
export interface MessageOrigin {
  readonly messageId: MessageId;
  readonly notification: number;
  /** The encoded Plaintext. */
  readonly content: Uint8Array;
}

/** A request that has not been answered for good. */
export interface OutboxEntry {
  /** Orders the outbox. */
  readonly sequence: number;
  readonly kind: OutboxKind;
  /** Whom it is for; `undefined`: a group, or the relay itself. */
  readonly device: DeviceAddress | undefined;
  /** The group it is about. */
  readonly group: GroupAddress | undefined;
  /** The number of the order that it carries out, for a change of a group. */
  readonly order: number | undefined;
  readonly sessionId: SessionId | undefined;
  /** Set for messages. */
  readonly origin: MessageOrigin | undefined;
  /** How often the relay has refused it: at most once per start. */
  readonly refusals: number;
  /** The encoded request: sent byte for byte, however often. */
  readonly body: Uint8Array;
}

/** Rows of the outbox have a second form: with the refusals. Those of the first had none that were counted. */
const outboxVersions = { first: 1, withRefusals: 2 } as const;

/** A message that waits for a session. */
export interface PendingMessage extends MessageOrigin {
  /** Orders the messages of one destination. */
  readonly sequence: number;
}

/** What kind of message a row of the inbox is; `own-device-copy`: what another device of ours sent to somebody. */
export const inboxKinds = ['message', 'own-device-copy', 'group-message'] as const;

/** A message that waits for the application. */
export interface InboxEntry {
  readonly sequence: number;
  readonly kind: (typeof inboxKinds)[number];
  readonly from: DeviceAddress;
  /** The group it was sent to. */
  readonly group: GroupAddress | undefined;
  readonly messageId: MessageId;
  /** ms since 1970. */
  readonly receivedAt: number;
  readonly bytes: Uint8Array;
}

/** How a push was handled; the relay is told so. Spec: wire.md §10 (ProtoMsgOpState). */
export type PushState = 1 | 2 | 3;

/** A push whose effect is stored. */
export interface HandledPush {
  readonly id: string;
  readonly state: PushState;
}

/** What `rowKey().uint64(sequence)` makes, without the builder: every message has one. */
function sequenceKey(sequence: number): Uint8Array {
  const key = allocateRow(8);
  let rest = sequence;
  for (let position = 7; position >= 0; position -= 1) {
    key[position] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return key;
}

function sequenceOf(key: Uint8Array): number {
  return new RowKeyReader(key).uint64();
}

/** Writes what a message was made of. */
export function writeOrigin(writer: RecordWriter, origin: MessageOrigin): void {
  writer
    .string(origin.messageId)
    .uint(origin.notification + 0x8000_0000)
    .bytes(origin.content);
}

/** Reads what {@link writeOrigin} wrote: notification levels are signed 32-bit numbers on the wire, rows know none below zero. */
export function readOrigin(reader: RecordReader): MessageOrigin {
  const messageId = asMessageId(reader.string());
  return { messageId, notification: reader.uint(0xffff_ffff) - 0x8000_0000, content: reader.bytes() };
}

/** Prefix of everything in a table whose keys are sequence numbers: the first byte of a safe number is 0. */
export const sequencePrefix: Uint8Array = new Uint8Array([0]);

/** Stores a request. */
export function putOutboxEntry(entry: OutboxEntry): Write {
  const write = (writer: RecordWriter): void => {
    writer.uint(outboxKinds.indexOf(entry.kind));
    writer.optional(entry.device, (device) => writeDevice(writer, device));
    writer.optional(entry.group, (group) => writeGroupAddress(writer, group));
    writer.optional(entry.order, (order) => writer.uint(order));
    writer.optional(entry.sessionId, (id) => writer.string(id));
    writer.optional(entry.origin, (origin) => writeOrigin(writer, origin));
    writer.uint(entry.refusals).bytes(entry.body);
  };
  return putRow('outbox', sequenceKey(entry.sequence), write, outboxVersions.withRefusals);
}

/** Deletes a request. */
export function deleteOutboxEntry(sequence: number): Write {
  return deleteRow('outbox', sequenceKey(sequence));
}

/** Where a request is. */
export function outboxKey(sequence: number): Uint8Array {
  return sequenceKey(sequence);
}

/** Reads a row of the outbox. Throws `StoreError`. */
export function readOutboxEntry({ key, value }: Row): OutboxEntry {
  const sequence = sequenceOf(key);
  const read = (reader: RecordReader): OutboxEntry => {
    const kind = outboxKinds[reader.uint(outboxKinds.length - 1)] ?? reader.fail('a request has an unknown kind');
    const device = reader.optional(() => readDevice(reader));
    const group = reader.optional(() => readGroupAddress(reader));
    const order = reader.optional(() => reader.uint());
    const sessionId = reader.optional(() => asSessionId(reader.string()));
    const origin = reader.optional(() => readOrigin(reader));
    const refusals = reader.version === outboxVersions.first ? 0 : reader.uint();
    return { sequence, kind, device, group, order, sessionId, origin, refusals, body: reader.bytes() };
  };
  return readRow(value, read, Object.values(outboxVersions));
}

/** Whom pending messages are for: one device, or a user none of whose devices is known yet. */
export type PendingTarget = UserAddress | DeviceAddress;

function targetKey(target: PendingTarget): ReturnType<typeof rowKey> {
  const key = rowKey();
  return 'deviceId' in target
    ? key.text('device').text(target.domain).text(target.userId).text(target.deviceId)
    : key.text('user').text(target.domain).text(target.userId);
}

/** Prefix of all messages that wait for `target`. */
export function pendingPrefix(target: PendingTarget): Uint8Array {
  return targetKey(target).toBytes();
}

/** Prefixes of all messages that wait for a device, or for a user. */
export const pendingPrefixes: { readonly device: Uint8Array; readonly user: Uint8Array } = {
  device: rowKey().text('device').toBytes(),
  user: rowKey().text('user').toBytes(),
};

/** Stores a message that waits for `target`. */
export function putPending(target: PendingTarget, message: PendingMessage): Write {
  return putRow('pending', targetKey(target).uint64(message.sequence).toBytes(), (writer) => writeOrigin(writer, message));
}

/** Deletes a message that waits for `target`. */
export function deletePending(target: PendingTarget, sequence: number): Write {
  return deleteRow('pending', targetKey(target).uint64(sequence).toBytes());
}

/** For whom the message of this row waits, and its number. Throws `StoreError`. */
export function readPendingKey(key: Uint8Array): { readonly target: PendingTarget; readonly sequence: number } {
  const reader = new RowKeyReader(key);
  const kind = reader.text();
  const user = { domain: reader.text(), userId: reader.text() };
  const target = kind === 'device' ? { ...user, deviceId: reader.text() } : user;
  return { target, sequence: reader.uint64() };
}

/** Reads a message that waits. Throws `StoreError`. */
export function readPending({ key, value }: Row): PendingMessage {
  const { sequence } = readPendingKey(key);
  return { sequence, ...readRow(value, readOrigin) };
}

/** Stores a message for the application. */
export function putInboxEntry(entry: InboxEntry): Write {
  return putRow('inbox', sequenceKey(entry.sequence), (writer) => {
    writer.uint(inboxKinds.indexOf(entry.kind));
    writeDevice(writer, entry.from);
    writer.optional(entry.group, (group) => writeGroupAddress(writer, group));
    writer.string(entry.messageId).time(entry.receivedAt).bytes(entry.bytes);
  });
}

/** Deletes a message that the application has acknowledged. */
export function deleteInboxEntry(sequence: number): Write {
  return deleteRow('inbox', sequenceKey(sequence));
}

/** Where the messages after `sequence` begin. */
export function inboxKey(sequence: number): Uint8Array {
  return sequenceKey(sequence);
}

/** Reads a message for the application. Throws `StoreError`. */
export function readInboxEntry({ key, value }: Row): InboxEntry {
  const sequence = sequenceOf(key);
  return readRow(value, (reader) => {
    const kind = inboxKinds[reader.uint(inboxKinds.length - 1)] ?? reader.fail('a message has an unknown kind');
    const from = readDevice(reader);
    const group = reader.optional(() => readGroupAddress(reader));
    const messageId = asMessageId(reader.string());
    return { sequence, kind, from, group, messageId, receivedAt: reader.time(), bytes: reader.bytes() };
  });
}

/** Prefix of the pushes in the table `push`. */
export const handledPushPrefix: Uint8Array = rowKey().text('handled').toBytes();

function handledPushKey(id: string): Uint8Array {
  return rowKey().text('handled').text(id).toBytes();
}

/** Stores that a push was handled, in the commit of its effect. */
export function putHandledPush({ id, state }: HandledPush): Write {
  return putRow('push', handledPushKey(id), (writer) => writer.uint(state));
}

/** Forgets a push. */
export function deleteHandledPush(id: string): Write {
  return deleteRow('push', handledPushKey(id));
}

/** Reads a row of {@link handledPushPrefix}. Throws `StoreError`. */
export function readHandledPush({ key, value }: Row): HandledPush {
  const reader = new RowKeyReader(key);
  reader.text();
  const id = reader.text();
  const state = readRow(value, (row) => row.uint(3));
  return { id, state: state === 2 || state === 3 ? state : 1 };
}
