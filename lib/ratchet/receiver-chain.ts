import { ProtocolError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import type { Secret } from '../base/secret.js';
import { openStep } from '../crypto/chain.js';
import type { Computation } from '../crypto/job.js';
import { type ChainKey, walk } from './chain-key.js';
import { messageKeysFrom } from './message-key.js';
import { Unfinished } from './unfinished.js';

/** The chain of what we receive; a responder has none until the first message. Spec: wire.md §5 (ReceiverChainNode). */
export interface ReceiverChain {
  /** The last ratchet key accepted from the peer. */
  readonly theirRatchetKey: Uint8Array | undefined;
  /** Opens the peer's next ratchet step. */
  readonly ourPrivateKey: Secret<'AgreementPrivateKey'>;
  readonly chainKey: ChainKey | undefined;
}

/** A message key whose message has been passed over. */
export interface PassedOver {
  readonly index: number;
  readonly key: Secret<'MessageKey'>;
}

/** What opening a message of a chain gives; all secrets are the caller's. */
export interface Opened {
  readonly plaintext: Uint8Array;
  /** The chain key after the message. */
  readonly chainKey: ChainKey;
  /** Of the positions walked over, the newest that may be kept. */
  readonly passedOver: readonly PassedOver[];
}

/** Opens the message at the chain's own position. Throws `VerificationError('not-authentic')`. Spec: crypto.md §7.4. */
export function openNext(chainKey: ChainKey, associatedData: Uint8Array, sealed: Uint8Array): Opened {
  const { plaintext, nextChainKey } = openStep(chainKey.key, 0, associatedData, sealed);
  return { plaintext, chainKey: { key: nextChainKey, index: chainKey.index + 1 }, passedOver: [] };
}

/**
 * Opens the message `sequence`, at or ahead of the chain's position, and keeps keys for those passed over, which are derived only after
 * it has proved authentic: until then a message costs the bounded walk and nothing more. Throws `ProtocolError('gap-too-large')` before any
 * work, and `VerificationError('not-authentic')`. Spec: crypto.md §7.6.
 */
export function* openAhead(chainKey: ChainKey, sequence: number, associatedData: Uint8Array, sealed: Uint8Array): Computation<Opened> {
  const steps = sequence - chainKey.index;
  if (steps === 0) return openNext(chainKey, associatedData, sealed);
  if (steps > limits.forwardWalk) {
    throw new ProtocolError('gap-too-large', `the message lies ${steps} positions ahead of its chain, ${limits.forwardWalk} are allowed`);
  }
  const kept = Math.min(steps, limits.skippedMessageKeys);
  using unfinished = new Unfinished();
  using walked = steps > kept ? yield* walk(chainKey.key, steps - kept) : undefined;
  const firstKept = walked ?? chainKey.key;
  // Short walks happen inside the one native call that opens.
  using target = kept > limits.inlineChainSteps ? yield* walk(firstKept, kept) : undefined;
  const { plaintext, nextChainKey } = openStep(target ?? firstKept, target === undefined ? kept : 0, associatedData, sealed);
  unfinished.own(nextChainKey);
  const keys = yield* messageKeysFrom(firstKept, kept);
  unfinished.finish();
  const passedOver = keys.map((key, position) => ({ index: sequence - kept + position, key }));
  return { plaintext, chainKey: { key: nextChainKey, index: sequence + 1 }, passedOver };
}
