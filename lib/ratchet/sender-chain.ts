import { ProtocolError } from '../base/errors.js';
import { sealStep } from '../crypto/chain.js';
import type { ChainKey } from './chain-key.js';
import { maxCounter } from './counter.js';

/** The chain of what we send. Spec: wire.md §5 (SenderChainNode). */
export interface SenderChain {
  /** Goes out as every message's ratchet key: KEM a ciphertext to the peer, Diffie-Hellman our public key. */
  readonly ourRatchetKey: Uint8Array;
  /** The peer's public key that the chain was derived against. */
  readonly theirRatchetKey: Uint8Array;
  readonly chainKey: ChainKey;
}

/** What sealing at a chain's position gives. */
export interface Sealed {
  /** 16 bytes longer than the plaintext. */
  readonly ciphertext: Uint8Array;
  /** The chain after the message. */
  readonly chain: SenderChain;
}

/** Seals at the chain's position, leaving the old chain key to the caller. Throws `ProtocolError('exhausted')` after 2^32 - 1 messages. Spec: crypto.md §7.3. */
export function sealNext(chain: SenderChain, associatedData: Uint8Array, plaintext: Uint8Array): Sealed {
  const { key, index } = chain.chainKey;
  if (index >= maxCounter) throw new ProtocolError('exhausted', 'the sending chain has no position left');
  const { sealed, nextChainKey } = sealStep(key, associatedData, plaintext);
  return {
    ciphertext: sealed,
    chain: {
      ourRatchetKey: chain.ourRatchetKey,
      theirRatchetKey: chain.theirRatchetKey,
      chainKey: { key: nextChainKey, index: index + 1 },
    },
  };
}
