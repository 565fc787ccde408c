/** `session-*`: handshakes seen from both sides, and the first messages. Spec: crypto.md §6, §7.2. */
import { type Account, currentSignedPreKey, signedPreKey } from '../../lib/account/account.js';
import type { OneTimePreKey } from '../../lib/account/one-time-pre-key.js';
import { concat, utf8 } from '../../lib/base/bytes.js';
import { runInline } from '../../lib/crypto/execute.js';
import { decapsulate } from '../../lib/crypto/kem.js';
import type { Ratchet } from '../../lib/ratchet/ratchet.js';
import { SkippedMessageKeys } from '../../lib/ratchet/skipped-message-keys.js';
import { sessionFingerprint } from '../../lib/session/fingerprint.js';
import { accept, complete } from '../../lib/session/handshake.js';
import {
  type Accept,
  type Invite,
  type InvitedSession,
  type PendingKemInvite,
  type ReadySession,
  decryptMessage,
  inviteOf,
} from '../../lib/session/session.js';
import { decodeAccountRecord, decodeSignedPreKeyRecord } from '../../lib/wire/account-record.js';
import { decodeContent, decodeEnvelope } from '../../lib/wire/message.js';
import { decodeSessionRecord } from '../../lib/wire/session-record.js';
import { decodeAccept, decodeInvite, encodeAccept, encodeInvite } from '../../lib/wire/session.js';
import { type JsonObject, bytes, flag, number, objects, optionalBytes, text } from '../support/vectors-json.js';
import { type VectorCase, check, checkBytes } from '../vectors/vector-case.js';
import { runGiven } from './given-randomness.js';
import { base64, checkEqual, checkSuite, object, optionalBase64, suiteOf } from './interop-file.js';
import { messageOf, readySession } from './messages.js';
import { sha256Algorithm } from '../../lib/crypto/hash.js';

/** Everything of one case, decoded. */
interface Handshake {
  readonly inviter: Account;
  /** With the signed pre-key that the invite names, also when it has been replaced. */
  readonly invitee: Account;
  readonly oneTimePreKey: OneTimePreKey | undefined;
  readonly invite: Invite;
  readonly accept: Accept;
  readonly invited: InvitedSession;
  readonly inviterDone: ReadySession;
  readonly inviteeDone: ReadySession;
  readonly expect: JsonObject;
}

function handshakeOf(entry: JsonObject): Handshake {
  const { account: invitee, oneTimePreKeys } = decodeAccountRecord(base64(entry, 'invitee_account_b64'));
  const old = optionalBase64(entry, 'invitee_old_signed_pre_key_b64');
  const invite = decodeInvite(base64(entry, 'invite_msg_b64'));
  const { session: invited } = decodeSessionRecord(base64(entry, 'inviter_session_after_invite_b64'));
  if (invited.state !== 'invited') throw new Error('the session after the invite is not an invited one');
  return {
    inviter: decodeAccountRecord(base64(entry, 'inviter_account_b64')).account,
    invitee: old === undefined ? invitee : { ...invitee, signedPreKeys: [currentSignedPreKey(invitee), decodeSignedPreKeyRecord(old)] },
    oneTimePreKey: oneTimePreKeys.find(({ id }) => id === invite.oneTimePreKeyId),
    invite,
    accept: decodeAccept(base64(entry, 'accept_msg_b64')),
    invited,
    inviterDone: readySession(decodeSessionRecord(base64(entry, 'inviter_session_done_b64'))),
    inviteeDone: readySession(decodeSessionRecord(base64(entry, 'invitee_session_b64'))),
    expect: object(entry, 'expect'),
  };
}

function pendingKem({ invited }: Handshake): PendingKemInvite | undefined {
  return invited.pending.kind === 'kem' ? invited.pending : undefined;
}

/** Our responder, with the randomness of the reference's. */
function accepted(handshake: Handshake): { readonly session: ReadySession; readonly accept: Accept } {
  const { inviter, invitee, oneTimePreKey, invite, accept: known } = handshake;
  const pending = pendingKem(handshake);
  const computation = accept({ account: invitee, oneTimePreKey, invite, now: invite.inviteTime });
  if (pending === undefined) return runInline(computation);
  return runGiven(computation, {
    encapsulations: [
      { publicKey: invite.identityKey, ciphertext: known.ciphertext, privateKey: inviter.identity.agreement.privateKey },
      { publicKey: invite.baseKey, ciphertext: known.ratchetKey, privateKey: pending.baseKeyPair.privateKey },
    ],
  });
}

