/**
 * The first state of a ratchet on either side. Spec: crypto.md §7.2.
 *
 * Owns: what the handshake secret becomes. Does not own: the handshake, which hands over the secret and keeps (and wipes) it.
 */
import type { Secret } from '../base/secret.js';
import type { HashAlgorithm } from '../crypto/scheme.js';
import type { Ratchet } from './state.js';
import { deriveRoot, stepRoot } from './root-key.js';

/** What a responder starts with. */
export interface ResponderStart {
  /** The suite's. */
  readonly hash: HashAlgorithm;
  readonly handshakeSecret: Secret<'HandshakeSecret'>;
  /** The private half of the signed pre-key the invite names; becomes the ratchet's. */
  readonly signedPreKey: Secret<'AgreementPrivateKey'>;
  /** The initiator's base key. */
  readonly baseKey: Uint8Array;
  /** KEM: a ciphertext to the base key whose secret nobody uses, only a label; Diffie-Hellman: the signed pre-key's public half. */
  readonly ratchetKey: Uint8Array;
}

/** `InitBob`: the first sending chain comes straight from the handshake, a receiving chain does not exist yet. Spec: crypto.md §7.2. */
export function responderRatchet(start: ResponderStart): Ratchet {
  const { rootKey, chainKey } = deriveRoot(start.hash, start.handshakeSecret);
  return {
    rootKey,
    rootSequence: 0,
    sendingMessageSequence: 0,
    receivedMessageSequence: 0,
    sender: { ourRatchetKey: start.ratchetKey, theirRatchetKey: start.baseKey, chainKey: { key: chainKey, index: 0 } },
    receiver: { theirRatchetKey: undefined, ourPrivateKey: start.signedPreKey, chainKey: undefined },
  };
}

/** What an initiator starts with. */
export interface InitiatorStart {
  /** The suite's. */
  readonly hash: HashAlgorithm;
  readonly handshakeSecret: Secret<'HandshakeSecret'>;
  /** The private half of the base key; becomes the ratchet's. */
  readonly basePrivateKey: Secret<'AgreementPrivateKey'>;
  /** The responder's signed pre-key, public half. */
  readonly signedPreKey: Uint8Array;
  /** The ratchet key of the responder's first chain: KEM that of the accept, Diffie-Hellman the signed pre-key. */
  readonly theirRatchetKey: Uint8Array;
  /** KEM: a fresh ciphertext to the signed pre-key; Diffie-Hellman: the base key's public half. */
  readonly ourRatchetKey: Uint8Array;
  /** The secret of that ciphertext, or of base key and signed pre-key; stays the caller's. */
  readonly stepSecret: Secret<'SharedSecret'>;
}

/** `InitAlice`: one root step beyond the responder, so the first sending chain is already mixed with a second secret. Spec: crypto.md §7.2. */
export function initiatorRatchet(start: InitiatorStart): Ratchet {
  const first = deriveRoot(start.hash, start.handshakeSecret);
  const second = stepRoot(start.hash, first.rootKey, start.stepSecret);
  first.rootKey.wipe();
  return {
    rootKey: second.rootKey,
    rootSequence: 1,
    sendingMessageSequence: 0,
    receivedMessageSequence: 0,
    sender: { ourRatchetKey: start.ourRatchetKey, theirRatchetKey: start.signedPreKey, chainKey: { key: second.chainKey, index: 0 } },
    receiver: {
      theirRatchetKey: start.theirRatchetKey,
      ourPrivateKey: start.basePrivateKey,
      chainKey: { key: first.chainKey, index: 0 },
    },
  };
}
