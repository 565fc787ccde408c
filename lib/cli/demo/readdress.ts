import { DecodeError } from '../../index.js';

/** Number of the field of a push (a `ProtoMsg`) that says for which device it is. */
const receiverField = 3;

/** Wire types of protobuf. */
const wireTypes = { varint: 0, eightBytes: 1, delimited: 2, fourBytes: 5 } as const;

/**
 * The push, addressed to the device that `model` was pushed to; all else stays byte for byte. Throws `DecodeError('push')` for bytes that are no push,
 * or name no device.
 */
export function readdressed(push: Uint8Array, model: Uint8Array): Uint8Array {
  const receiver = fieldsOf(model).find(({ field }) => field === receiverField);
  const fields = fieldsOf(push);
  const place = fields.findIndex(({ field }) => field === receiverField);
  if (receiver === undefined || place < 0) throw new DecodeError('push', 'a push names no device');
  return new Uint8Array(Buffer.concat(fields.with(place, receiver).map(({ bytes }) => bytes)));
}

interface Field {
  readonly field: number;
  readonly bytes: Uint8Array;
}

/** The fields of a message, each with its head. */
function fieldsOf(message: Uint8Array): Field[] {
  const fields: Field[] = [];
  for (let start = 0; start < message.length;) {
    const [tag, content] = varintAt(message, start);
    const end = endOf(message, tag % 8, content);
    if (end > message.length) throw new DecodeError('push', 'a push ends inside a field');
    fields.push({ field: Math.floor(tag / 8), bytes: message.subarray(start, end) });
    start = end;
  }
  return fields;
}

function endOf(message: Uint8Array, wireType: number, content: number): number {
  switch (wireType) {
    case wireTypes.varint:
      return varintAt(message, content)[1];
    case wireTypes.eightBytes:
      return content + 8;
    case wireTypes.fourBytes:
      return content + 4;
    case wireTypes.delimited: {
      const [length, start] = varintAt(message, content);
      return start + length;
    }
    default:
      throw new DecodeError('push', 'a field has no known form');
  }
}

/** A number of up to ten bytes at `start`, and where it ends. */
function varintAt(message: Uint8Array, start: number): [value: number, end: number] {
  let value = 0;
  for (let position = start; position < start + 10; position += 1) {
    const byte = message[position];
    if (byte === undefined) break;
    value += (byte % 128) * 128 ** (position - start);
    if (byte < 128) return [value, position + 1];
  }
  throw new DecodeError('push', 'a number of a push has no end');
}
