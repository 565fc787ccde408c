/**
 * The messages of a conversation in their plain form (plain-reader.ts), which is the one that everybody writes, read without the generated code.
 * `undefined`: another form, whose meaning or faults the generated code finds out. Tests compare the two over good and altered messages.
 */
import type { DeviceAddress } from '../base/address.js';
import { type MessageId, type SessionId, asMessageId, asSessionId } from '../base/brand.js';
import type { RatchetMessage } from '../ratchet/ratchet.js';
import { type Address, isGroupAddress } from './address.js';
import { isId, protocolVersion } from './field.js';
import { PlainReader } from './plain-reader.js';
import { recentAddress } from './recent-addresses.js';

/** An envelope with a one-to-one message. */
interface PlainEnvelope {
  readonly from: DeviceAddress;
  readonly to: Address;
  readonly messageId: MessageId;
  readonly sessionId: SessionId;
  readonly notification: number;
  readonly payload: { readonly kind: 'one-to-one'; readonly message: RatchetMessage };
}

/** An application's bytes, or the copy of them for own devices. */
interface PlainContent {
  readonly kind: 'common' | 'sync';
  readonly bytes: Uint8Array;
}

/** Tags of the fields of `E2eeMsg`: number and wire type. */
const envelopeTags = { version: 0x0a, from: 0x12, to: 0x1a, messageId: 0x22, sessionId: 0x2a, notification: 0x30, oneToOne: 0x5a } as const;

/** Tags of the fields of `One2oneMsgPayload`. */
const messageTags = { sequence: 0x08, ciphertext: 0x12, ratchetKey: 0x1a, rootSequence: 0x20, sendingMessageSequence: 0x28 } as const;

/** Tags of the fields of `Plaintext` that hold an application's bytes. */
const contentTags = { version: 0x0a, common: 0x12, sync: 0x1a } as const;

const maxInt32 = 0x7fff_ffff;
const maxUint32 = 0xffff_ffff;

/** An `E2eeMsg`; ciphertext and ratchet key are views of `encoded`. */
export function readPlainEnvelope(encoded: Uint8Array): PlainEnvelope | undefined {
  const reader = new PlainReader(encoded);
  const version = reader.latin1(envelopeTags.version);
  const fromText = reader.latin1(envelopeTags.from);
  const toText = reader.latin1(envelopeTags.to);
  const messageId = reader.latin1(envelopeTags.messageId);
  const sessionId = reader.latin1(envelopeTags.sessionId);
  const notification = reader.number(envelopeTags.notification, maxInt32);
  reader.enter(envelopeTags.oneToOne);
  const sequence = reader.number(messageTags.sequence, maxUint32);
  const ciphertext = reader.bytes(messageTags.ciphertext);
  const ratchetKey = reader.bytes(messageTags.ratchetKey);
  const rootSequence = reader.number(messageTags.rootSequence, maxUint32);
  const sendingMessageSequence = reader.number(messageTags.sendingMessageSequence, maxUint32);
  if (!reader.isPlain || version !== protocolVersion || ciphertext.length === 0 || ratchetKey.length === 0) return undefined;
  if (!isId(messageId) || !isId(sessionId)) return undefined;
  const from = recentAddress(fromText);
  const to = recentAddress(toText);
  if (from === undefined || to === undefined || isGroupAddress(from) || from.deviceId === '') return undefined;
  return {
    from,
    to,
    messageId: asMessageId(messageId),
    sessionId: asSessionId(sessionId),
    notification,
    payload: { kind: 'one-to-one', message: { sequence, rootSequence, sendingMessageSequence, ratchetKey, ciphertext } },
  };
}

/** A `Plaintext`; the bytes are a view of `encoded`. */
export function readPlainContent(encoded: Uint8Array): PlainContent | undefined {
  const reader = new PlainReader(encoded);
  const version = reader.latin1(contentTags.version);
  const common = reader.bytes(contentTags.common);
  const sync = reader.bytes(contentTags.sync);
  if (!reader.isPlain || version !== protocolVersion || common.length > 0 === sync.length > 0) return undefined;
  return common.length > 0 ? { kind: 'common', bytes: common } : { kind: 'sync', bytes: sync };
}