/** Our initiator, with the randomness of the reference's. */
function completed(handshake: Handshake): ReadySession {
  const { inviter, invitee, invite, invited, accept: answer, inviterDone } = handshake;
  const preKey = signedPreKey(invitee, invite.signedPreKeyId).keyPair;
  const finished = runGiven(complete({ account: inviter, session: invited, accept: answer }), {
    encapsulations: [{ publicKey: preKey.publicKey, ciphertext: inviterDone.ratchet.sender.ourRatchetKey, privateKey: preKey.privateKey }],
  });
  if (finished === undefined) throw new Error('the accept does not fit the invite');
  return finished.session;
}

function checkInvite(entry: JsonObject): void {
  const { invite, invited, inviter, expect } = handshakeOf(entry);
  const encoded = base64(entry, 'invite_msg_b64');
  checkBytes('invite', encodeInvite(invite), encoded);
  checkEqual('session id', invite.sessionId, text(expect, 'session_id'));
  checkEqual('signed pre-key id', invite.signedPreKeyId, number(expect, 'bob_signed_pre_key_id'));
  checkEqual('one-time pre-key id', invite.oneTimePreKeyId, number(expect, 'bob_one_time_pre_key_id'));
  checkBytes('identity key', invite.identityKey, inviter.identity.agreement.publicKey);
  const again = { ...inviteOf(invited), identityKey: invite.identityKey, inviteTime: invite.inviteTime };
  checkBytes('invite made again from the session', encodeInvite(again), encoded);
}

function checkSharedSecret(entry: JsonObject): void {
  const handshake = handshakeOf(entry);
  const pending = pendingKem(handshake);
  const stated = optionalBytes(handshake.expect, 'shared_secret_hex');
  if (pending === undefined) {
    checkEqual('stated shared secret', stated, undefined);
    return;
  }
  const { inviter, invitee, oneTimePreKey, invite, accept: answer } = handshake;
  const { agreement: scheme } = invite.suite;
  if (scheme.kind !== 'kem' || stated === undefined) throw new Error('a KEM handshake states its shared secret');
  const keys = [invitee.identity.agreement, signedPreKey(invitee, invite.signedPreKeyId).keyPair];
  if (oneTimePreKey !== undefined) keys.push(oneTimePreKey.keyPair);
  checkEqual('number of shared inputs', invite.sharedInputs.length, keys.length);
  const opened = keys.map(({ privateKey }, position) => decapsulate(scheme, privateKey, invite.sharedInputs[position]!).expose());
  checkBytes('secrets of the inviter', concat(pending.sharedSecrets.map((secret) => secret.expose())), concat(opened));
  const first = decapsulate(scheme, inviter.identity.agreement.privateKey, answer.ciphertext).expose();
  checkBytes('shared secret', concat([first, ...opened]), stated);
}

function checkReceivingChain(ratchet: Ratchet, key: Uint8Array): void {
  const { chainKey } = ratchet.receiver;
  if (chainKey === undefined) throw new Error('there is no receiving chain');
  checkEqual('receiving position', chainKey.index, 0);
  checkBytes('receiving chain key', chainKey.key.expose(), key);
}

function checkFingerprint(entry: JsonObject, session: ReadySession, side: 'inviter' | 'invitee'): void {
  const handshake = handshakeOf(entry);
  const { inviter, invitee, oneTimePreKey, expect } = handshake;
  const ours = optionalBytes(expect, 'inviter_fingerprint_hex');
  if (ours === undefined) {
    checkEqual('fingerprint', session.fingerprint, undefined);
    return;
  }
  if (session.fingerprint === undefined) throw new Error('there is no fingerprint');
  checkBytes('fingerprint', session.fingerprint, ours);
  if (side === 'inviter') return;
  // The reference's invitee takes its newest signed pre-key, also when the invite names an older one; ours takes the one named.
  const reference = sessionFingerprint(sha256Algorithm, {
    initiatorIdentity: inviter.identity.agreement.publicKey,
    responderIdentity: invitee.identity.agreement.publicKey,
    signedPreKey: currentSignedPreKey(invitee).keyPair.publicKey,
    oneTimePreKey: oneTimePreKey?.keyPair.publicKey,
  });
  checkBytes('fingerprint of the reference', reference, bytes(expect, 'invitee_fingerprint_hex'));
}

function checkInvitee(entry: JsonObject): void {
  const handshake = handshakeOf(entry);
  const { expect, inviteeDone } = handshake;
  const { session, accept: made } = accepted(handshake);
  const { ratchet } = session;
  checkEqual('root sequence', ratchet.rootSequence, number(expect, 'invitee_root_sequence'));
  checkBytes('root key', ratchet.rootKey.expose(), bytes(expect, 'invitee_root_key_hex'));
  checkBytes('sending chain key', ratchet.sender.chainKey.key.expose(), bytes(expect, 'invitee_sender_chain_key_hex'));
  checkEqual('sending position', ratchet.sender.chainKey.index, 0);
  check(ratchet.receiver.chainKey === undefined, 'an invitee has no receiving chain yet');
  checkBytes('associated data', session.associatedData, base64(expect, 'associated_data_b64'));
  checkBytes('accept', encodeAccept(made), base64(entry, 'accept_msg_b64'));
  const stored = inviteeDone.ratchet;
  checkBytes('stored root key', stored.rootKey.expose(), ratchet.rootKey.expose());
  checkBytes('stored ratchet key', stored.sender.ourRatchetKey, ratchet.sender.ourRatchetKey);
  checkBytes('stored peer key', stored.sender.theirRatchetKey, ratchet.sender.theirRatchetKey);
  checkBytes('stored private key', stored.receiver.ourPrivateKey.expose(), ratchet.receiver.ourPrivateKey.expose());
  checkBytes('stored associated data', inviteeDone.associatedData, session.associatedData);
  checkEqual('stored role', inviteeDone.role, session.role);
  checkFingerprint(entry, session, 'invitee');
}

