import type { Secret } from '../base/secret.js';
import type { ChainKey } from './chain-key.js';

/** The chain of what we receive; a responder has none until the first message. Spec: wire.md §5 (ReceiverChainNode). */
export interface ReceiverChain {
  /** The last ratchet key accepted from the peer. */
  readonly theirRatchetKey: Uint8Array | undefined;
  /** Opens the peer's next ratchet step. */
  readonly ourPrivateKey: Secret<'AgreementPrivateKey'>;
  readonly chainKey: ChainKey | undefined;
}
