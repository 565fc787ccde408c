/**
 * The one way in and out of generated protobuf code.
 *
 * Decoding is total: whatever the bytes, it gives a message or throws `DecodeError`. The size is checked first; the number of fields, and
 * with it the number of objects, is bounded while reading, so that a small message cannot unfold into a large one; groups, which only
 * unknown fields can be, are skipped to a bounded depth (the schema itself is not recursive). Lengths of lists and texts are checked
 * when the generated message is turned into ours. Unknown fields are dropped, unknown enum values kept.
 */
import protobuf from 'protobufjs/minimal.js';
import { plainBytes } from '../base/bytes.js';
import { DecodeError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import { allocateSecret } from '../base/secret.js';

/** A message class of the generated code. */
export interface GeneratedType<Properties, Message> {
  encode(message: Properties, writer?: protobuf.Writer): protobuf.Writer;
  decode(reader: protobuf.Reader | Uint8Array, length?: number): Message;
}

/** Fields in one message with all that it contains: 4,096 devices or 8,192 skipped keys take some 41,000, a register answer with all groups more. */
const fieldBudget = 262_144;

/** Thrown by {@link BoundedReader}; the generated code knows no other errors than `Error` and `RangeError`. */
class BoundExceeded extends Error {
  readonly code: 'too-deep' | 'too-long';

  constructor(code: 'too-deep' | 'too-long') {
    super(code);
    this.code = code;
  }
}

class BoundedReader extends protobuf.Reader {
  #fieldsLeft = fieldBudget;

  constructor(bytes: Uint8Array) {
    super(bytes);
    // The default is the host process's to change.
    this.discardUnknown = true;
  }

  override tag(): number {
    if (--this.#fieldsLeft < 0) throw new BoundExceeded('too-long');
    return super.tag();
  }

  override skipType(wireType: number, depth = 0, fieldNumber?: number): protobuf.Reader {
    if (depth > limits.messageDepth) throw new BoundExceeded('too-deep');
    return super.skipType(wireType, depth, fieldNumber);
  }
}

/** Throws `DecodeError('too-large')` when `bytes` are more than `maxLength`. */
function checkLength(bytes: Uint8Array, maxLength: number): void {
  if (bytes.length > maxLength) throw new DecodeError('too-large', `a message of ${bytes.length} bytes is over the limit of ${maxLength}`);
}

/**
 * Decodes one message; its `bytes` fields are views of `bytes`. Throws `DecodeError` with code `too-large`, `too-long`, `too-deep`,
 * `truncated` or `malformed`.
 */
export function decodeMessage<Properties, Message>(
  type: GeneratedType<Properties, Message>,
  bytes: Uint8Array,
  maxLength: number = limits.frameLength,
): Message {
  checkLength(bytes, maxLength);
  try {
    return type.decode(new BoundedReader(plainBytes(bytes)));
  } catch (cause) {
    throw decodeErrorOf(cause);
  }
}

/**
 * Shows `visit` the number and a view of every field of `bytes` that holds bytes, a text or a message, in order; other fields are passed
 * over. For the very bytes of sub-messages, which the generated code does not give. Throws what `visit` throws, and `DecodeError` as
 * {@link decodeMessage}.
 */
export function scanMessage(bytes: Uint8Array, maxLength: number, visit: (field: number, view: Uint8Array) => void): void {
  checkLength(bytes, maxLength);
  const reader = new BoundedReader(plainBytes(bytes));
  while (reader.pos < reader.len) {
    const found = nextDelimited(reader);
    if (found !== undefined) visit(found.field, found.view);
  }
}

function nextDelimited(reader: BoundedReader): { field: number; view: Uint8Array } | undefined {
  try {
    const tag = reader.tag();
    const field = tag >>> 3;
    if (field !== 0 && (tag & 7) === 2) return { field, view: reader.bytes() };
    reader.skipType(tag & 7, 0, field);
    return undefined;
  } catch (cause) {
    throw decodeErrorOf(cause);
  }
}

function decodeErrorOf(cause: unknown): DecodeError {
  if (cause instanceof BoundExceeded) return new DecodeError(cause.code, 'a message contains more than its bounds allow');
  // Under Jest errors come from another realm, so the name decides.
  const truncated = typeof cause === 'object' && cause !== null && 'name' in cause && cause.name === 'RangeError';
  return truncated
    ? new DecodeError('truncated', 'a field reaches beyond the end of its message')
    : new DecodeError('malformed', 'the bytes are not a message of the schema');
}

/** Grows by doubling, in memory fit for secrets, and wipes what it grew out of. */
class WipingWriter extends protobuf.Writer {
  static override alloc(size: number): Uint8Array {
    const buffer = allocateSecret(size);
    scratch.push(buffer);
    return buffer;
  }
}

const scratch: Uint8Array[] = [];

/**
 * Encodes one message in memory of its own. Every buffer used on the way is wiped, so the message may hold secrets; the caller then wipes
 * the result.
 */
export function encodeMessage<Properties, Message>(type: GeneratedType<Properties, Message>, message: Properties): Uint8Array {
  try {
    const encoded = type.encode(message, new WipingWriter());
    return encoded.finishInto(allocateSecret(encoded.pos));
  } finally {
    for (const buffer of scratch) buffer.fill(0);
    scratch.length = 0;
  }
}
