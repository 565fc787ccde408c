/** The rows of what is known of other devices, and of the store itself. */
import type { DeviceAddress } from '../../base/address.js';
import { type MessageId, asMessageId } from '../../base/brand.js';
import type { RecordReader, RecordWriter } from '../record.js';
import { RowKeyReader, rowKey } from '../row-key.js';
import type { Row, Write } from '../store.js';
import { putRow, readRow } from './row.js';

/** Whether content may be sent to a device: the application's word, or, where it is not asked, ours. Weaknesses P4. */
export const approvals = ['given', 'asked', 'rejected'] as const;

/** One of {@link approvals}. */
export type Approval = (typeof approvals)[number];

/** Rows of devices have a second form: with the approval. Those of the first were all approved. */
const peerVersions = { first: 1, withApproval: 2 } as const;

/** A device of somebody, own other devices included. */
export interface Peer {
  readonly device: DeviceAddress;
  /** ms since 1970. */
  readonly knownSince: number;
  /** SHA-256 of the agreement identity key; `undefined`: not seen yet, or no longer trusted. */
  readonly agreementPin: Uint8Array | undefined;
  /** SHA-256 of the signing identity key; bundles carry it, invites do not. */
  readonly signingPin: Uint8Array | undefined;
  /** The relay says that there is no such device (any more): nothing is sent to it, but its pins stay: whoever takes its name is not it. */
  readonly isGone: boolean;
  readonly approval: Approval;
}

/**
 * Messages remembered per device: a peer that lost its session encrypts what was not confirmed anew, which is what it had in flight, and a
 * device has at most `limits.requestsInFlight` of them.
 */
export const deliveredKept = 256;

function deviceParts(kind: string, { domain, userId, deviceId }: DeviceAddress): ReturnType<typeof rowKey> {
  return rowKey().text(kind).text(domain).text(userId).text(deviceId);
}

/** Prefix of all peers in the table `peer`. */
export const peerPrefix: Uint8Array = rowKey().text('device').toBytes();

/** Stores what is known of a device. */
export function putPeer({ device, knownSince, agreementPin, signingPin, isGone, approval }: Peer): Write {
  const key = deviceParts('device', device).toBytes();
  const write = (writer: RecordWriter): void => {
    writer.optional(device.userName, (name) => writer.string(name)).time(knownSince);
    writer
      .optional(agreementPin, (pin) => writer.bytes(pin))
      .optional(signingPin, (pin) => writer.bytes(pin))
      .boolean(isGone)
      .uint(approvals.indexOf(approval));
  };
  return putRow('peer', key, write, peerVersions.withApproval);
}

/** Reads a row of {@link peerPrefix}. Throws `StoreError`. */
export function readPeer({ key, value }: Row): Peer {
  const keyReader = new RowKeyReader(key);
  keyReader.text();
  const address = { domain: keyReader.text(), userId: keyReader.text(), deviceId: keyReader.text() };
  const read = (reader: RecordReader): Peer => {
    const userName = reader.optional(() => reader.string());
    const knownSince = reader.time();
    const agreementPin = reader.optional(() => reader.bytes(32));
    const signingPin = reader.optional(() => reader.bytes(32));
    const device = userName === undefined ? address : { ...address, userName };
    const isGone = reader.boolean();
    const approval = reader.version === peerVersions.first ? 'given' : (approvals[reader.uint()] ?? reader.fail('approval'));
    return { device, knownSince, agreementPin, signingPin, isGone, approval };
  };
  return readRow(value, read, Object.values(peerVersions));
}

/** Prefix of the messages that were delivered from `device`, in the table `peer`. */
export function deliveredPrefix(device: DeviceAddress): Uint8Array {
  return deviceParts('delivered', device).toBytes();
}

/** Remembers the message that was delivered as number `order` from `device`; it takes the place of the one `deliveredKept` before it. */
export function putDelivered(device: DeviceAddress, order: number, messageId: MessageId): Write {
  const key = deviceParts('delivered', device)
    .uint32(order % deliveredKept)
    .toBytes();
  return putRow('peer', key, (writer) => writer.uint(order).string(messageId));
}

/** Reads a row of {@link deliveredPrefix}. Throws `StoreError`. */
export function readDelivered({ value }: Row): { readonly order: number; readonly messageId: MessageId } {
  return readRow(value, (reader) => ({ order: reader.uint(), messageId: asMessageId(reader.string()) }));
}

/** Keys of the rows in the table `meta`. */
export const metaKeys = {
  schema: rowKey().text('client-schema').toBytes(),
  incarnation: rowKey().text('incarnation').toBytes(),
  commits: rowKey().text('commits').toBytes(),
  greetings: rowKey().text('greetings').toBytes(),
} as const;

/** Version of the client's rows as a whole. */
export const clientSchema = 1;

/** Stores which schema the rows follow. */
export function putSchema(): Write {
  return putRow('meta', metaKeys.schema, (writer) => writer.uint(clientSchema));
}

/** Names the store: 16 random bytes. Design D4. */
export function putIncarnation(id: Uint8Array): Write {
  return putRow('meta', metaKeys.incarnation, (writer) => writer.bytes(id));
}

/** Reads what {@link putIncarnation} stored. Throws `StoreError`. */
export function readIncarnation(value: Uint8Array): Uint8Array {
  return readRow(value, (reader) => reader.bytes(16));
}

/** How the store has named its hellos: a copy of it that says hello as well is noticed by them. Design D4. */
export interface Greetings {
  /** The newest one that was answered; empty before the first. */
  readonly answered: Uint8Array;
  /** One that may have been sent; empty: the next hello gets a new name. */
  readonly sent: Uint8Array;
}

/** Stores {@link Greetings}. */
export function putGreetings({ answered, sent }: Greetings): Write {
  return putRow('meta', metaKeys.greetings, (writer) => writer.bytes(answered).bytes(sent));
}

/** Reads what {@link putGreetings} stored. Throws `StoreError`. */
export function readGreetings(value: Uint8Array): Greetings {
  return readRow(value, (reader) => ({ answered: reader.bytes(), sent: reader.bytes() }));
}

/** How far the store has come. Design D4. */
export interface CommitCount {
  /** Commits that count. */
  readonly count: number;
  /**
   * How many of them a relay may have heard of, while there is no connection that could tell it of more; 0: there was one when this was stored.
   * What is committed without a connection does not move it, in however many processes.
   */
  readonly told: number;
}

/** The row has a second form: with what was told. In the first it was not kept. */
const commitsVersions = { first: 1, withTold: 2 } as const;

/** Stores {@link CommitCount}. */
export function putCommits({ count, told }: CommitCount): Write {
  return putRow('meta', metaKeys.commits, (writer) => writer.uint(count).uint(told), commitsVersions.withTold);
}

/** Reads what {@link putCommits} stored. Throws `StoreError`. */
export function readCommits(value: Uint8Array): CommitCount {
  const read = (reader: RecordReader): CommitCount => {
    const count = reader.uint();
    return { count, told: reader.version === commitsVersions.first ? 0 : reader.uint() };
  };
  return readRow(value, read, Object.values(commitsVersions));
}

/** Reads a single number of the table `meta`. Throws `StoreError`. */
export function readNumber(value: Uint8Array): number {
  return readRow(value, (reader) => reader.uint());
}
