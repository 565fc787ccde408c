/**
 * A message that changes the direction of the conversation: a new receiving chain and, after it has proved authentic, a new sending
 * chain. Spec: crypto.md §7.5.
 */
import { copyBytes } from '../base/bytes.js';
import { ProtocolError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import type { Secret, Wipeable } from '../base/secret.js';
import type { CipherSuite } from '../crypto/cipher-suite.js';
import { type Computation, one } from '../crypto/job.js';
import type { AgreementScheme } from '../crypto/scheme.js';
import { maxCounter } from './counter.js';
import { messageKeysFrom } from './message-key.js';
import type { Decrypted, Ratchet, RatchetMessage } from './state.js';
import { type PassedOver, openAhead } from './receiver-chain.js';
import { stepRoot } from './root-key.js';
import { type SkippedMessageKeys, type KeptChain, keep } from './skipped-message-keys.js';
import { Unfinished } from './unfinished.js';

/** Opens a message whose root sequence is one above ours. Throws as `decrypt`. Spec: crypto.md §7.5, §7.6. */
export function* openRootStep(
  suite: CipherSuite,
  ratchet: Ratchet,
  skipped: SkippedMessageKeys,
  associatedData: Uint8Array,
  message: RatchetMessage,
): Computation<Decrypted> {
  const { sequence } = message;
  const rootSequence = ratchet.rootSequence + 2;
  if (rootSequence > maxCounter) throw new ProtocolError('exhausted', 'the session has no root step left');
  if (sequence > limits.forwardWalk) {
    throw new ProtocolError(
      'gap-too-large',
      `the message lies ${sequence} positions ahead of its chain, ${limits.forwardWalk} are allowed`,
    );
  }
  const { receiver, sender } = ratchet;
  using unfinished = new Unfinished();
  using incoming = yield* openRatchetKey(suite.agreement, receiver.ourPrivateKey, message.ratchetKey);
  const received = stepRoot(suite.hash, ratchet.rootKey, incoming);
  using middleRootKey = received.rootKey;
  using firstChainKey = received.chainKey;
  const opened = yield* openAhead({ key: firstChainKey, index: 0 }, sequence, associatedData, message.ciphertext);
  unfinished.own(opened.chainKey.key);
  for (const { key } of opened.passedOver) unfinished.own(key);

  // The message may be a view of a frame; the state must not keep that alive.
  const theirRatchetKey = copyBytes(message.ratchetKey);
  const chains: KeptChain[] = [];
  if (receiver.theirRatchetKey !== undefined) {
    const keys = yield* missingKeys(ratchet, message, limits.skippedMessageKeys - opened.passedOver.length);
    for (const { key } of keys) unfinished.own(key);
    chains.push({ ratchetKey: receiver.theirRatchetKey, keys });
  }
  chains.push({ ratchetKey: theirRatchetKey, keys: opened.passedOver });

  const answer = yield* newRatchetKey(suite.agreement, sender.theirRatchetKey, theirRatchetKey);
  if (answer.ourPrivateKey !== undefined) unfinished.own(answer.ourPrivateKey);
  using outgoing = answer.sharedSecret;
  const sending = stepRoot(suite.hash, middleRootKey, outgoing);
  const skippedChange = keep(skipped, chains);
  unfinished.finish();

  const retired: Wipeable[] = [ratchet.rootKey, sender.chainKey.key];
  if (receiver.chainKey !== undefined) retired.push(receiver.chainKey.key);
  if (answer.ourPrivateKey !== undefined) retired.push(receiver.ourPrivateKey);
  for (const { key } of skippedChange.removed) retired.push(key);
  return {
    ratchet: {
      rootKey: sending.rootKey,
      rootSequence,
      sendingMessageSequence: ratchet.sendingMessageSequence,
      // Assigned, not the maximum: the number is not authenticated, and a maximum would let one altered message poison it for good.
      receivedMessageSequence: message.sendingMessageSequence,
      sender: {
        ourRatchetKey: answer.ourRatchetKey,
        theirRatchetKey: answer.theirRatchetKey,
        chainKey: { key: sending.chainKey, index: 0 },
      },
      receiver: { theirRatchetKey, ourPrivateKey: answer.ourPrivateKey ?? receiver.ourPrivateKey, chainKey: opened.chainKey },
    },
    plaintext: opened.plaintext,
    skippedChange,
    retired,
    stepped: true,
  };
}

/** `Decaps(our_private, ratchet_key)` or `DH(our_private, ratchet_key)`; a zero result of the latter is refused. */
function* openRatchetKey(
  scheme: AgreementScheme,
  privateKey: Secret<'AgreementPrivateKey'>,
  ratchetKey: Uint8Array,
): Computation<Secret<'SharedSecret'>> {
  if (scheme.kind === 'kem') return yield* one({ operation: 'decapsulate', scheme, privateKey, ciphertext: ratchetKey });
  return yield* one({ operation: 'agree', scheme, privateKey, publicKey: ratchetKey });
}

interface NewRatchetKey {
  readonly ourRatchetKey: Uint8Array;
  readonly theirRatchetKey: Uint8Array;
  readonly sharedSecret: Secret<'SharedSecret'>;
  /** Diffie-Hellman only: in a KEM suite the session's key pairs are never replaced. */
  readonly ourPrivateKey: Secret<'AgreementPrivateKey'> | undefined;
}

function* newRatchetKey(scheme: AgreementScheme, lastingKey: Uint8Array, newKey: Uint8Array): Computation<NewRatchetKey> {
  if (scheme.kind === 'kem') {
    const { ciphertext, sharedSecret } = yield* one({ operation: 'encapsulate', scheme, publicKey: lastingKey });
    return { ourRatchetKey: ciphertext, theirRatchetKey: lastingKey, sharedSecret, ourPrivateKey: undefined };
  }
  using unfinished = new Unfinished();
  const { publicKey, privateKey } = yield* one({ operation: 'agreement-key-pair', scheme });
  unfinished.own(privateKey);
  const sharedSecret = yield* one({ operation: 'agree', scheme, privateKey, publicKey: newKey });
  unfinished.finish();
  return { ourRatchetKey: publicKey, theirRatchetKey: newKey, sharedSecret, ourPrivateKey: privateKey };
}

/**
 * Keys of the messages that the old receiving chain still owes: `missing = sending_message_sequence - received_message_sequence -
 * (sequence + 1)`, never more than `room`. The numbers are not authenticated, so they may ask for useless keys but never refuse a message.
 * Spec: crypto.md §7.6.
 */
function* missingKeys(ratchet: Ratchet, message: RatchetMessage, room: number): Computation<readonly PassedOver[]> {
  const { chainKey } = ratchet.receiver;
  if (chainKey === undefined) return [];
  const missing = message.sendingMessageSequence - ratchet.receivedMessageSequence - (message.sequence + 1);
  const count = Math.max(0, Math.min(missing, room, maxCounter - chainKey.index));
  const keys = yield* messageKeysFrom(chainKey.key, count);
  return keys.map((key, position) => ({ index: chainKey.index + position, key }));
}
