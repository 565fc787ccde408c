/** Protobuf messages as lists of fields, without a schema: what a mutator takes apart and puts together again, correctly or not. */
import { concat } from '../../lib/base/bytes.js';

/** One field as it stands in a message. */
export type RawField =
  | { readonly number: number; readonly wire: 0; readonly value: bigint }
  | { readonly number: number; readonly wire: 1 | 2 | 5; readonly value: Uint8Array };

/** A varint; `padding` makes it longer than it needs to be. */
export function encodeVarint(value: bigint, padding = 0): Uint8Array {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, value);
  while (rest > 0x7fn) {
    out.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  out.push(Number(rest) | (padding > 0 ? 0x80 : 0));
  for (let left = padding; left > 0; left -= 1) out.push(left > 1 ? 0x80 : 0);
  return Uint8Array.from(out);
}

function readVarint(bytes: Uint8Array, at: number): { readonly value: bigint; readonly end: number } | undefined {
  let value = 0n;
  for (let length = 0; length < 10; length += 1) {
    const byte = bytes[at + length];
    if (byte === undefined) return undefined;
    value |= BigInt(byte & 0x7f) << BigInt(7 * length);
    if (byte < 0x80) return { value, end: at + length + 1 };
  }
  return undefined;
}

/** The fields of a message; `undefined` when the bytes are none. */
export function parseFields(bytes: Uint8Array): RawField[] | undefined {
  const fields: RawField[] = [];
  let at = 0;
  while (at < bytes.length) {
    const head = readVarint(bytes, at);
    if (head === undefined) return undefined;
    const number = Number(head.value >> 3n);
    const wire = Number(head.value & 7n);
    if (number < 1 || number > 536_870_911) return undefined;
    at = head.end;
    if (wire === 0) {
      const found = readVarint(bytes, at);
      if (found === undefined) return undefined;
      fields.push({ number, wire, value: found.value });
      at = found.end;
      continue;
    }
    let length = wire === 1 ? 8 : wire === 5 ? 4 : -1;
    if (wire === 2) {
      const found = readVarint(bytes, at);
      if (found === undefined) return undefined;
      length = Number(found.value);
      at = found.end;
    }
    if ((wire !== 1 && wire !== 2 && wire !== 5) || length < 0 || at + length > bytes.length) return undefined;
    fields.push({ number, wire, value: bytes.slice(at, at + length) });
    at += length;
  }
  return fields;
}

/** The head of a field. */
export function encodeHead(number: number, wire: number, padding = 0): Uint8Array {
  return encodeVarint((BigInt(number) << 3n) | BigInt(wire), padding);
}

/** One field, as it should be. */
export function encodeField(field: RawField): Uint8Array {
  const head = encodeHead(field.number, field.wire);
  if (field.wire === 0) return concat([head, encodeVarint(field.value)]);
  if (field.wire !== 2) return concat([head, field.value]);
  return concat([head, encodeVarint(BigInt(field.value.length)), field.value]);
}

/** A message of these fields. */
export function encodeFields(fields: readonly RawField[]): Uint8Array {
  return concat(fields.map(encodeField));
}

/** A field of bytes, a text or a message. */
export function delimited(number: number, value: Uint8Array): RawField {
  return { number, wire: 2, value };
}
