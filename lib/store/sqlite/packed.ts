import { copyBytes } from '../../base/bytes.js';
import { InternalError } from '../../base/errors.js';
import { allocateSecret } from '../../base/secret.js';
import { type Row, type Table, type Write, tables } from '../store.js';

/**
 * Rows and writes in one buffer: handing over many small buffers between threads costs microseconds each, one large one does not.
 * Each entry: table (1 byte), length of the key (2), 0 for a deletion or length of the value and 1 (4), key, value.
 */
const headerLength = 7;

const numberOf: ReadonlyMap<Table, number> = new Map(tables.map((table, number) => [table, number]));

/** One entry as views of the buffer. */
interface PackedEntry {
  readonly table: Table;
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

/** All of `writes`, whose keys and values have been checked, in one new buffer. */
export function packWrites(writes: readonly Write[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const { key, value } of writes) length += headerLength + key.length + (value === undefined ? 0 : value.length);
  const packed = allocateSecret(length);
  const view = new DataView(packed.buffer);
  let offset = 0;
  for (const { table, key, value } of writes) {
    view.setUint8(offset, numberOf.get(table) ?? 0);
    view.setUint16(offset + 1, key.length);
    view.setUint32(offset + 3, value === undefined ? 0 : value.length + 1);
    packed.set(key, offset + headerLength);
    offset += headerLength + key.length;
    if (value !== undefined) {
      packed.set(value, offset);
      offset += value.length;
    }
  }
  return packed;
}

/** All of `rows` in one new buffer. */
export function packRows(rows: readonly Row[]): Uint8Array<ArrayBuffer> {
  return packWrites(rows.map(({ key, value }) => ({ table: tables[0], key, value })));
}

/** The entries of `packed` as views of it. */
export function* unpack(packed: Uint8Array): Generator<PackedEntry> {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
  let offset = 0;
  while (offset < packed.length) {
    const table = tables[view.getUint8(offset)];
    if (table === undefined) throw new InternalError('unknown-table', 'a packed write names no table');
    const keyLength = view.getUint16(offset + 1);
    const valueLength = view.getUint32(offset + 3) - 1;
    offset += headerLength;
    const key = packed.subarray(offset, offset + keyLength);
    offset += keyLength;
    const value = valueLength < 0 ? undefined : packed.subarray(offset, offset + valueLength);
    offset += Math.max(0, valueLength);
    yield { table, key, value };
  }
}

/** The rows of `packed`, each in memory of its own; `packed` is wiped. */
export function unpackRows(packed: Uint8Array): Row[] {
  const rows: Row[] = [];
  for (const { key, value } of unpack(packed)) {
    if (value !== undefined) rows.push({ key: copyBytes(key), value: copyBytes(value) });
  }
  packed.fill(0);
  return rows;
}
