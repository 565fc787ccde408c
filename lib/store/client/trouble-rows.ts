/** The rows of what went wrong with what was received: counters, tries, pushes set aside, messages that came before their session was ready. */
import type { DeviceAddress } from '../../base/address.js';
import { type SessionId, asSessionId } from '../../base/brand.js';
import { RowKeyReader, rowKey } from '../row-key.js';
import type { Row, Write } from '../store.js';
import { deleteRow, putRow, readDevice, readRow, writeDevice } from './row.js';

/** Key of the counters in the table `meta`. */
export const refusalCountsKey: Uint8Array = rowKey().text('undecryptable').toBytes();

/** Stores the counters, one row for all codes. */
export function putRefusalCounts(counts: ReadonlyMap<string, number>): Write {
  return putRow('meta', refusalCountsKey, (writer) => {
    writer.list([...counts], ([code, count]) => writer.string(code).uint(count));
  });
}

/** Reads the counters. Throws `StoreError`. */
export function readRefusalCounts(value: Uint8Array): Map<string, number> {
  return readRow(value, (reader) => new Map(reader.list((): [string, number] => [reader.string(), reader.uint()])));
}

/** Prefix of the counted tries in the table `push`. */
export const pushTriesPrefix: Uint8Array = rowKey().text('tries').toBytes();

function pushTriesKey(id: string): Uint8Array {
  return rowKey().text('tries').text(id).toBytes();
}

/** Stores how often a push could not be carried out. */
export function putPushTries(id: string, count: number): Write {
  return putRow('push', pushTriesKey(id), (writer) => writer.uint(count));
}

/** Forgets the tries of a push. */
export function deletePushTries(id: string): Write {
  return deleteRow('push', pushTriesKey(id));
}

/** Reads a row of {@link pushTriesPrefix}. Throws `StoreError`. */
export function readPushTries({ key, value }: Row): { readonly id: string; readonly count: number } {
  const reader = new RowKeyReader(key);
  reader.text();
  return { id: reader.text(), count: readRow(value, (row) => row.uint()) };
}

/** A push that could not be carried out. */
export interface SetAsideRow {
  /** Orders them. */
  readonly sequence: number;
  readonly pushId: string | undefined;
  readonly kind: string;
  /** Of the error. */
  readonly code: string;
  readonly from: DeviceAddress | undefined;
  /** ms since 1970. */
  readonly setAsideAt: number;
  /** The encoded push; empty: it was too large to be kept. */
  readonly bytes: Uint8Array;
}

/** Prefix of the pushes set aside in the table `push`. */
export const setAsidePrefix: Uint8Array = rowKey().text('aside').toBytes();

/** Where a push that was set aside is. */
export function setAsideKey(sequence: number): Uint8Array {
  return rowKey().text('aside').uint64(sequence).toBytes();
}

/** Stores a push that is set aside. */
export function putSetAside({ sequence, pushId, kind, code, from, setAsideAt, bytes }: SetAsideRow): Write {
  return putRow('push', setAsideKey(sequence), (writer) => {
    writer.optional(pushId, (id) => writer.string(id)).optional(from, (device) => writeDevice(writer, device));
    writer.string(kind).string(code).time(setAsideAt).bytes(bytes);
  });
}

/** Forgets a push that was set aside. */
export function deleteSetAside(sequence: number): Write {
  return deleteRow('push', setAsideKey(sequence));
}

/** Reads a row of {@link setAsidePrefix}. Throws `StoreError`. */
export function readSetAside({ key, value }: Row): SetAsideRow {
  const keyReader = new RowKeyReader(key);
  keyReader.text();
  const sequence = keyReader.uint64();
  return readRow(value, (reader) => {
    const pushId = reader.optional(() => reader.string());
    const from = reader.optional(() => readDevice(reader));
    return { sequence, pushId, from, kind: reader.string(), code: reader.string(), setAsideAt: reader.time(), bytes: reader.bytes() };
  });
}

/** A message that came before the accept of its session. */
export interface EarlyMessage {
  readonly sessionId: SessionId;
  /** Orders the messages of one session. */
  readonly sequence: number;
  readonly from: DeviceAddress;
  /** ms since 1970. */
  readonly heldAt: number;
  /** The encoded envelope. */
  readonly envelope: Uint8Array;
}

/** Prefix of all of them in the table `pending`. */
export const earlyMessagePrefix: Uint8Array = rowKey().text('early').toBytes();

/** Where a message is that came too early. */
export function earlyMessageKey(sessionId: SessionId, sequence: number): Uint8Array {
  return rowKey().text('early').text(sessionId).uint64(sequence).toBytes();
}

/** Stores a message that came too early. */
export function putEarlyMessage({ sessionId, sequence, from, heldAt, envelope }: EarlyMessage): Write {
  return putRow('pending', earlyMessageKey(sessionId, sequence), (writer) => {
    writeDevice(writer, from);
    writer.time(heldAt).bytes(envelope);
  });
}

/** Deletes a message that came too early. */
export function deleteEarlyMessage(sessionId: SessionId, sequence: number): Write {
  return deleteRow('pending', earlyMessageKey(sessionId, sequence));
}

/** Reads a row of {@link earlyMessagePrefix}. Throws `StoreError`. */
export function readEarlyMessage({ key, value }: Row): EarlyMessage {
  const keyReader = new RowKeyReader(key);
  keyReader.text();
  const sessionId = asSessionId(keyReader.text());
  const sequence = keyReader.uint64();
  return readRow(value, (reader) => {
    const from = readDevice(reader);
    return { sessionId, sequence, from, heldAt: reader.time(), envelope: reader.bytes() };
  });
}
