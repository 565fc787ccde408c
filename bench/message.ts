/** One message between the two sides of a session, from plaintext bytes to plaintext bytes, through the encoded envelope. */
import {
  asMessageId,
  decodeContent,
  decodeEnvelope,
  decryptMessage,
  encodeContent,
  encodeEnvelope,
  encryptMessage,
  randomId,
  runInline,
  systemRandom,
  wipeAll,
} from '../lib/core.js';
import type { Side } from './handshake.js';

const messageId = asMessageId(randomId(systemRandom));

/** The encoded envelope with the next message of `from`. */
export function send(from: Side, plaintext: Uint8Array): Uint8Array {
  const content = encodeContent({ kind: 'common', bytes: plaintext });
  const sent = encryptMessage(from.session, content);
  content.fill(0);
  from.session = sent.session;
  wipeAll(sent.retired);
  return encodeEnvelope({
    from: from.session.ourAddress,
    to: from.session.theirAddress,
    messageId,
    sessionId: from.session.sessionId,
    notification: 0,
    payload: { kind: 'one-to-one', message: sent.message },
  });
}

/** Opens what {@link send} made; throws when it has not `length` bytes. */
export function receive(to: Side, encoded: Uint8Array, length: number): void {
  const envelope = decodeEnvelope(encoded);
  if (envelope.payload.kind !== 'one-to-one') throw new Error('the envelope has changed its kind');
  const received = runInline(decryptMessage(to.session, to.skipped, envelope.payload.message));
  to.session = received.session;
  to.skipped.apply(received.skippedChange);
  wipeAll(received.retired);
  const opened = decodeContent(received.plaintext);
  if (opened.kind !== 'common' || opened.bytes.length !== length) throw new Error('the plaintext has changed on its way');
}

/** One message of `from` at `to`. */
export function deliver(from: Side, to: Side, plaintext: Uint8Array): void {
  receive(to, send(from, plaintext), plaintext.length);
}
