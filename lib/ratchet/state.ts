/** The values that the ratchet's transitions take and give. */
import type { Secret, Wipeable } from '../base/secret.js';
import type { ReceiverChain } from './receiver-chain.js';
import type { SenderChain } from './sender-chain.js';
import type { SkippedChange } from './skipped-message-keys.js';

/** The double ratchet of one session. Spec: wire.md §5 (Ratchet), crypto.md §7. */
export interface Ratchet {
  readonly rootKey: Secret<'RootKey'>;
  /** Root steps done; the initiator owns odd numbers, the responder even ones. */
  readonly rootSequence: number;
  /** Messages encrypted so far in this session. */
  readonly sendingMessageSequence: number;
  /** Messages of the peer accounted for: opened, or kept as skipped keys. */
  readonly receivedMessageSequence: number;
  readonly sender: SenderChain;
  readonly receiver: ReceiverChain;
}

/** One message as it travels. Spec: wire.md §7 (One2oneMsgPayload). */
export interface RatchetMessage {
  /** Index in the sender's chain, from 0. */
  readonly sequence: number;
  readonly rootSequence: number;
  /** 1-based count of the sender's messages in the session. */
  readonly sendingMessageSequence: number;
  readonly ratchetKey: Uint8Array;
  /** AES-256-GCM output, the 16-byte tag last. */
  readonly ciphertext: Uint8Array;
}

/** What `encrypt` gives. */
export interface Encrypted {
  readonly ratchet: Ratchet;
  readonly message: RatchetMessage;
  /** Wiped by the caller when `ratchet` is durable. */
  readonly retired: readonly Wipeable[];
}

/** What `decrypt` gives. */
export interface Decrypted {
  readonly ratchet: Ratchet;
  readonly plaintext: Uint8Array;
  readonly skippedChange: SkippedChange;
  /** Wiped by the caller when `ratchet` and `skippedChange` are durable. */
  readonly retired: readonly Wipeable[];
  /** The message brought a root step: more than chain keys and counters of the ratchet has changed. */
  readonly stepped: boolean;
}
