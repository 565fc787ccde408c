/**
 * Reading the messages of a conversation in the one form in which implementations write them: every field once, in order, nothing
 * unknown. What has another form is not judged here: `undefined` leaves it to the generated code, which takes every form that protobuf
 * allows and says what is wrong with the rest. Tests compare the two over good, altered and random bytes.
 */
import type { DeviceAddress } from '../base/address.js';
import { type MessageId, type SessionId, asMessageId, asSessionId } from '../base/brand.js';
import type { RatchetMessage } from '../ratchet/ratchet.js';
import { type Address, isGroupAddress } from './address.js';
import { protocolVersion } from './field.js';
import { FieldReader } from './raw.js';
import { readRecentAddress } from './recent-addresses.js';

/** An envelope with a one-to-one message. */
interface UsualEnvelope {
  readonly from: DeviceAddress;
  readonly to: Address;
  readonly messageId: MessageId;
  readonly sessionId: SessionId;
  readonly notification: number;
  readonly payload: { readonly kind: 'one-to-one'; readonly message: RatchetMessage };
}

/** An application's bytes, or the copy of them for own devices. */
interface UsualContent {
  readonly kind: 'common' | 'sync';
  readonly bytes: Uint8Array;
}

/** Tags of the fields of `E2eeMsg`, in order. */
const envelopeTags = { version: 0x0a, from: 0x12, to: 0x1a, messageId: 0x22, sessionId: 0x2a, notification: 0x30, oneToOne: 0x5a } as const;

/** Tags of the fields of `One2oneMsgPayload`, in order. */
const messageTags = { sequence: 0x08, ciphertext: 0x12, ratchetKey: 0x1a, rootSequence: 0x20, sendingMessageSequence: 0x28 } as const;

/** Tags of the fields of `Plaintext` that hold an application's bytes. */
const contentTags = { version: 0x0a, common: 0x12, sync: 0x1a } as const;

/** Characters of an id: 16 bytes in base64, of which the last two are padding. */
const idLength = 24;
const padding = '='.charCodeAt(0);

/** The only byte of {@link protocolVersion}. */
const version = protocolVersion.charCodeAt(0);

const isDigit = new Uint8Array(256);
for (const digit of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/') isDigit[digit.charCodeAt(0)] = 1;

/** An `E2eeMsg` with a one-to-one message; bytes in it are views of `encoded`. */
export function readUsualEnvelope(encoded: Uint8Array): UsualEnvelope | undefined {
  const reader = new FieldReader(encoded);
  if (!isVersion(reader, envelopeTags.version)) return undefined;
  const from = readRecentAddress(reader, envelopeTags.from);
  const to = readRecentAddress(reader, envelopeTags.to);
  if (from === undefined || to === undefined || isGroupAddress(from) || from.deviceId === '') return undefined;
  const messageId = readId(reader, envelopeTags.messageId);
  const sessionId = readId(reader, envelopeTags.sessionId);
  if (messageId === undefined || sessionId === undefined) return undefined;
  const notification = reader.number(envelopeTags.notification);
  if (notification === undefined || !reader.find(envelopeTags.oneToOne) || reader.end !== encoded.length) return undefined;
  reader.enter();
  const message = readRatchetMessage(reader);
  if (message === undefined) return undefined;
  return {
    from,
    to,
    messageId: asMessageId(messageId),
    sessionId: asSessionId(sessionId),
    notification,
    payload: { kind: 'one-to-one', message },
  };
}

/** A `Plaintext` with an application's bytes, which are a view of `encoded`. */
export function readUsualContent(encoded: Uint8Array): UsualContent | undefined {
  const reader = new FieldReader(encoded);
  if (!isVersion(reader, contentTags.version)) return undefined;
  const kind = reader.find(contentTags.common) ? 'common' : reader.find(contentTags.sync) ? 'sync' : undefined;
  return kind !== undefined && reader.isAtEnd ? { kind, bytes: reader.view() } : undefined;
}

/** Whether the next field is the version that there is. */
function isVersion(reader: FieldReader, tag: number): boolean {
  return reader.find(tag) && reader.length === 1 && reader.byteAt(reader.start) === version;
}

function readId(reader: FieldReader, tag: number): string | undefined {
  if (!reader.find(tag) || reader.length !== idLength) return undefined;
  const { start, end } = reader;
  for (let position = start; position < end - 2; position += 1) if (isDigit[reader.byteAt(position)] !== 1) return undefined;
  if (reader.byteAt(end - 2) !== padding || reader.byteAt(end - 1) !== padding) return undefined;
  return reader.latin1();
}

function readRatchetMessage(reader: FieldReader): RatchetMessage | undefined {
  const sequence = reader.number(messageTags.sequence);
  const ciphertext = readBytes(reader, messageTags.ciphertext);
  const ratchetKey = readBytes(reader, messageTags.ratchetKey);
  const rootSequence = reader.number(messageTags.rootSequence);
  const sendingMessageSequence = reader.number(messageTags.sendingMessageSequence);
  if (sequence === undefined || rootSequence === undefined || sendingMessageSequence === undefined || !reader.isAtEnd) return undefined;
  if (ciphertext === undefined || ratchetKey === undefined) return undefined;
  return { sequence, rootSequence, sendingMessageSequence, ratchetKey, ciphertext };
}

function readBytes(reader: FieldReader, tag: number): Uint8Array | undefined {
  return reader.find(tag) && reader.length > 0 ? reader.view() : undefined;
}
