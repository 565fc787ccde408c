/**
 * The rows of what waits for a group: changes that the application asked for, messages to be sealed, messages and keys that came before what they
 * need. All are numbered per group.
 */
import type { DeviceAddress, GroupAddress, UserAddress } from '../../base/address.js';
import type { GroupMember } from '../../group/membership.js';
import type { RecordReader, RecordWriter } from '../record.js';
import { RowKeyReader, rowKey } from '../row-key.js';
import type { Row, Write } from '../store.js';
import { groupRowName, readMembers, writeMembers } from './group-rows.js';
import { type MessageOrigin, readOrigin, writeOrigin } from './queue-rows.js';
import { deleteRow, putRow, readDevice, readGroupAddress, readRow, writeDevice, writeGroupAddress } from './row.js';

/** A change of a group that was asked for. */
export type GroupWish =
  | { readonly kind: 'create'; readonly name: string; readonly members: readonly GroupMember[] }
  | { readonly kind: 'add'; readonly members: readonly GroupMember[] }
  | { readonly kind: 'remove'; readonly members: readonly UserAddress[] }
  | { readonly kind: 'add-device'; readonly device: DeviceAddress }
  | { readonly kind: 'leave' }
  /** A new epoch for who is there, unless one has been opened after the epoch of that number. */
  | { readonly kind: 'renew'; readonly epoch: number };

/** A change of a group on its way; for a create, `group` is a name of our own until the relay gives one. */
export interface GroupOrder {
  readonly sequence: number;
  readonly group: GroupAddress;
  readonly wish: GroupWish;
  /** Its request is in the outbox: nothing that changes the group's keys may come in between. */
  readonly isSent: boolean;
}

/** A message that waits until the group's keys can seal it. */
export interface WaitingGroupMessage extends MessageOrigin {
  readonly sequence: number;
  readonly allow: readonly DeviceAddress[];
  readonly deny: readonly DeviceAddress[];
}

/** A message that cannot be opened yet. */
export interface HeldGroupMessage {
  readonly sequence: number;
  readonly group: GroupAddress;
  /** The encoded envelope. */
  readonly envelope: Uint8Array;
  /** ms since 1970. */
  readonly heldAt: number;
}

/** Keys that a member has sent, opened but not used yet. */
export interface ReceivedGroupKeys {
  readonly sequence: number;
  readonly group: GroupAddress;
  readonly from: DeviceAddress;
  /** The encoded Plaintext: holds a seed or a chain key, so whoever reads it wipes it. */
  readonly content: Uint8Array;
  /** ms since 1970. */
  readonly receivedAt: number;
}

type Queue = 'order' | 'waiting' | 'held' | 'keys';

const wishKinds = ['create', 'add', 'remove', 'add-device', 'leave', 'renew'] as const;

/** Prefix of one queue, of all groups or of one. */
export function groupQueuePrefix(queue: Queue, group?: GroupAddress): Uint8Array {
  const key = rowKey().text(queue);
  return (group === undefined ? key : key.text(groupRowName(group))).toBytes();
}

function queueKey(queue: Queue, group: GroupAddress, sequence: number): Uint8Array {
  return rowKey().text(queue).text(groupRowName(group)).uint64(sequence).toBytes();
}

/** Which number of its group's queue a row has. Throws `StoreError`. */
export function groupQueueSequence(key: Uint8Array): number {
  const reader = new RowKeyReader(key);
  reader.text();
  reader.text();
  return reader.uint64();
}

/** Deletes one row of a queue. */
export function deleteFromGroupQueue(queue: Queue, group: GroupAddress, sequence: number): Write {
  return deleteRow('group', queueKey(queue, group, sequence));
}

/** Stores an order. */
export function putGroupOrder({ sequence, group, wish, isSent }: GroupOrder): Write {
  return putRow('group', queueKey('order', group, sequence), (writer) => {
    writeGroupAddress(writer, group);
    writer.boolean(isSent).uint(wishKinds.indexOf(wish.kind));
    writeWish(writer, wish);
  });
}

