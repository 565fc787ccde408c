import type { ChainKey } from './chain-key.js';

/** The chain of what we send. Spec: wire.md §5 (SenderChainNode). */
export interface SenderChain {
  /** Goes out as every message's ratchet key: KEM a ciphertext to the peer, Diffie-Hellman our public key. */
  readonly ourRatchetKey: Uint8Array;
  /** The peer's public key that the chain was derived against. */
  readonly theirRatchetKey: Uint8Array;
  readonly chainKey: ChainKey;
}