function checkInviter(entry: JsonObject): void {
  const handshake = handshakeOf(entry);
  const { expect, inviterDone } = handshake;
  const session = completed(handshake);
  const { ratchet } = session;
  checkEqual('root sequence', ratchet.rootSequence, number(expect, 'inviter_root_sequence'));
  checkReceivingChain(ratchet, bytes(expect, 'inviter_receiver_chain_key_hex'));
  checkBytes('root key', ratchet.rootKey.expose(), bytes(expect, 'inviter_root_key_after_first_step_hex'));
  checkBytes('sending chain key', ratchet.sender.chainKey.key.expose(), bytes(expect, 'inviter_sender_chain_key_hex'));
  checkBytes('associated data', session.associatedData, base64(expect, 'associated_data_b64'));
  checkEqual('same associated data', flag(expect, 'associated_data_same_on_both_sides'), true);
  const stored = inviterDone.ratchet;
  checkBytes('stored root key', stored.rootKey.expose(), ratchet.rootKey.expose());
  checkBytes('stored sending chain key', stored.sender.chainKey.key.expose(), ratchet.sender.chainKey.key.expose());
  checkBytes('stored private key', stored.receiver.ourPrivateKey.expose(), ratchet.receiver.ourPrivateKey.expose());
  checkBytes('stored associated data', inviterDone.associatedData, session.associatedData);
  checkEqual('stored role', inviterDone.role, session.role);
  checkFingerprint(entry, session, 'inviter');
}

/** The first message goes to the inviter, the second to the invitee: whose sessions they are is said by `from`. */
function checkProof(
  entry: JsonObject,
  proof: JsonObject,
  sessions: (handshake: Handshake) => { inviter: ReadySession; invitee: ReadySession },
): void {
  const encoded = base64(proof, 'e2ee_msg_b64');
  const { inviter, invitee } = sessions(handshakeOf(entry));
  const session = text(proof, 'from') === text(entry, 'inviter') ? invitee : inviter;
  checkEqual('session id', decodeEnvelope(encoded).sessionId, session.sessionId);
  checkEqual('whether it is accepted by the reference', flag(proof, 'accepted'), true);
  const { plaintext, session: after } = runInline(decryptMessage(session, new SkippedMessageKeys(), messageOf(encoded)));
  checkBytes('content', plaintext, base64(proof, 'plaintext_b64'));
  const content = decodeContent(plaintext);
  if (content.kind !== 'common') throw new Error('the content is not for the application');
  checkBytes('application text', content.bytes, utf8(text(proof, 'app_plaintext')));
  checkEqual('whether the session is confirmed', after.confirmed, true);
}

/** For each handshake: the invite, the secrets, either side, and each proof message with stored sessions and with ours. */
export function sessionCases(file: JsonObject): VectorCase[] {
  return [
    { name: 'suite', run: () => checkSuite(file) },
    ...objects(file, 'cases').flatMap((entry): VectorCase[] => {
      const name = text(entry, 'case');
      return [
        { name: `${name}: suite`, run: () => checkEqual('suite', decodeInvite(base64(entry, 'invite_msg_b64')).suite, suiteOf(file)) },
        { name: `${name}: invite`, run: () => checkInvite(entry) },
        { name: `${name}: shared secret`, run: () => checkSharedSecret(entry) },
        { name: `${name}: invitee`, run: () => checkInvitee(entry) },
        { name: `${name}: inviter`, run: () => checkInviter(entry) },
        ...objects(entry, 'proof_messages').flatMap((proof, position): VectorCase[] => [
          {
            name: `${name}: proof message ${position} with the stored sessions`,
            run: () => checkProof(entry, proof, ({ inviterDone, inviteeDone }) => ({ inviter: inviterDone, invitee: inviteeDone })),
          },
          {
            name: `${name}: proof message ${position} with our sessions`,
            run: () => checkProof(entry, proof, (handshake) => ({ inviter: completed(handshake), invitee: accepted(handshake).session })),
          },
        ]),
      ];
    }),
  ];
}
