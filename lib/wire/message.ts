/** The envelope of every message. Spec: wire.md §7 (E2eeMsg). */
import type { DeviceAddress } from '../base/address.js';
import type { MessageId, SessionId } from '../base/brand.js';
import { DecodeError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import { allocateSecret } from '../base/secret.js';
import type { RatchetMessage } from '../ratchet/ratchet.js';
import { type Address, decodeAddress, deviceOf, encodedAddress } from './address.js';
import { checkLength, decodeMessage, encodeMessage, plainBytes } from './codec.js';
import { messageId, missing, protocolVersion, sessionId } from './field.js';
import { e2ees } from './generated/e2ees.js';
import { type GroupMessage, readGroupMessage, toGroupMessage } from './group.js';
import { bytesFieldLength, FieldReader, FieldWriter, messageFieldLength, numberFieldLength } from './raw.js';

export { type Content, decodeContent, encodeContent, type UserDevices } from './content.js';

/** Push hints by their wire code; others are kept as they are. Spec: wire.md §3 (NotifLevel). */
export const notificationLevels = { normal: 0, session: 1, push: 11, stream: 12 } as const;

/** What an envelope carries. */
export type EnvelopePayload =
  { readonly kind: 'one-to-one'; readonly message: RatchetMessage } | { readonly kind: 'group'; readonly message: GroupMessage };

/** One message on its way. Nothing in it is authenticated but the ciphertext (weaknesses P2, P8). */
export interface Envelope {
  readonly from: DeviceAddress;
  /** A device, all devices of a user (empty device id), or a group. */
  readonly to: Address;
  readonly messageId: MessageId;
  /** Of the one-to-one session or the group's epoch. */
  readonly sessionId: SessionId;
  /** See {@link notificationLevels}. */
  readonly notification: number;
  readonly payload: EnvelopePayload;
}

/** Field numbers of `E2eeMsg`. */
const fields = { version: 1, from: 2, to: 3, messageId: 4, sessionId: 5, notification: 6, oneToOne: 11, group: 12 } as const;

/** Field numbers of `One2oneMsgPayload`. */
const messageFields = { sequence: 1, ciphertext: 2, ratchetKey: 3, rootSequence: 4, sendingMessageSequence: 5 } as const;

/** Encodes an `E2eeMsg`. */
export function encodeEnvelope(envelope: Envelope): Uint8Array {
  const { payload } = envelope;
  return payload.kind === 'one-to-one' ? encodeOneToOne(envelope, payload.message) : encodeGroup(envelope, payload.message);
}

function encodeOneToOne(envelope: Envelope, message: RatchetMessage): Uint8Array {
  const from = encodedAddress(envelope.from);
  const to = encodedAddress(envelope.to);
  const length =
    numberFieldLength(message.sequence) +
    bytesFieldLength(message.ciphertext.length) +
    bytesFieldLength(message.ratchetKey.length) +
    numberFieldLength(message.rootSequence) +
    numberFieldLength(message.sendingMessageSequence);
  const writer = new FieldWriter(allocateSecret(headLength(envelope, from, to) + messageFieldLength(length)));
  writeHead(writer, envelope, from, to);
  writer.head(fields.oneToOne, length);
  writer.number(messageFields.sequence, message.sequence);
  writer.bytes(messageFields.ciphertext, message.ciphertext);
  writer.bytes(messageFields.ratchetKey, message.ratchetKey);
  writer.number(messageFields.rootSequence, message.rootSequence);
  writer.number(messageFields.sendingMessageSequence, message.sendingMessageSequence);
  return writer.out;
}

function encodeGroup(envelope: Envelope, message: GroupMessage): Uint8Array {
  const from = encodedAddress(envelope.from);
  const to = encodedAddress(envelope.to);
  const body = encodeMessage(e2ees.GroupMsgPayload, toGroupMessage(message));
  const writer = new FieldWriter(allocateSecret(headLength(envelope, from, to) + messageFieldLength(body.length)));
  writeHead(writer, envelope, from, to);
  writer.message(fields.group, body);
  return writer.out;
}

function headLength(envelope: Envelope, from: Uint8Array, to: Uint8Array): number {
  return (
    bytesFieldLength(protocolVersion.length) +
    messageFieldLength(from.length) +
    messageFieldLength(to.length) +
    bytesFieldLength(envelope.messageId.length) +
    bytesFieldLength(envelope.sessionId.length) +
    numberFieldLength(envelope.notification)
  );
}

function writeHead(writer: FieldWriter, envelope: Envelope, from: Uint8Array, to: Uint8Array): void {
  writer.ascii(fields.version, protocolVersion);
  writer.message(fields.from, from);
  writer.message(fields.to, to);
  writer.ascii(fields.messageId, envelope.messageId);
  writer.ascii(fields.sessionId, envelope.sessionId);
  writer.number(fields.notification, envelope.notification);
}

/**
 * Decodes an `E2eeMsg`. A sub-message given twice is refused rather than merged; both kinds of payload count as twice. Unknown
 * notification levels are kept. Throws `DecodeError`.
 */
export function decodeEnvelope(encoded: Uint8Array, maxLength: number = limits.frameLength): Envelope {
  checkLength(encoded, maxLength);
  const reader = new FieldReader(plainBytes(encoded));
  let version: string | undefined;
  let from: Uint8Array | undefined;
  let to: Uint8Array | undefined;
  let id: string | undefined;
  let session: string | undefined;
  let notification = 0;
  let payload: EnvelopePayload | undefined;
  while (reader.next()) {
    const { field } = reader;
    if (field === fields.notification && reader.isVarint()) notification = reader.uint32() | 0;
    else if (!reader.isDelimited()) reader.skip();
    else if (field === fields.version) version = reader.text();
    else if (field === fields.from) from = once(from, reader.view(), 'from');
    else if (field === fields.to) to = once(to, reader.view(), 'to');
    else if (field === fields.messageId) id = reader.text();
    else if (field === fields.sessionId) session = reader.text();
    else if (field === fields.oneToOne) {
      payload = once(payload, { kind: 'one-to-one', message: readRatchetMessage(reader.message()) }, 'payload');
    } else if (field === fields.group) {
      const body = decodeMessage(e2ees.GroupMsgPayload, reader.view(), maxLength);
      payload = once(payload, { kind: 'group', message: readGroupMessage(body, 'group_msg') }, 'payload');
    } else reader.skip();
  }
  if (version === undefined || version === '') throw missing('version');
  if (from === undefined) throw missing('from');
  if (to === undefined) throw missing('to');
  if (payload === undefined) throw missing('payload');
  return {
    from: deviceOf(decodeAddress(from, 'from'), 'from'),
    to: decodeAddress(to, 'to'),
    messageId: messageId(id, 'msg_id'),
    sessionId: sessionId(session, 'session_id'),
    notification,
    payload,
  };
}

function once<T>(previous: T | undefined, value: T, field: string): T {
  if (previous !== undefined) throw new DecodeError('malformed', `${field} is given twice`);
  return value;
}

function readRatchetMessage(reader: FieldReader): RatchetMessage {
  let sequence = 0;
  let rootSequence = 0;
  let sendingMessageSequence = 0;
  let ciphertext: Uint8Array | undefined;
  let ratchetKey: Uint8Array | undefined;
  while (reader.next()) {
    const { field } = reader;
    if (reader.isVarint()) {
      if (field === messageFields.sequence) sequence = reader.uint32();
      else if (field === messageFields.rootSequence) rootSequence = reader.uint32();
      else if (field === messageFields.sendingMessageSequence) sendingMessageSequence = reader.uint32();
      else reader.skip();
    } else if (!reader.isDelimited()) reader.skip();
    else if (field === messageFields.ciphertext) ciphertext = reader.bytes();
    else if (field === messageFields.ratchetKey) ratchetKey = reader.bytes();
    else reader.skip();
  }
  if (ciphertext === undefined || ciphertext.length === 0) throw missing('ciphertext');
  if (ratchetKey === undefined || ratchetKey.length === 0) throw missing('ratchet_key');
  return { sequence, rootSequence, sendingMessageSequence, ratchetKey, ciphertext };
}
