/** What the rows of a relay have in common. */
import type { DeviceAddress } from '../base/address.js';
import { noBytes } from '../base/bytes.js';
import type { GroupCommit } from './group-commit.js';
import { type RecordReader, type RecordWriter, decodeRecord, encodeRecord } from './record.js';
import { type RowKey, rowKey } from './row-key.js';
import type { Row, Table, Write } from './store.js';

/** Version of every record of this schema whose form has not changed. */
const rowVersion = 1;

/** Rows read at once where all of a range are wanted. */
const pageLength = 256;

/** Sets the row to what `write` writes; `version` is that of a record whose form has changed. */
export function putRecord(table: Table, key: Uint8Array, write: (writer: RecordWriter) => void, version = rowVersion): Write {
  return { table, key, value: encodeRecord(version, write) };
}

/** Deletes the row; one that does not exist is no error. */
export function deleteRow(table: Table, key: Uint8Array): Write {
  return { table, key, value: undefined };
}

/** What `read` makes of a row's value; `known` are the versions that it can read. Throws `StoreError('damaged')` or `StoreError('newer-schema')`. */
export function readRecord<T>(value: Uint8Array, read: (reader: RecordReader) => T, known: readonly number[] = [rowVersion]): T {
  return decodeRecord(value, known, read);
}

/** What `read` makes of the row, or `undefined` when there is none. Throws as {@link readRecord}. */
export async function getRecord<T>(
  commits: GroupCommit,
  table: Table,
  key: Uint8Array,
  read: (reader: RecordReader) => T,
  known?: readonly number[],
): Promise<T | undefined> {
  const value = await commits.get(table, key);
  return value === undefined ? undefined : readRecord(value, read, known);
}

/** The beginning of every key that names a device; one relay serves one domain. */
export function deviceParts(address: DeviceAddress): RowKey {
  return rowKey().text(address.userId).text(address.deviceId);
}

/**
 * All rows whose key begins with `prefix`, without their values: `see` looks at each value before it is dropped, because all of them together
 * may not fit into memory.
 */
export async function allKeys(
  commits: GroupCommit,
  table: Table,
  prefix: Uint8Array,
  see: (row: Row) => void = () => undefined,
): Promise<Uint8Array[]> {
  const keys: Uint8Array[] = [];
  for (;;) {
    const after = keys.at(-1);
    const page = await commits.list(table, { prefix, limit: pageLength, ...(after === undefined ? {} : { after }) });
    for (const row of page) {
      see(row);
      keys.push(row.key);
    }
    if (page.length < pageLength) return keys;
  }
}

/** The value of a row whose key says everything. */
export function emptyValue(): Uint8Array {
  return noBytes.slice();
}
