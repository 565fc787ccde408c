/**
 * Session establishment: initiate, accept, complete. Spec: crypto.md §6, one2one.md §2.
 *
 * Owns: what is agreed on, and every check of what a stranger sends for it. Does not own: which one-time pre-key or session a message
 * belongs to, whether an identity is trusted, storage, delivery. The account and session that go in are not changed, and no secret of
 * theirs is wiped.
 */
import { type Account, signedPreKey } from '../account/account.js';
import type { OneTimePreKey } from '../account/one-time-pre-key.js';
import { type PreKeyBundle, verifyBundle } from '../account/pre-key-bundle.js';
import { sameDevice } from '../base/address.js';
import type { SessionId } from '../base/brand.js';
import { equalBytes } from '../base/bytes.js';
import { InternalError, ProtocolError, UsageError } from '../base/errors.js';
import type { Wipeable } from '../base/secret.js';
import type { Computation } from '../crypto/job.js';
import type { AgreementScheme } from '../crypto/scheme.js';
import type { Ratchet } from '../ratchet/ratchet.js';
import { acceptByDiffieHellman, inviteByDiffieHellman } from './diffie-hellman-handshake.js';
import { sessionAssociatedData, sessionFingerprint } from './fingerprint.js';
import { acceptByKem, completeByKem, inviteByKem } from './kem-handshake.js';
import { type Accept, type Invite, type InvitedSession, type ReadySession, inviteOf } from './session.js';

/** What an initiator needs. */
export interface Initiate {
  readonly account: Account;
  /** The relay's signature has been checked; everything else is checked here. */
  readonly bundle: PreKeyBundle;
  /** Fresh. */
  readonly sessionId: SessionId;
  /** Ms since 1970; the relay's answer to the invite replaces it. */
  readonly now: number;
}

/** What {@link initiate} gives. */
export interface Initiated {
  readonly session: InvitedSession;
  readonly invite: Invite;
}

/**
 * Starts a session with the device of `bundle`. Throws `UsageError` with code `own-device` or `suite-mismatch`, `VerificationError('bad-signature')`
 * and `ProtocolError` with code `bundle-form`, `bad-public-key` or `zero-shared-secret`. Spec: crypto.md §6.1, §6.2.
 */
export function* initiate({ account, bundle, sessionId, now }: Initiate): Computation<Initiated> {
  const { suite } = bundle;
  if (sameDevice(account.address, bundle.address)) throw new UsageError('own-device', 'a device cannot invite itself');
  if (suite.agreement !== account.suite.agreement) {
    throw new UsageError('suite-mismatch', `${account.suite.name} and ${suite.name} have no key agreement in common`);
  }
  yield* verifyBundle(bundle);
  const initiatorIdentity = account.identity.agreement.publicKey;
  const responderIdentity = bundle.identityKey.agreement;
  const scheme = suite.agreement;
  const pending = scheme.kind === 'kem' ? yield* inviteByKem(scheme, bundle) : yield* inviteByDiffieHellman(scheme, account, bundle);
  const session: InvitedSession = {
    state: 'invited',
    suite,
    sessionId,
    ourAddress: account.address,
    theirAddress: bundle.address,
    role: 'initiator',
    associatedData: sessionAssociatedData(initiatorIdentity, responderIdentity),
    fingerprint:
      scheme.kind === 'kem'
        ? sessionFingerprint(suite.hash, {
            initiatorIdentity,
            responderIdentity,
            signedPreKey: bundle.signedPreKey.publicKey,
            oneTimePreKey: bundle.oneTimePreKey?.publicKey,
          })
        : undefined,
    inviteTime: now,
    signedPreKeyId: bundle.signedPreKey.id,
    oneTimePreKeyId: bundle.oneTimePreKey?.id ?? 0,
    pending,
  };
  return { session, invite: inviteOf(session) };
}

/** What a responder needs. */
export interface AcceptInvite {
  readonly account: Account;
  /** The key that `invite.oneTimePreKeyId` names; `undefined` when it names none or the account has it no more. */
  readonly oneTimePreKey: OneTimePreKey | undefined;
  /** As delivered, with the identity key filled in by the relay. */
  readonly invite: Invite;
  /** Ms since 1970. */
  readonly now: number;
}

/** What {@link accept} gives. Session, and removal of the one-time pre-key, belong into one commit. */
export interface Accepted {
  readonly session: ReadySession;
  readonly accept: Accept;
}

/**
 * Answers an invite: the session is ready at once. Throws `ProtocolError` with code `wrong-recipient`, `suite-mismatch`, `invite-form`,
 * `unknown-pre-key`, `pre-key-spent`, `bad-public-key` or `zero-shared-secret`. Spec: crypto.md §6, weaknesses I19.
 */
