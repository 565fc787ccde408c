/**
 * One-to-one sessions: their two states, and messages as transitions of a ready one. Spec: one2one.md §2.1.
 *
 * Owns: what belongs to a session besides its ratchet. Does not own: which session is used for what, whether an identity is trusted, whether
 * a message's addresses are those of the session (the client compares them), storage, delivery.
 */
import type { DeviceAddress } from '../base/address.js';
import type { SessionId } from '../base/brand.js';
import { noBytes } from '../base/bytes.js';
import type { Secret, Wipeable } from '../base/secret.js';
import type { CipherSuite } from '../crypto/cipher-suite.js';
import type { Computation } from '../crypto/job.js';
import type { AgreementKeyPair } from '../crypto/key-pair.js';
import { type Ratchet, type RatchetMessage, decrypt, encrypt } from '../ratchet/ratchet.js';
import type { SkippedChange, SkippedMessageKeys } from '../ratchet/skipped-message-keys.js';

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

/** What {@link encryptMessage} gives. */
export interface EncryptedMessage {
  readonly session: ReadySession;
  readonly message: RatchetMessage;
  /** Wiped by the caller when `session` is durable. */
  readonly retired: readonly Wipeable[];
}

/** What {@link decryptMessage} gives. */
export interface DecryptedMessage {
  readonly session: ReadySession;
  readonly plaintext: Uint8Array;
  readonly skippedChange: SkippedChange;
  /** Wiped by the caller when `session` and `skippedChange` are durable. */
  readonly retired: readonly Wipeable[];
  /** The ratchet's keys have changed, not only its chain keys and counters. */
  readonly stepped: boolean;
}

/**
 * Seals `plaintext` for the peer. The new session must be durable before the message leaves: a message key used twice is fatal.
 * Throws `UsageError('empty-plaintext')` and `ProtocolError('exhausted')`. Spec: one2one.md §3, weaknesses I1.
 */
export function encryptMessage(session: ReadySession, plaintext: Uint8Array): EncryptedMessage {
  const { ratchet, message, retired } = encrypt(session.ratchet, session.associatedData, plaintext);
  return { session: { ...session, ratchet }, message, retired };
}

/**
 * Opens a message of the peer; the first one confirms the session, and what only the handshake needed is dropped. Throws as `decrypt` of
 * the ratchet, and then nothing has changed. Spec: one2one.md §4, weaknesses I27.
 */
export function* decryptMessage(
  session: ReadySession,
  skipped: SkippedMessageKeys,
  message: RatchetMessage,
): Computation<DecryptedMessage> {
  const { ratchet, plaintext, skippedChange, retired, stepped } = yield* decrypt(
    session.suite,
    session.ratchet,
    skipped,
    session.associatedData,
    message,
  );
  return { session: { ...session, ratchet, confirmed: true, acceptReply: undefined }, plaintext, skippedChange, retired, stepped };
}

/** The invite of `session`, to be sent or sent again with the same content. Spec: one2one.md §2.4. */
export function inviteOf(session: InvitedSession): Invite {
  const { pending } = session;
  return {
    suite: session.suite,
    sessionId: session.sessionId,
    from: session.ourAddress,
    to: session.theirAddress,
    identityKey: noBytes,
    baseKey: pending.kind === 'kem' ? pending.baseKeyPair.publicKey : pending.ratchet.sender.ourRatchetKey,
    sharedInputs: pending.sharedInputs,
    signedPreKeyId: session.signedPreKeyId,
    oneTimePreKeyId: session.oneTimePreKeyId,
    inviteTime: session.inviteTime,
  };
}

/** The accept of `session`, to answer a repeated invite; `undefined` once the peer has shown that it has it. Spec: one2one.md §2.4. */
export function acceptOf(session: ReadySession): Accept | undefined {
  if (session.acceptReply === undefined) return undefined;
  return { suite: session.suite, from: session.ourAddress, to: session.theirAddress, ...session.acceptReply };
}
