/**
 * What a relay reads of a message that it passes on.
 *
 * Owns: that nothing passes which `decodeEnvelope` refuses. Does not own: what is done with a message. Messages of one device to another begin alike, so
 * addresses are decoded and checked once and then known by their bytes; the rest of a message in the form in which this package writes it needs no object.
 */
import type { DeviceAddress } from '../base/address.js';
import { asMessageId, asSessionId, type MessageId, type SessionId } from '../base/brand.js';
import { limits } from '../base/limits.js';
import type { Address } from './address.js';
import { isId, protocolVersion } from './field.js';
import { decodeEnvelope, type Envelope } from './message.js';
import { PlainReader } from './plain-reader.js';

/** Where a message comes from and goes to. Address objects are shared by messages with the same addresses. */
export interface MessageHead {
  readonly from: DeviceAddress;
  readonly to: Address;
  readonly messageId: MessageId;
  readonly sessionId: SessionId;
  /** What it carries. */
  readonly kind: Envelope['payload']['kind'];
}

/** Tags of the fields of `E2eeMsg`: number and wire type. */
const tags = { version: 0x0a, from: 0x12, to: 0x1a, messageId: 0x22, sessionId: 0x2a, notification: 0x30, oneToOne: 0x5a } as const;

/** Tags of the fields of `One2oneMsgPayload`. */
const payloadTags = { sequence: 0x08, ciphertext: 0x12, ratchetKey: 0x1a, rootSequence: 0x20, sendingMessageSequence: 0x28 } as const;

const maxInt32 = 0x7fff_ffff;
const maxUint32 = 0xffff_ffff;

/** Addresses that are remembered of senders, and of recipients. */
const remembered = 4_096;

/** Bytes of an address that is remembered: names are shorter than they may be. */
const rememberedLength = 256;

/** The parts of a message in the plain form, texts of one character per byte. */
interface PlainHead {
  readonly from: string;
  readonly to: string;
  readonly messageId: string;
  readonly sessionId: string;
}

/** The parts of a one-to-one message, when it has the form that `encodeEnvelope` gives it. */
function plainHead(encoded: Uint8Array): PlainHead | undefined {
  const reader = new PlainReader(encoded);
  const version = reader.latin1(tags.version);
  const head = {
    from: reader.latin1(tags.from),
    to: reader.latin1(tags.to),
    messageId: reader.latin1(tags.messageId),
    sessionId: reader.latin1(tags.sessionId),
  };
  reader.number(tags.notification, maxInt32);
  reader.enter(tags.oneToOne);
  reader.number(payloadTags.sequence, maxUint32);
  const ciphertextLength = reader.passOver(payloadTags.ciphertext);
  const ratchetKeyLength = reader.passOver(payloadTags.ratchetKey);
  reader.number(payloadTags.rootSequence, maxUint32);
  reader.number(payloadTags.sendingMessageSequence, maxUint32);
  const isWhole = version === protocolVersion && ciphertextLength > 0 && ratchetKeyLength > 0;
  return isWhole && reader.isPlain ? head : undefined;
}

/** Addresses by their bytes, the latest ones. */
class KnownAddresses<A extends Address> {
  readonly #addresses = new Map<string, A>();
  /** Walks the map behind those that were forgotten: a new walk would step over each of them again. */
  readonly #oldest: Iterator<string, undefined> = this.#addresses.keys();

  get(text: string): A | undefined {
    return this.#addresses.get(text);
  }

  set(text: string, address: A): void {
    if (text.length > rememberedLength || this.#addresses.has(text)) return;
    this.#addresses.set(text, address);
    if (this.#addresses.size <= remembered) return;
    const oldest = this.#oldest.next().value;
    if (oldest !== undefined) this.#addresses.delete(oldest);
  }
}

/** Reads the heads of messages. */
export class MessageHeads {
  readonly #senders = new KnownAddresses<DeviceAddress>();
  readonly #recipients = new KnownAddresses<Address>();

  /** The head of an encoded `E2eeMsg`. Throws what `decodeEnvelope` throws. */
  read(encoded: Uint8Array, maxLength: number = limits.frameLength): MessageHead {
    const plain = encoded.length <= maxLength ? plainHead(encoded) : undefined;
    return (plain === undefined ? undefined : this.#recognise(plain)) ?? this.#decode(encoded, maxLength, plain);
  }

  #recognise(plain: PlainHead): MessageHead | undefined {
    const from = this.#senders.get(plain.from);
    const to = this.#recipients.get(plain.to);
    const { messageId: message, sessionId: session } = plain;
    if (from === undefined || to === undefined || !isId(message) || !isId(session)) return undefined;
    return { from, to, messageId: asMessageId(message), sessionId: asSessionId(session), kind: 'one-to-one' };
  }

  #decode(encoded: Uint8Array, maxLength: number, plain: PlainHead | undefined): MessageHead {
    const { from, to, messageId: message, sessionId: session, payload } = decodeEnvelope(encoded, maxLength);
    if (plain !== undefined) {
      this.#senders.set(plain.from, from);
      this.#recipients.set(plain.to, to);
    }
    return { from, to, messageId: message, sessionId: session, kind: payload.kind };
  }
}
