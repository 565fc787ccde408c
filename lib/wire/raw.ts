/**
 * The protobuf encoding itself, for the few messages that every message of a conversation passes through: envelope, content, push and
 * frame. There the generated code costs several times the cryptography around it, and a push's fingerprint needs the very bytes of its
 * parts. Tests compare every byte with the generated code.
 */
import { copyBytes, fromUtf8 } from '../base/bytes.js';
import { DecodeError, InternalError } from '../base/errors.js';

/** Wire types of protobuf. */
const varint = 0;
const fixed64 = 1;
const delimited = 2;
const fixed32 = 5;

function truncated(): DecodeError {
  return new DecodeError('truncated', 'a field reaches beyond the end of its message');
}

function malformed(): DecodeError {
  return new DecodeError('malformed', 'the bytes are not a message of the schema');
}

/** Walks over the fields of one message. All methods throw `DecodeError` with code `truncated`, `malformed` or `number`. */
export class FieldReader {
  /** Number of the field {@link next} found. */
  field = 0;
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #position: number;
  #wireType = varint;

  /** Reads `bytes` from `start` to `end`; nothing is copied. */
  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#position = start;
    this.#end = end;
  }

  /** Goes to the next field; its value must then be read or {@link skip}ped. False at the end. */
  next(): boolean {
    if (this.#position >= this.#end) return false;
    const tag = this.#varint();
    // Field numbers have 29 bits; a tag of more than 32 bits has none.
    if (tag > 0xffffffff || tag < 8) throw malformed();
    this.field = tag >>> 3;
    this.#wireType = tag & 7;
    return true;
  }

  /** Whether the field holds bytes, a text or a message. */
  isDelimited(): boolean {
    return this.#wireType === delimited;
  }

  /** Whether the field holds a number. */
  isVarint(): boolean {
    return this.#wireType === varint;
  }

  /** Passes over the value. Groups are not part of the syntax in use and are refused. */
  skip(): void {
    switch (this.#wireType) {
      case varint:
        this.#varint();
        return;
      case fixed64:
        this.#advance(8);
        return;
      case delimited:
        this.#advance(this.#varint());
        return;
      case fixed32:
        this.#advance(4);
        return;
      default:
        throw malformed();
    }
  }

  /** A number of 32 bits; more significant ones are cut off, as everywhere with protobuf. */
  uint32(): number {
    const value = this.#varint();
    return value > 0xffffffff ? value % 0x1_0000_0000 : value;
  }

  /** A number of 64 bits. Throws code `number` when it is not exact. */
  uint64(): number {
    const value = this.#varint();
    if (value > Number.MAX_SAFE_INTEGER) throw new DecodeError('number', 'an integer is out of range');
    return value;
  }

  /** A view of the value's bytes. */
  view(): Uint8Array {
    const start = this.#delimited();
    return this.#bytes.subarray(start, this.#position);
  }

  /** The value's bytes in memory of their own. */
  bytes(): Uint8Array {
    return copyBytes(this.view());
  }

  /** A text; bytes that are not UTF-8 are refused. */
  text(): string {
    const start = this.#delimited();
    const bytes = this.#bytes;
    const end = this.#position;
    let found = '';
    for (let at = start; at < end; at++) {
      const byte = bytes[at] ?? 0;
      if (byte >= 0x80) return strictUtf8(bytes.subarray(start, end));
      found += String.fromCharCode(byte);
    }
    return found;
  }

  /** A reader of the message that the value is. */
  message(): FieldReader {
    const start = this.#delimited();
    return new FieldReader(this.#bytes, start, this.#position);
  }

  #delimited(): number {
    if (this.#wireType !== delimited) throw malformed();
    const length = this.#varint();
    const start = this.#position;
    this.#advance(length);
    return start;
  }

  #advance(length: number): void {
    if (length > this.#end - this.#position) throw truncated();
    this.#position += length;
  }

  #varint(): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let position = this.#position;
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count++) {
      if (position >= end) throw truncated();
      const byte = bytes[position++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.#position = position;
        return value;
      }
      scale *= 128;
    }
    throw malformed();
  }
}

function strictUtf8(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes);
  } catch (cause) {
    throw new DecodeError('malformed', 'a text is not valid UTF-8', { cause });
  }
}

/** Bytes that `value` takes as a varint; `value` is a safe integer from 0. */
export function varintLength(value: number): number {
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

  /** Bytes not yet written. */
  get left(): number {
    return this.out.length - this.#position;
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

  /** A number of up to 53 bits. */
  varint(value: number): void {
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
}
