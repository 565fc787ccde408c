import type { DeviceAddress } from '../base/address.js';
import type { SessionId } from '../base/brand.js';
import type { Secret } from '../base/secret.js';
import type { CipherSuite } from '../crypto/cipher-suite.js';
import type { AgreementKeyPair } from '../crypto/key-pair.js';
import type { Ratchet } from '../ratchet/ratchet.js';

/** What a session is from its first to its last day. */
export interface SessionBase {
  readonly suite: CipherSuite;
  readonly sessionId: SessionId;
  readonly ourAddress: DeviceAddress;
  readonly theirAddress: DeviceAddress;
  readonly role: 'initiator' | 'responder';
  /** `IK_initiator || IK_responder`, the agreement halves, the same on both sides. Spec: crypto.md §5. */
  readonly associatedData: Uint8Array;
  /** 64 bytes for people to compare; the Curve25519 profile defines none. Spec: crypto.md §6.3. */
  readonly fingerprint: Uint8Array | undefined;
  /** Orders the sessions of a pair, ms since 1970. The initiator takes the relay's time over. */
  readonly inviteTime: number;
  readonly signedPreKeyId: number;
  /** 0: none was used. */
  readonly oneTimePreKeyId: number;
}

/** What a KEM initiator holds until the accept. Spec: crypto.md §6.1. */
export interface PendingKemInvite {
  readonly kind: 'kem';
  readonly baseKeyPair: AgreementKeyPair;
  /** Ciphertexts to the responder's identity key, signed pre-key and one-time pre-key, in this order. */
  readonly sharedInputs: readonly Uint8Array[];
  /** The secrets of {@link sharedInputs}, in the same order. */
  readonly sharedSecrets: readonly Secret<'SharedSecret'>[];
  readonly theirSignedPreKey: Uint8Array;
}

/** What a Curve25519 initiator holds until the accept: the ratchet is already complete. Spec: crypto.md §6.2. */
export interface PendingDiffieHellmanInvite {
  readonly kind: 'diffie-hellman';
  /** One element: the ephemeral public key. */
  readonly sharedInputs: readonly Uint8Array[];
  readonly ratchet: Ratchet;
}

/** An invite is out; nothing can be sent yet. */
export interface InvitedSession extends SessionBase {
  readonly state: 'invited';
  readonly role: 'initiator';
  readonly pending: PendingKemInvite | PendingDiffieHellmanInvite;
}

/** Sends and receives. */
export interface ReadySession extends SessionBase {
  readonly state: 'ready';
  readonly ratchet: Ratchet;
  /** A message of the peer has been opened: it holds the same keys. */
  readonly confirmed: boolean;
  /** Responder, until confirmed: what answers a repeated invite. */
  readonly acceptReply: AcceptReply | undefined;
}

/** A one-to-one session of two devices. */
export type Session = InvitedSession | ReadySession;

/** The responder's part of the handshake as it travels. */
export interface AcceptReply {
  /** To the initiator's identity key; empty in the Curve25519 profile. */
  readonly ciphertext: Uint8Array;
  /** KEM a ciphertext to the base key, Curve25519 the signed pre-key. */
  readonly ratchetKey: Uint8Array;
}

/** Opens a session. Spec: wire.md §7 (InviteMsg). */
export interface Invite {
  readonly suite: CipherSuite;
  readonly sessionId: SessionId;
  readonly from: DeviceAddress;
  readonly to: DeviceAddress;
  /** The initiator's agreement identity key: the relay fills it in, clients send none. */
  readonly identityKey: Uint8Array;
  readonly baseKey: Uint8Array;
  readonly sharedInputs: readonly Uint8Array[];
  readonly signedPreKeyId: number;
  /** 0: none was used. */
  readonly oneTimePreKeyId: number;
  readonly inviteTime: number;
}

/** Answers an invite. Spec: wire.md §7 (AcceptMsg). */
export interface Accept extends AcceptReply {
  readonly suite: CipherSuite;
  readonly from: DeviceAddress;
  readonly to: DeviceAddress;
}
