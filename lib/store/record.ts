import { utf8, fromUtf8 } from '../base/bytes.js';
import { InternalError, StoreError } from '../base/errors.js';
import { allocateSecret } from '../base/secret.js';
import { allocateRow } from './row-memory.js';

/**
 * The form of a stored row: one byte of version, then its fields in a fixed order without names. Numbers are seven bits a byte, low first;
 * byte strings and lists carry their length; what is optional carries a byte 0 or 1.
 *
 * Rows hold key material, so everything here lies in memory outside of the heap and what is not handed out is wiped.
 */
const firstCapacity = 4_096;

/** Scale of the eighth and last byte of a number: 2^49. */
const longestScale = 2 ** 49;

/** Writes the fields of a row; made by {@link encodeRecord}. Each call returns the writer. */
export class RecordWriter {
  #bytes = allocateSecret(firstCapacity);
  #length = 0;

  /** A safe whole number, at least 0: 1 to 8 bytes. */
  uint(value: number): this {
    if (!Number.isSafeInteger(value) || value < 0) throw new InternalError('record-field', 'a number of a row is not a safe whole number');
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#byte((rest % 0x80) + 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.#byte(rest);
    return this;
  }

  /** A time in milliseconds or any other safe whole number, negative too: 8 bytes. */
  time(value: number): this {
    if (!Number.isSafeInteger(value)) throw new InternalError('record-field', 'a time of a row is not a safe whole number');
    this.#reserve(8);
    new DataView(this.#bytes.buffer).setBigInt64(this.#length, BigInt(value));
    this.#length += 8;
    return this;
  }

  /** Yes or no: 1 byte. */
  boolean(value: boolean): this {
    return this.uint(value ? 1 : 0);
  }

  /** A byte string, copied. */
  bytes(value: Uint8Array): this {
    this.uint(value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
    return this;
  }

  /** A text; never one that was made of a secret. */
  string(value: string): this {
    const { length } = value;
    this.#reserve(length + 8);
    const start = this.#length;
    this.uint(length);
    const bytes = this.#bytes;
    // Names and ids are mostly ASCII, and then a call of the encoder costs more than all the rest of the row.
    for (let index = 0; index < length; index += 1) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) {
        this.#length = start;
        return this.bytes(utf8(value));
      }
      bytes[this.#length + index] = code;
    }
    this.#length += length;
    return this;
  }

  /** A field that may be missing; `write` is called with it when it is there. */
  optional<T>(value: T | undefined, write: (value: T) => void): this {
    this.boolean(value !== undefined);
    if (value !== undefined) write(value);
    return this;
  }

  /** Any number of fields of one form; `write` is called with each and must write at least one field. */
  list<T>(values: readonly T[], write: (value: T) => void): this {
    this.uint(values.length);
    for (const value of values) write(value);
    return this;
  }

  /** The row so far, see {@link allocateRow}. */
  toBytes(): Uint8Array {
    const row = allocateRow(this.#length);
    row.set(this.#bytes.subarray(0, this.#length));
    return row;
  }

  /** Overwrites what was written and makes the writer ready for the next row. */
  wipe(): void {
    this.#bytes.fill(0, 0, this.#length);
    this.#length = 0;
    if (this.#bytes.length > firstCapacity) this.#bytes = allocateSecret(firstCapacity);
  }

  #byte(value: number): void {
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = allocateSecret(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes.fill(0);
    this.#bytes = grown;
  }
}

/** Reads the fields of a row in the order in which they were written; made by {@link decodeRecord}. All methods throw `StoreError('damaged')`. */
export class RecordReader {
  /** The version byte of the row. */
  readonly version: number;
  readonly #row: Uint8Array;
  readonly #copies: Uint8Array[] = [];
  #offset = 0;

  constructor(row: Uint8Array) {
    this.#row = row;
    this.version = this.#byte();
  }

  /** A whole number from 0 to `max`. */
  uint(max: number = Number.MAX_SAFE_INTEGER): number {
    let value = 0;
    let byte = 0x80;
    for (let scale = 1; byte >= 0x80; scale *= 0x80) {
      byte = this.#byte();
      value += (byte % 0x80) * scale;
      // One form for each number: no zero at the end of a longer one, nothing above the bound.
      if (value > max || (byte === 0 && scale > 1) || scale > longestScale) this.fail('a number is out of bounds');
    }
    return value;
  }

  /** A time in milliseconds, or any other safe whole number. */
  time(): number {
    const bytes = this.#take(8);
    const value = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigInt64(0));
    if (!Number.isSafeInteger(value)) this.fail('a time is out of bounds');
    return value;
  }

  /** Yes or no. */
  boolean(): boolean {
    return this.uint(1) === 1;
  }

  /** A byte string of exactly `length` bytes (of any length when not given) in memory of its own, fit for a secret. */
  bytes(length?: number): Uint8Array {
    const found = this.uint(this.#row.length);
    if (length !== undefined && found !== length) this.fail(`a byte string has ${found} bytes instead of ${length}`);
    const bytes = this.#take(found);
    const copy = allocateSecret(bytes.length);
    copy.set(bytes);
    this.#copies.push(copy);
    return copy;
  }

  /** A text. */
  string(): string {
    try {
      return fromUtf8(this.#take(this.uint(this.#row.length)));
    } catch (cause) {
      throw new StoreError('damaged', 'a text of a stored row is not UTF-8', { cause });
    }
  }

  /** A field that may be missing; `read` is called when it is there. */
  optional<T>(read: () => T): T | undefined {
    return this.boolean() ? read() : undefined;
  }

  /** Any number of fields of one form; `read` is called for each. */
  list<T>(read: () => T): T[] {
    // Each entry has at least one byte, which bounds a forged number before anything is allocated.
    const count = this.uint(this.#row.length - this.#offset);
    const values: T[] = [];
    for (let i = 0; i < count; i += 1) values.push(read());
    return values;
  }

  /** Refuses the row because of what a field says. Throws `StoreError('damaged')`. */
  fail(reason: string): never {
    throw new StoreError('damaged', `a stored row is malformed: ${reason}`);
  }

  /** Asserts that the row ends here. */
  end(): void {
    if (this.#offset !== this.#row.length) this.fail(`${this.#row.length - this.#offset} bytes follow its last field`);
  }

  /** Wipes every byte string handed out so far. */
  wipe(): void {
    for (const copy of this.#copies) copy.fill(0);
  }

  #byte(): number {
    const byte = this.#row[this.#offset];
    if (byte === undefined) this.fail('it ends within a field');
    this.#offset += 1;
    return byte;
  }

  #take(length: number): Uint8Array {
    const bytes = this.#row.subarray(this.#offset, this.#offset + length);
    if (bytes.length !== length) this.fail('it ends within a field');
    this.#offset += length;
    return bytes;
  }
}

/** One writer serves row after row: its memory is the only copy besides the row itself. */
let idle: RecordWriter | undefined;

/** A row of `version` (1 to 127) with the fields that `write` adds, on its way into a store: see {@link allocateRow}. */
export function encodeRecord(version: number, write: (writer: RecordWriter) => void): Uint8Array {
  const writer = idle ?? new RecordWriter();
  idle = undefined;
  try {
    write(writer.uint(version));
    return writer.toBytes();
  } finally {
    writer.wipe();
    idle = writer;
  }
}

/**
 * What `read` makes of `row`, which must be of one of `versions` and end after the last field. `row` itself stays the caller's (to wipe).
 * Throws `StoreError('damaged')` for a malformed row and `StoreError('newer-schema')` for an unknown version; then every byte string that
 * was handed to `read` is wiped.
 */
export function decodeRecord<T>(row: Uint8Array, versions: readonly number[], read: (reader: RecordReader) => T): T {
  const reader = new RecordReader(row);
  if (!versions.includes(reader.version)) {
    throw new StoreError('newer-schema', `a stored row has version ${reader.version}, known are ${versions.join(', ')}`);
  }
  try {
    const value = read(reader);
    reader.end();
    return value;
  } catch (error) {
    reader.wipe();
    throw error;
  }
}
