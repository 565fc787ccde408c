/**
 * A push in two parts: what is one device's own, and the payload that many devices get alike. Put together they are, byte for byte, what
 * `encodePush` makes of the whole. Design D9.
 */
import { noBytes } from '../base/bytes.js';
import { allocateSecret } from '../base/secret.js';
import type { PushContent } from '../store/relay-store.js';
import type { ServerSignature } from '../wire/certificate.js';
import type { Push } from '../wire/push.js';
import { encodePush } from '../wire/push.js';
import { FieldWriter, messageFieldLength } from '../wire/raw.js';

/** What surrounds a payload: `prefix`, the payload's length as a varint, the payload, `suffix`. */
export interface PushFrame {
  readonly prefix: Uint8Array;
  readonly suffix: Uint8Array;
}

/** The frame of a push. Throws `UsageError('unknown-payload')` for a payload of kind `unknown`. */
export function frameOf(statement: Omit<Push, 'signatures'>, signatures: readonly ServerSignature[]): PushFrame {
  const empty = { ...statement, payload: { kind: statement.payload.kind, bytes: noBytes } };
  const unsigned = encodePush({ ...empty, signatures: [] });
  // An empty payload is the last field before the signatures and ends in one byte, its length.
  const prefix = unsigned.subarray(0, unsigned.length - 1);
  return { prefix, suffix: signatures.length === 0 ? noBytes : encodePush({ ...empty, signatures }).subarray(unsigned.length) };
}

/** Bytes of a push of that frame with a payload of `bodyLength` bytes. */
export function composedLength({ prefix, suffix }: PushFrame, bodyLength: number): number {
  return prefix.length + messageFieldLength(bodyLength, 0) + suffix.length;
}

/** The whole push. */
export function composePush({ prefix, suffix }: PushFrame, body: Uint8Array): Uint8Array {
  const writer = new FieldWriter(allocateSecret(composedLength({ prefix, suffix }, body.length)));
  writer.raw(prefix);
  writer.varint(body.length);
  writer.raw(body);
  writer.raw(suffix);
  return writer.out;
}

/** Bytes of the push that a row stands for. */
export function pushLength(content: PushContent): number {
  return content.kind === 'whole' ? content.push.length : composedLength(content, content.bodyLength);
}
