import type { Secret } from '../base/secret.js';
import type { ReceiverChain } from './receiver-chain.js';
import type { SenderChain } from './sender-chain.js';

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