export function* accept({ account, oneTimePreKey, invite, now }: AcceptInvite): Computation<Accepted> {
  const { suite } = invite;
  const scheme = suite.agreement;
  if (!sameDevice(invite.to, account.address) || sameDevice(invite.from, account.address)) {
    throw new ProtocolError('wrong-recipient', 'the invite is not for this device');
  }
  if (scheme !== account.suite.agreement) {
    throw new ProtocolError('suite-mismatch', `the invite uses ${suite.name}, the account ${account.suite.name}`);
  }
  const ephemeralKey = checkInvite(scheme, invite);
  const preKey = signedPreKey(account, invite.signedPreKeyId);
  if ((oneTimePreKey?.id ?? 0) !== invite.oneTimePreKeyId) {
    throw new ProtocolError('unknown-pre-key', `the account keeps no one-time pre-key ${invite.oneTimePreKeyId}`);
  }
  if (oneTimePreKey?.state === 'used') throw new ProtocolError('pre-key-spent', `the one-time pre-key ${oneTimePreKey.id} has been used`);

  const identity = account.identity.agreement;
  const keys = { identity, signedPreKey: preKey.keyPair, oneTimePreKey: oneTimePreKey?.keyPair };
  const { ratchet, reply } =
    scheme.kind === 'kem' ? yield* acceptByKem(scheme, keys, invite) : yield* acceptByDiffieHellman(scheme, keys, invite, ephemeralKey);
  const session: ReadySession = {
    state: 'ready',
    suite,
    sessionId: invite.sessionId,
    ourAddress: account.address,
    theirAddress: invite.from,
    role: 'responder',
    associatedData: sessionAssociatedData(invite.identityKey, identity.publicKey),
    fingerprint:
      scheme.kind === 'kem'
        ? sessionFingerprint(suite.hash, {
            initiatorIdentity: invite.identityKey,
            responderIdentity: identity.publicKey,
            signedPreKey: preKey.keyPair.publicKey,
            oneTimePreKey: oneTimePreKey?.keyPair.publicKey,
          })
        : undefined,
    // The time orders the sessions of a pair and nobody vouches for it: one from the future would win for ever. Weaknesses P19.
    inviteTime: Math.min(invite.inviteTime, now),
    signedPreKeyId: invite.signedPreKeyId,
    oneTimePreKeyId: invite.oneTimePreKeyId,
    ratchet,
    confirmed: false,
    acceptReply: reply,
  };
  return { session, accept: { suite, from: account.address, to: invite.from, ...reply } };
}

/** Exact lengths and number of everything in the invite; returns the first shared input. */
function checkInvite(scheme: AgreementScheme, invite: Invite): Uint8Array {
  const { identityKey, baseKey, sharedInputs, oneTimePreKeyId } = invite;
  const count = scheme.kind === 'diffie-hellman' ? 1 : oneTimePreKeyId === 0 ? 2 : 3;
  const length = scheme.kind === 'diffie-hellman' ? scheme.publicKeyLength : scheme.ciphertextLength;
  checkLength('invite-form', 'identity key', identityKey, scheme.publicKeyLength);
  checkLength('invite-form', 'base key', baseKey, scheme.publicKeyLength);
  for (const input of sharedInputs) checkLength('invite-form', 'shared input', input, length);
  const [first] = sharedInputs;
  if (first === undefined || sharedInputs.length !== count) {
    throw new ProtocolError('invite-form', `the invite has ${sharedInputs.length} shared inputs instead of ${count}`);
  }
  return first;
}

/** What an initiator needs when an accept has come. */
export interface Complete {
  readonly account: Account;
  readonly session: InvitedSession;
  readonly accept: Accept;
}

/** What {@link complete} gives. */
export interface Completed {
  readonly session: ReadySession;
  /** Wiped by the caller when `session` is durable. */
  readonly retired: readonly Wipeable[];
}

/**
 * Finishes the session, or gives `undefined` when `accept` was not made for it: the pair may have several invites under way. An accept of
 * the Curve25519 profile fits every invite that names the same signed pre-key. Throws `ProtocolError` with code `wrong-recipient` or `accept-form`.
 * Spec: crypto.md §6.1, one2one.md §2.3.
 */
export function* complete({ account, session, accept: answer }: Complete): Computation<Completed | undefined> {
  if (!sameDevice(answer.to, session.ourAddress) || !sameDevice(answer.from, session.theirAddress)) {
    throw new ProtocolError('wrong-recipient', 'the accept is not between the devices of this session');
  }
  const { pending, suite } = session;
  const scheme = suite.agreement;
  if (answer.suite !== suite) return undefined;
  checkLength('accept-form', 'ciphertext', answer.ciphertext, scheme.kind === 'kem' ? scheme.ciphertextLength : 0);
  checkLength('accept-form', 'ratchet key', answer.ratchetKey, scheme.ratchetKeyLength);
  if (pending.kind === 'diffie-hellman') {
    const fits = equalBytes(answer.ratchetKey, pending.ratchet.sender.theirRatchetKey);
    return fits ? { session: readySession(session, pending.ratchet), retired: [] } : undefined;
  }
  if (scheme.kind !== 'kem') throw new InternalError('session-state', 'a session of a suite without a KEM holds an invite with one');
  const ratchet = yield* completeByKem(scheme, account, pending, answer);
  return ratchet === undefined ? undefined : { session: readySession(session, ratchet), retired: pending.sharedSecrets };
}

/**
 * The session as its accept would leave it, for an invite whose accept says nothing that is not known already; `undefined`: the suite's does. A message
 * that opens with it proves that there was one. Spec: crypto.md §6.2.
 */
export function impliedReady(session: InvitedSession): ReadySession | undefined {
  return session.pending.kind === 'diffie-hellman' ? readySession(session, session.pending.ratchet) : undefined;
}

/** The handshake's leftovers stay behind: the accept was proved to be ours, so nothing can need them again. Weaknesses I27. */
function readySession(invited: InvitedSession, ratchet: Ratchet): ReadySession {
  return {
    state: 'ready',
    suite: invited.suite,
    sessionId: invited.sessionId,
    ourAddress: invited.ourAddress,
    theirAddress: invited.theirAddress,
    role: invited.role,
    associatedData: invited.associatedData,
    fingerprint: invited.fingerprint,
    inviteTime: invited.inviteTime,
    signedPreKeyId: invited.signedPreKeyId,
    oneTimePreKeyId: invited.oneTimePreKeyId,
    ratchet,
    confirmed: false,
    acceptReply: undefined,
  };
}

function checkLength(code: 'invite-form' | 'accept-form', name: string, bytes: Uint8Array, expected: number): void {
  if (bytes.length !== expected) throw new ProtocolError(code, `the ${name} has ${bytes.length} bytes instead of ${expected}`);
}
