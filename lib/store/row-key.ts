import { utf8, fromUtf8 } from '../base/bytes.js';
import { StoreError, UsageError } from '../base/errors.js';
import { checkKey } from './argument.js';

/**
 * Keys of several parts whose bytes sort like their parts, and whose leading parts are a prefix that no other text can forge:
 * every 0 byte of a text is written as 0 2, its end as 0 1.
 */
const zero = 0;
const end = 1;
const escapedZero = 2;

/** Builds a key part by part; each call returns the builder. */
export class RowKey {
  readonly #bytes: number[] = [];

  /** Adds a text. Throws `UsageError('key-text')` when it is not well-formed Unicode: two such texts could become one key. */
  text(text: string): this {
    if (this.#ascii(text)) return this;
    if (/\p{Surrogate}/u.test(text)) throw new UsageError('key-text', 'a text in a key is not well-formed Unicode');
    return this.bytes(utf8(text));
  }

  /** Adds a byte string of any length. */
  bytes(bytes: Uint8Array): this {
    for (const byte of bytes) {
      this.#bytes.push(byte);
      if (byte === zero) this.#bytes.push(escapedZero);
    }
    this.#bytes.push(zero, end);
    return this;
  }

  /** Adds a whole number below 2^32 in 4 bytes. Throws `UsageError('key-number')`. */
  uint32(value: number): this {
    return this.#number(value, 0xffff_ffff, 4);
  }

  /** Adds a safe whole number, at least 0, in 8 bytes. Throws `UsageError('key-number')`. */
  uint64(value: number): this {
    return this.#number(value, Number.MAX_SAFE_INTEGER, 8);
  }

  /** The key, or the prefix of all keys that begin with these parts. Throws `UsageError('key-length')` unless it has 1 to 1,024 bytes. */
  toBytes(): Uint8Array {
    const key = new Uint8Array(new ArrayBuffer(this.#bytes.length));
    key.set(this.#bytes);
    checkKey(key);
    return key;
  }

  /** Adds a text of ASCII characters without 0, as almost all are; whether it was one. */
  #ascii(text: string): boolean {
    const start = this.#bytes.length;
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      if (code === zero || code > 0x7f) {
        this.#bytes.length = start;
        return false;
      }
      this.#bytes.push(code);
    }
    this.#bytes.push(zero, end);
    return true;
  }

  #number(value: number, max: number, length: number): this {
    if (!Number.isSafeInteger(value) || value < 0 || value > max) {
      throw new UsageError('key-number', `a number in a key is a whole number from 0 to ${max}`);
    }
    for (let shift = length - 1; shift >= 0; shift -= 1) this.#bytes.push(Math.floor(value / 256 ** shift) % 256);
    return this;
  }
}

/** Starts a key. */
export function rowKey(): RowKey {
  return new RowKey();
}

/** Reads the parts of a key in the order in which they were added. Throws `StoreError('damaged')` when the key has another form. */
export class RowKeyReader {
  readonly #key: Uint8Array;
  #offset = 0;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** The next part, a text. */
  text(): string {
    const bytes = this.bytes();
    try {
      return fromUtf8(bytes);
    } catch (cause) {
      throw new StoreError('damaged', 'a text in a key is not UTF-8', { cause });
    }
  }

  /** The next part, a byte string. */
  bytes(): Uint8Array {
    const bytes: number[] = [];
    for (let byte = this.#next(); ; byte = this.#next()) {
      if (byte === zero) {
        const mark = this.#next();
        if (mark === end) return new Uint8Array(bytes);
        if (mark !== escapedZero) throw new StoreError('damaged', 'a text in a key has an unknown escape');
      }
      bytes.push(byte);
    }
  }

  /** The next part, a number of 4 bytes. */
  uint32(): number {
    return this.#number(4);
  }

  /** The next part, a number of 8 bytes. */
  uint64(): number {
    const value = this.#number(8);
    if (!Number.isSafeInteger(value)) throw new StoreError('damaged', 'a number in a key is too large');
    return value;
  }

  /** Asserts that all parts were read. */
  end(): void {
    if (this.#offset !== this.#key.length) throw new StoreError('damaged', 'a key is longer than its parts');
  }

  #number(length: number): number {
    let value = 0;
    for (let i = 0; i < length; i += 1) value = value * 256 + this.#next();
    return value;
  }

  #next(): number {
    const byte = this.#key[this.#offset];
    if (byte === undefined) throw new StoreError('damaged', 'a key ends within a part');
    this.#offset += 1;
    return byte;
  }
}
