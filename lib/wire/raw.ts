/**
 * Writing protobuf without the generated code, for the few messages that every message of a conversation passes through: there copies and
 * growing buffers cost more than the encryption. Tests compare every byte with the generated code.
 */
import { InternalError } from '../base/errors.js';

/** Wire types of protobuf. */
const varint = 0;
const delimited = 2;

/** Bytes of a negative number as a varint: its 64-bit two's complement, whatever the type of the field. */
const negativeLength = 10;

/** Bytes that `value` takes as a varint; `value` is a safe integer. */
function varintLength(value: number): number {
  if (value < 0) return negativeLength;
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  if (value < 0x1000_0000) return 4;
  let length = 5;
  for (let rest = Math.floor(value / 0x8_0000_0000); rest > 0; rest = Math.floor(rest / 128)) length++;
  return length;
}

/** Bytes of a number field, 0 when it is the default and not written. `tagLength` is 1 for fields 1 to 15, 2 up to 2047. */
export function numberFieldLength(value: number, tagLength = 1): number {
  return value === 0 ? 0 : tagLength + varintLength(value);
}

/** Bytes of a field of `length` bytes or ASCII characters, 0 when it is the default and not written. */
export function bytesFieldLength(length: number, tagLength = 1): number {
  return length === 0 ? 0 : messageFieldLength(length, tagLength);
}

/** Bytes of a field that is a message or a member of a oneof: written also when empty. */
export function messageFieldLength(length: number, tagLength = 1): number {
  return tagLength + varintLength(length) + length;
}

/** Fills memory whose size was counted before; whoever counts wrongly gets a `RangeError`, not a wrong message. */
export class FieldWriter {
  readonly out: Uint8Array;
  #position = 0;

  /** Writes into `out` from its start. */
  constructor(out: Uint8Array) {
    this.out = out;
  }

  /** A number field; the default 0 is not written. */
  number(field: number, value: number): void {
    if (value === 0) return;
    this.varint(field * 8 + varint);
    this.varint(value);
  }

  /** The head of a field whose `length` bytes follow. */
  head(field: number, length: number): void {
    this.varint(field * 8 + delimited);
    this.varint(length);
  }

  /** A whole field of bytes; the default, none, is not written. */
  bytes(field: number, value: Uint8Array): void {
    if (value.length === 0) return;
    this.message(field, value);
  }

  /** A whole field that is an encoded message, or a member of a oneof: written also when empty. */
  message(field: number, value: Uint8Array): void {
    this.head(field, value.length);
    this.raw(value);
  }

  /** Bytes as they are. */
  raw(value: Uint8Array): void {
    this.out.set(value, this.#position);
    this.#position += value.length;
  }

  /** A whole field of ASCII text; the default, the empty text, is not written. Throws `InternalError('not-ascii')`. */
  ascii(field: number, value: string): void {
    if (value === '') return;
    this.head(field, value.length);
    const { out } = this;
    let position = this.#position;
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) throw new InternalError('not-ascii', 'an id contains something else than ASCII');
      out[position++] = code;
    }
    this.#position = position;
  }

  /** A safe integer. */
  varint(value: number): void {
    if (value < 0) {
      this.#negative(value);
      return;
    }
    const { out } = this;
    let position = this.#position;
    let rest = value;
    while (rest > 0x7f) {
      out[position++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    out[position++] = rest;
    this.#position = position;
  }

  #negative(value: number): void {
    let rest = BigInt.asUintN(64, BigInt(value));
    for (let left = negativeLength; left > 0; left -= 1) {
      this.out[this.#position] = Number(rest & 0x7fn) | (left > 1 ? 0x80 : 0);
      this.#position += 1;
      rest >>= 7n;
    }
  }
}
