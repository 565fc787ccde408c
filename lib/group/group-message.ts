/**
 * Messages of a group: sealed once with the own chain and signed, whatever the number of members. Spec: group.md §2.
 *
 * The signature covers the ciphertext only (weaknesses P8): a message counts as its sender's when it also opens with that sender's chain.
 */
import { ProtocolError, UsageError, VerificationError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import type { Secret, Wipeable } from '../base/secret.js';
import { aeadTagLength } from '../crypto/aead.js';
import { sealStep } from '../crypto/chain.js';
import type { CipherSuite } from '../crypto/cipher-suite.js';
import { type Computation, type Job, all, one } from '../crypto/job.js';
import { isCounter, maxCounter } from '../ratchet/counter.js';
import { walk } from '../ratchet/chain-key.js';
import type { SkippedMessageKeys } from '../ratchet/skipped-message-keys.js';
import { Unfinished } from '../ratchet/unfinished.js';
import { chainAssociatedData } from './key-update.js';
import { type MemberChain, type OpenedByChain, newestPosition, openByChain } from './member-chain.js';

/** One message as it travels. Spec: wire.md §7 (GroupMsgPayload). */
export interface GroupMessage {
  readonly sequence: number;
  /** AES-256-GCM output, the 16-byte tag last. */
  readonly ciphertext: Uint8Array;
  /** By the sender's identity, over the ciphertext only. */
  readonly signature: Uint8Array;
}

/** What sealing messages one after another gives. */
export interface SealedGroupMessages {
  /** After the last message. Durable before any of `messages` leaves. */
  readonly chain: MemberChain;
  readonly messages: readonly GroupMessage[];
  /** Wiped by the caller when `chain` is durable. */
  readonly retired: readonly Wipeable[];
  /** New secrets of `chain`. */
  readonly created: readonly Wipeable[];
}

const associatedDataOf = new WeakMap<Uint8Array, Uint8Array>();

/** Twice the signing key, made once per key. */
function associatedData(signingKey: Uint8Array): Uint8Array {
  let joined = associatedDataOf.get(signingKey);
  if (joined === undefined) {
    joined = chainAssociatedData(signingKey);
    associatedDataOf.set(signingKey, joined);
  }
  return joined;
}

/**
 * Seals `contents` in order with the own chain, from position `first` on, which `firstPosition` gives: positions before it are left out. The
 * signatures are one batch of jobs. Throws `UsageError('empty-plaintext')` and `ProtocolError` (`unknown-chain`, `exhausted`).
 */
export function* sealGroupMessages(
  suite: CipherSuite,
  chain: MemberChain,
  signingKey: Secret<'SigningPrivateKey'>,
  contents: readonly Uint8Array[],
  first = 0,
): Computation<SealedGroupMessages> {
  const start = newestPosition(chain);
  if (start === undefined) throw new ProtocolError('unknown-chain', 'the keys of the group have not come yet');
  if (contents.some(({ length }) => length === 0)) throw new UsageError('empty-plaintext', 'a message has at least one byte');
  const index = Math.max(first, start.chainKey.index);
  const leftOut = index - start.chainKey.index;
  if (index + contents.length > maxCounter || leftOut > limits.forwardWalk)
    throw new ProtocolError('exhausted', 'the chain has no position left');
  if (contents.length === 0) return { chain, messages: [], retired: [], created: [] };
  using unfinished = new Unfinished();
  const sealedTexts: Uint8Array[] = [];
  using begin = leftOut === 0 ? undefined : yield* walk(start.chainKey.key, leftOut);
  let key = begin ?? start.chainKey.key;
  for (const content of contents) {
    const { sealed, nextChainKey } = sealStep(key, associatedData(chain.signingKey), content);
    // Between the first and the last, keys belong to neither state.
    if (sealedTexts.length > 0) key.wipe();
    key = unfinished.own(nextChainKey);
    sealedTexts.push(sealed);
  }
  const jobs = sealedTexts.map((message): Job & { operation: 'sign' } => ({
    operation: 'sign',
    scheme: suite.signature,
    privateKey: signingKey,
    message,
  }));
  const signatures = yield* all(jobs);
  unfinished.finish();
  const positions = [...chain.positions.slice(0, -1), { generation: start.generation, chainKey: { key, index: index + contents.length } }];
  return {
    chain: { ...chain, positions },
    messages: sealedTexts.map((ciphertext, offset) => ({
      sequence: index + offset,
      ciphertext,
      signature: signatures[offset] ?? new Uint8Array(0),
    })),
    retired: [start.chainKey.key],
    created: [key],
  };
}

/** Whether the signature is that of `signingKey`; before anything else is done with a message. */
export function* isSignedBy(suite: CipherSuite, signingKey: Uint8Array, { ciphertext, signature }: GroupMessage): Computation<boolean> {
  if (signingKey.length !== suite.signature.publicKeyLength) return false;
  return yield* one({ operation: 'verify', scheme: suite.signature, publicKey: signingKey, message: ciphertext, signature });
}

/**
 * Opens a message that {@link isSignedBy} its sender; `generation` is the epoch's. Throws `ProtocolError` (`counter`, `unknown-chain`,
 * `duplicate`, `gap-too-large`) and `VerificationError('not-authentic')`; then nothing has changed.
 */
export function* openGroupMessage(
  chain: MemberChain,
  generation: number,
  skipped: SkippedMessageKeys,
  { sequence, ciphertext }: GroupMessage,
): Computation<OpenedByChain> {
  if (!isCounter(sequence) || sequence === maxCounter) throw new ProtocolError('counter', 'the counter of the message is out of range');
  // No peer seals an empty plaintext. Spec: crypto.md §4.
  if (ciphertext.length <= aeadTagLength) throw new VerificationError('not-authentic', 'the sealed text is not authentic');
  return yield* openByChain(chain, generation, skipped, associatedData(chain.signingKey), sequence, ciphertext);
}
