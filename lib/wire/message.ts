/** The envelope of every message. Spec: wire.md §7 (E2eeMsg). */
import type { DeviceAddress } from '../base/address.js';
import type { MessageId, SessionId } from '../base/brand.js';
import { limits } from '../base/limits.js';
import { Slab } from '../base/slab.js';
import type { RatchetMessage } from '../ratchet/ratchet.js';
import { type Address, encodedAddress, readAddress, readDevice } from './address.js';
import { decodeMessage, encodeMessage } from './codec.js';
import { type Maybe, messageId, nonEmpty, protocolVersion, required, requiredText, sessionId } from './field.js';
import { e2ees } from './generated/e2ees.js';
import { type GroupMessage, readGroupMessage, toGroupMessage } from './group.js';
import { bytesFieldLength, FieldWriter, messageFieldLength, numberFieldLength } from './raw.js';
import { readPlainEnvelope } from './plain-message.js';

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

/** Memory of encoded envelopes, all public, most of them soon gone. */
const envelopes = new Slab(32_768, 8_192);

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
  const writer = new FieldWriter(envelopes.allocate(headLength(envelope, from, to) + messageFieldLength(length)));
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
  const writer = new FieldWriter(envelopes.allocate(headLength(envelope, from, to) + messageFieldLength(body.length)));
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
 * Decodes an `E2eeMsg`. Ciphertext and ratchet key of a one-to-one message are views of `encoded`: they are used once, and memory for copies
 * would cost as much as the rest; all other bytes are copies. Unknown notification levels are kept; of several payloads the last counts.
 * Throws `DecodeError`, whose message calls the whole `field`; code `missing-field` also for payloads of a kind not known.
 */
export function decodeEnvelope(encoded: Uint8Array, maxLength: number = limits.frameLength, field = 'e2ee_msg'): Envelope {
  const plain = encoded.length <= maxLength ? readPlainEnvelope(encoded) : undefined;
  return plain ?? readEnvelope(decodeMessage(e2ees.E2eeMsg, encoded, maxLength), field);
}

function readEnvelope(value: Maybe<e2ees.E2eeMsg.$Properties>, field: string): Envelope {
  const found = required(value, field);
  requiredText(found.version, 'version');
  return {
    from: readDevice(found.from, 'from'),
    to: readAddress(found.to, 'to'),
    messageId: messageId(found.msgId, 'msg_id'),
    sessionId: sessionId(found.sessionId, 'session_id'),
    notification: found.notifLevel ?? 0,
    payload:
      found.payload === 'groupMsg'
        ? { kind: 'group', message: readGroupMessage(found.groupMsg, 'group_msg') }
        : { kind: 'one-to-one', message: readRatchetMessage(found.one2oneMsg) },
  };
}

function readRatchetMessage(value: Maybe<e2ees.One2oneMsgPayload.$Properties>): RatchetMessage {
  const found = required(value, 'payload');
  return {
    sequence: found.sequence ?? 0,
    rootSequence: found.rootSequence ?? 0,
    sendingMessageSequence: found.sendingMessageSequence ?? 0,
    ratchetKey: nonEmpty(found.ratchetKey, 'ratchet_key'),
    ciphertext: nonEmpty(found.ciphertext, 'ciphertext'),
  };
}
