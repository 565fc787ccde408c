/**
 * The double ratchet: encrypt and decrypt as pure transitions. Spec: crypto.md §7.
 *
 * Owns: which chain a message belongs to, when a root step happens, what is kept for late messages. Does not own: the handshake, who the
 * peer is, storage. The state that goes in is never changed and none of its secrets is wiped: a successful transition names what has
 * become superfluous in `retired`, for the caller to wipe once the new state is durable. A refused message throws, changes nothing and
 * leaves no temporary behind.
 */
import { ProtocolError, UsageError, VerificationError } from '../base/errors.js';
import { aeadTagLength } from '../crypto/aead.js';
import { type ChainSecret, openWithMessageKey } from '../crypto/chain.js';
import type { CipherSuite } from '../crypto/cipher-suite.js';
import type { Computation } from '../crypto/job.js';
import { isCounter, maxCounter } from './counter.js';
import { type Opened, openAhead, openNext } from './receiver-chain.js';
import { openRootStep } from './root-step.js';
import { sealNext } from './sender-chain.js';
import { type SkippedMessageKeys, keep, noSkippedChange } from './skipped-message-keys.js';
import type { Decrypted, Encrypted, Ratchet, RatchetMessage } from './state.js';

export type { Decrypted, Encrypted, Ratchet, RatchetMessage } from './state.js';

/**
 * Seals `plaintext` and steps the sending chain. Throws `UsageError('empty-plaintext')`, which no peer of this protocol opens, and
 * `ProtocolError('exhausted')` when a counter has reached its end. Spec: crypto.md §4, §7.3.
 */
export function encrypt(ratchet: Ratchet, associatedData: Uint8Array, plaintext: Uint8Array): Encrypted {
  if (plaintext.length === 0) throw new UsageError('empty-plaintext', 'a message has at least one byte');
  if (ratchet.sendingMessageSequence >= maxCounter) throw new ProtocolError('exhausted', 'the session has no message number left');
  const { sender } = ratchet;
  const sendingMessageSequence = ratchet.sendingMessageSequence + 1;
  const { ciphertext, chain } = sealNext(sender, associatedData, plaintext);
  return {
    ratchet: {
      rootKey: ratchet.rootKey,
      rootSequence: ratchet.rootSequence,
      sendingMessageSequence,
      receivedMessageSequence: ratchet.receivedMessageSequence,
      sender: chain,
      receiver: ratchet.receiver,
    },
    message: {
      sequence: sender.chainKey.index,
      rootSequence: ratchet.rootSequence,
      sendingMessageSequence,
      ratchetKey: sender.ourRatchetKey,
      ciphertext,
    },
    retired: [sender.chainKey.key],
  };
}

/**
 * Opens `message`. Throws `ProtocolError` with code `counter`, `ratchet-key`, `root-sequence`, `duplicate`, `stale`, `gap-too-large` or
 * `exhausted`, and `VerificationError('not-authentic')`; then nothing has changed. Spec: crypto.md §7.4.
 */
export function* decrypt(
  suite: CipherSuite,
  ratchet: Ratchet,
  skipped: SkippedMessageKeys,
  associatedData: Uint8Array,
  message: RatchetMessage,
): Computation<Decrypted> {
  checkForm(suite, message);
  const { rootSequence: ours, receiver } = ratchet;
  const { rootSequence: theirs, sequence } = message;
  if (theirs === ours || theirs > ours + 1) throw wrongRoot(ours, theirs);
  if (ours === 0 && message.sendingMessageSequence < sequence) {
    throw new ProtocolError('counter', 'the message number is smaller than the position in the first chain');
  }
  if (theirs === ours + 1) return yield* openRootStep(suite, ratchet, skipped, associatedData, message);
  if (theirs < ours - 1) {
    if ((ours - theirs) % 2 === 0) throw wrongRoot(ours, theirs);
    return openSkipped(ratchet, skipped, associatedData, message, 'stale');
  }
  const { chainKey, theirRatchetKey } = receiver;
  if (chainKey === undefined || theirRatchetKey === undefined || !sameRatchetKey(message.ratchetKey, theirRatchetKey)) {
    throw new ProtocolError('ratchet-key', 'the ratchet key is not that of the current chain');
  }
  if (sequence < chainKey.index) return openSkipped(ratchet, skipped, associatedData, message, 'duplicate');
  const opened =
    sequence === chainKey.index
      ? openNext(chainKey, associatedData, message.ciphertext)
      : yield* openAhead(chainKey, sequence, associatedData, message.ciphertext);
  return advanced(ratchet, skipped, chainKey.key, theirRatchetKey, opened, sequence + 1 - chainKey.index);
}