function writeWish(writer: RecordWriter, wish: GroupWish): void {
  switch (wish.kind) {
    case 'create':
      writer.string(wish.name);
      writeMembers(writer, wish.members);
      return;
    case 'add':
      writeMembers(writer, wish.members);
      return;
    case 'remove':
      writer.list(wish.members, ({ domain, userId }) => writer.string(domain).string(userId));
      return;
    case 'add-device':
      writeDevice(writer, wish.device);
      return;
    case 'leave':
      return;
    case 'renew':
      writer.uint(wish.epoch);
      return;
  }
}

function readWish(reader: RecordReader): GroupWish {
  const kind = wishKinds[reader.uint(wishKinds.length - 1)] ?? reader.fail('an order has an unknown kind');
  switch (kind) {
    case 'create':
      return { kind, name: reader.string(), members: readMembers(reader) };
    case 'add':
      return { kind, members: readMembers(reader) };
    case 'remove':
      return { kind, members: reader.list(() => ({ domain: reader.string(), userId: reader.string() })) };
    case 'add-device':
      return { kind, device: readDevice(reader) };
    case 'leave':
      return { kind };
    case 'renew':
      return { kind, epoch: reader.uint() };
  }
}

/** Reads an order. Throws `StoreError`. */
export function readGroupOrder({ key, value }: Row): GroupOrder {
  const sequence = groupQueueSequence(key);
  return readRow(value, (reader) => {
    const group = readGroupAddress(reader);
    const isSent = reader.boolean();
    return { sequence, group, isSent, wish: readWish(reader) };
  });
}

/** Stores a message that waits. */
export function putWaitingGroupMessage(group: GroupAddress, message: WaitingGroupMessage): Write {
  return putRow('group', queueKey('waiting', group, message.sequence), (writer) => {
    writeGroupAddress(writer, group);
    writeOrigin(writer, message);
    for (const list of [message.allow, message.deny]) writer.list(list, (device) => writeDevice(writer, device));
  });
}

/** Reads a message that waits, and for which group. Throws `StoreError`. */
export function readWaitingGroupMessage({ key, value }: Row): { readonly group: GroupAddress; readonly message: WaitingGroupMessage } {
  const sequence = groupQueueSequence(key);
  return readRow(value, (reader) => {
    const group = readGroupAddress(reader);
    const origin = readOrigin(reader);
    const allow = reader.list(() => readDevice(reader));
    const deny = reader.list(() => readDevice(reader));
    return { group, message: { sequence, ...origin, allow, deny } };
  });
}

/** Stores a message that cannot be opened yet. */
export function putHeldGroupMessage({ sequence, group, envelope, heldAt }: HeldGroupMessage): Write {
  return putRow('group', queueKey('held', group, sequence), (writer) => {
    writeGroupAddress(writer, group);
    writer.bytes(envelope).time(heldAt);
  });
}

/** Reads a message that cannot be opened yet. Throws `StoreError`. */
export function readHeldGroupMessage({ key, value }: Row): HeldGroupMessage {
  const sequence = groupQueueSequence(key);
  return readRow(value, (reader) => {
    const group = readGroupAddress(reader);
    return { sequence, group, envelope: reader.bytes(), heldAt: reader.time() };
  });
}

/** Stores keys that were received. */
export function putReceivedGroupKeys({ sequence, group, from, content, receivedAt }: ReceivedGroupKeys): Write {
  return putRow('group', queueKey('keys', group, sequence), (writer) => {
    writeGroupAddress(writer, group);
    writeDevice(writer, from);
    writer.bytes(content).time(receivedAt);
  });
}

/** Reads keys that were received. Throws `StoreError`. */
export function readReceivedGroupKeys({ key, value }: Row): ReceivedGroupKeys {
  const sequence = groupQueueSequence(key);
  return readRow(value, (reader) => {
    const group = readGroupAddress(reader);
    const from = readDevice(reader);
    return { sequence, group, from, content: reader.bytes(), receivedAt: reader.time() };
  });
}