function checkForm(suite: CipherSuite, message: RatchetMessage): void {
  const { sequence, rootSequence, sendingMessageSequence, ratchetKey, ciphertext } = message;
  // The last position is never used: the chain key after it would have an index that does not fit.
  if (!isCounter(sequence) || sequence === maxCounter || !isCounter(rootSequence) || !isCounter(sendingMessageSequence)) {
    throw new ProtocolError('counter', 'a counter of the message is out of range');
  }
  const expected = suite.agreement.ratchetKeyLength;
  if (ratchetKey.length !== expected) {
    throw new ProtocolError('ratchet-key', `the ratchet key has ${ratchetKey.length} bytes instead of ${expected}`);
  }
  // X25519 ignores the top bit: with it set the chain would be opened under a name that no later message of it carries.
  if (suite.agreement.kind === 'diffie-hellman' && ((ratchetKey.at(-1) ?? 0) & 0x80) !== 0) {
    throw new ProtocolError('ratchet-key', 'the ratchet key is not in canonical form');
  }
  // No peer seals an empty plaintext. Spec: crypto.md §4.
  if (ciphertext.length <= aeadTagLength) throw new VerificationError('not-authentic', 'the sealed text is not authentic');
}

/** Ratchet keys are public: a comparison in constant time would take twelve times as long for nothing. */
function sameRatchetKey(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function wrongRoot(ours: number, theirs: number): ProtocolError {
  return new ProtocolError('root-sequence', `root sequence ${theirs} cannot be answered at ${ours}`);
}

function openSkipped(
  ratchet: Ratchet,
  skipped: SkippedMessageKeys,
  associatedData: Uint8Array,
  message: RatchetMessage,
  otherwise: 'stale' | 'duplicate',
): Decrypted {
  const found = skipped.find(message.ratchetKey, message.sequence);
  if (found === undefined) throw new ProtocolError(otherwise, 'no key is kept for the message: it was opened before or is too old');
  const plaintext = openWithMessageKey(found.key, associatedData, message.ciphertext);
  return { ratchet, plaintext, skippedChange: { added: [], removed: [found] }, retired: [found.key], stepped: false };
}

function advanced(
  ratchet: Ratchet,
  skipped: SkippedMessageKeys,
  oldChainKey: ChainSecret,
  theirRatchetKey: Uint8Array,
  opened: Opened,
  positions: number,
): Decrypted {
  const skippedChange =
    opened.passedOver.length === 0 ? noSkippedChange : keep(skipped, [{ ratchetKey: theirRatchetKey, keys: opened.passedOver }]);
  const { receiver } = ratchet;
  return {
    ratchet: {
      rootKey: ratchet.rootKey,
      rootSequence: ratchet.rootSequence,
      sendingMessageSequence: ratchet.sendingMessageSequence,
      receivedMessageSequence: Math.min(ratchet.receivedMessageSequence + positions, maxCounter),
      sender: ratchet.sender,
      receiver: { theirRatchetKey, ourPrivateKey: receiver.ourPrivateKey, chainKey: opened.chainKey },
    },
    plaintext: opened.plaintext,
    skippedChange,
    retired: [oldChainKey, ...skippedChange.removed.map((entry) => entry.key)],
    stepped: false,
  };
}
