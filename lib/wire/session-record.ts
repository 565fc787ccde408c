/**
 * The stored form of a session: import and export. Spec: wire.md §5 (Session, Ratchet).
 *
 * The record says less than our types. The role follows from the parity of the root sequence (crypto.md §7.4); whether the peer has been
 * heard from follows from the receiving chain. What answers a repeated invite and, once a KEM session is ready, the public half of the
 * base key are not part of what a session keeps here, so an exported record is without them.
 */
import { DecodeError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import { allocateSecret, copySecret, Secret } from '../base/secret.js';
import type { CipherSuite } from '../crypto/cipher-suite.js';
import type { ChainKey } from '../ratchet/chain-key.js';
import type { Ratchet } from '../ratchet/ratchet.js';
import { type SkippedMessageKey, SkippedMessageKeys } from '../ratchet/skipped-message-keys.js';
import { Unfinished } from '../ratchet/unfinished.js';
import type { PendingKemInvite, Session } from '../session/session.js';
import { readAgreementKeyPair, toKeyPair } from './account-record.js';
import { readDevice, toAddress } from './address.js';
import { decodeMessage, encodeMessage } from './codec.js';
import {
  chainSecret,
  integer,
  list,
  type Maybe,
  nonEmpty,
  protocolVersion,
  required,
  requiredBytes,
  requiredText,
  secret,
  sessionId,
  suite,
  toLong,
} from './field.js';
import { e2ees } from './generated/e2ees.js';
import { maxSharedInputs } from './session.js';

/** A session with the message keys it keeps for late messages. */
export interface SessionRecord {
  readonly session: Session;
  readonly skipped: SkippedMessageKeys;
}

/** Secrets of one handshake: to the initiator's identity, then one per shared input. Spec: crypto.md §6.1. */
const maxSharedSecrets = maxSharedInputs + 1;

/** Encodes a `Session` in memory fit for secrets. The caller wipes it. */
export function encodeSessionRecord({ session, skipped }: SessionRecord): Uint8Array {
  const temporary = session.state === 'invited' && session.pending.kind === 'kem' ? joinedSecrets(session.pending) : undefined;
  try {
    return encodeMessage(e2ees.Session, {
      version: protocolVersion,
      e2eesPackId: session.suite.packId,
      sessionId: session.sessionId,
      ourAddress: toAddress(session.ourAddress),
      theirAddress: toAddress(session.theirAddress),
      associatedData: session.associatedData,
      fingerprint: session.fingerprint ?? null,
      bobSignedPreKeyId: session.signedPreKeyId,
      bobOneTimePreKeyId: session.oneTimePreKeyId,
      responded: session.state === 'ready',
      inviteT: toLong(session.inviteTime),
      tempSharedSecret: temporary ?? null,
      ...stateOf(session, skipped),
    });
  } finally {
    temporary?.fill(0);
  }
}

/** Decodes a `Session`; its secrets are the caller's. Throws `DecodeError`, and then has wiped what it had made. */
export function decodeSessionRecord(encoded: Uint8Array, maxLength: number = limits.largeKeyFrameLength): SessionRecord {
  const found = decodeMessage(e2ees.Session, encoded, maxLength);
  using secrets = new Unfinished();
  requiredText(found.version, 'version');
  const ratchet = required(found.ratchet, 'ratchet');
  const used = suite(found.e2eesPackId, 'e2ees_pack_id');
  const base = {
    suite: used,
    sessionId: sessionId(found.sessionId, 'session_id'),
    ourAddress: readDevice(found.ourAddress, 'our_address'),
    theirAddress: readDevice(found.theirAddress, 'their_address'),
    associatedData: requiredBytes(found.associatedData, 'associated_data'),
    fingerprint: found.fingerprint.length === 0 ? undefined : requiredBytes(found.fingerprint, 'fingerprint'),
    inviteTime: integer(found.inviteT, 'invite_t'),
    signedPreKeyId: found.bobSignedPreKeyId,
    oneTimePreKeyId: found.bobOneTimePreKeyId,
  };
  const record = {
    session: found.responded
      ? { ...base, ...readReady(ratchet, used, secrets) }
      : { ...base, ...readInvited(found, used, ratchet, secrets) },
    skipped: readSkipped(ratchet, secrets),
  };
  secrets.finish();
  return record;
}

function stateOf(session: Session, skipped: SkippedMessageKeys): e2ees.Session.$Properties {
  if (session.state === 'ready') return { ratchet: toRatchet(session.ratchet, skipped) };
  const { pending } = session;
  if (pending.kind === 'diffie-hellman') {
    const { ratchet } = pending;
    return {
      ratchet: toRatchet(ratchet, skipped),
      // Until the first answer the ratchet's own pair is the base pair. Spec: crypto.md §6.2, §7.2.
      aliceBaseKey: { publicKey: ratchet.sender.ourRatchetKey, privateKey: ratchet.receiver.ourPrivateKey.expose() },
      preSharedInputList: [...pending.sharedInputs],
    };
  }
  return {
    ratchet: { senderChain: { theirRatchetPublicKey: pending.theirSignedPreKey } },
    aliceBaseKey: toKeyPair(pending.baseKeyPair),
    preSharedInputList: [...pending.sharedInputs],
  };
}

/** `zero(ss) || k2 || k3 [|| k4]`: the first block waits for the accept. Spec: crypto.md §6.1. */
function joinedSecrets({ sharedSecrets }: PendingKemInvite): Uint8Array {
  const length = sharedSecrets[0]?.length ?? 0;
  const joined = allocateSecret(length * (sharedSecrets.length + 1));
  sharedSecrets.forEach((shared, index) => {
    joined.set(shared.expose(), length * (index + 1));
  });
  return joined;
}

function readReady(ratchet: e2ees.Ratchet.$Properties, used: CipherSuite, secrets: Unfinished) {
  const read = readRatchet(ratchet, used, secrets);
  const { chainKey } = read.receiver;
  return {
    state: 'ready',
    role: read.rootSequence % 2 === 1 ? 'initiator' : 'responder',
    ratchet: read,
    confirmed: read.rootSequence > 1 || (chainKey !== undefined && chainKey.index > 0),
    acceptReply: undefined,
  } as const;
}

function readInvited(found: e2ees.Session, used: CipherSuite, ratchet: e2ees.Ratchet.$Properties, secrets: Unfinished) {
  const sharedInputs = list(found.preSharedInputList, 'pre_shared_input_list', maxSharedInputs, requiredBytes);
  const invited = { state: 'invited', role: 'initiator' } as const;
  if (used.agreement.kind === 'diffie-hellman') {
    return { ...invited, pending: { kind: 'diffie-hellman', sharedInputs, ratchet: readRatchet(ratchet, used, secrets) } } as const;
  }
  return {
    ...invited,
    pending: {
      kind: 'kem',
      baseKeyPair: readAgreementKeyPair(found.aliceBaseKey, 'alice_base_key', secrets),
      sharedInputs,
      sharedSecrets: splitSecrets(found.tempSharedSecret, used.agreement.sharedSecretLength, secrets),
      theirSignedPreKey: requiredBytes(ratchet.senderChain?.theirRatchetPublicKey, 'sender_chain.their_ratchet_public_key'),
    },
  } as const;
}

function splitSecrets(joined: Uint8Array, length: number, secrets: Unfinished): Secret<'SharedSecret'>[] {
  const count = joined.length / length;
  if (!Number.isInteger(count) || count < 2 || count > maxSharedSecrets) {
    throw new DecodeError('malformed', `temp_shared_secret has ${joined.length} bytes, no multiple of ${length} that fits`);
  }
  return Array.from({ length: count - 1 }, (_, index) => {
    const start = length * (index + 1);
    return secrets.own(new Secret<'SharedSecret'>(copySecret(joined.subarray(start, start + length))));
  });
}

function toRatchet(ratchet: Ratchet, skipped: SkippedMessageKeys): e2ees.Ratchet.$Properties {
  const { sender, receiver } = ratchet;
  return {
    rootKey: ratchet.rootKey.expose(),
    rootSequence: ratchet.rootSequence,
    sendingMessageSequence: ratchet.sendingMessageSequence,
    receivedMessageSequence: ratchet.receivedMessageSequence,
    senderChain: {
      ourRatchetPublicKey: sender.ourRatchetKey,
      theirRatchetPublicKey: sender.theirRatchetKey,
      chainKey: toChainKey(sender.chainKey),
    },
    receiverChain: {
      theirRatchetPublicKey: receiver.theirRatchetKey ?? null,
      ourRatchetPrivateKey: receiver.ourPrivateKey.expose(),
      chainKey: receiver.chainKey === undefined ? null : toChainKey(receiver.chainKey),
    },
    skippedMsgKeyList: Array.from(skipped.entries(), ({ ratchetKey, index, key }) => ({
      ratchetKeyPublic: ratchetKey,
      msgKey: { index, derivedKey: key.expose() },
    })),
  };
}

function readRatchet(found: e2ees.Ratchet.$Properties, used: CipherSuite, secrets: Unfinished): Ratchet {
  const sender = required(found.senderChain, 'sender_chain');
  const receiver = required(found.receiverChain, 'receiver_chain');
  const { chainKey } = receiver;
  const hasChain = chainKey !== null && chainKey !== undefined;
  return {
    rootKey: secrets.own(secret<'RootKey'>(found.rootKey, 'root_key')),
    rootSequence: found.rootSequence ?? 0,
    sendingMessageSequence: found.sendingMessageSequence ?? 0,
    receivedMessageSequence: found.receivedMessageSequence ?? 0,
    sender: {
      ourRatchetKey: requiredBytes(sender.ourRatchetPublicKey, 'our_ratchet_public_key'),
      theirRatchetKey: requiredBytes(sender.theirRatchetPublicKey, 'their_ratchet_public_key'),
      chainKey: readChainKey(sender.chainKey, used, 'sender_chain.chain_key', secrets),
    },
    receiver: {
      theirRatchetKey: hasChain ? requiredBytes(receiver.theirRatchetPublicKey, 'their_ratchet_public_key') : undefined,
      ourPrivateKey: secrets.own(secret<'AgreementPrivateKey'>(receiver.ourRatchetPrivateKey, 'our_ratchet_private_key')),
      chainKey: hasChain ? readChainKey(chainKey, used, 'receiver_chain.chain_key', secrets) : undefined,
    },
  };
}

function toChainKey(chainKey: ChainKey): e2ees.ChainKey.$Properties {
  return { index: chainKey.index, sharedKey: chainKey.key.expose() };
}

function readChainKey(value: Maybe<e2ees.ChainKey.$Properties>, used: CipherSuite, field: string, secrets: Unfinished): ChainKey {
  const found = required(value, field);
  return { key: secrets.own(chainSecret(used, found.sharedKey, `${field}.shared_key`)), index: found.index ?? 0 };
}

/** The newest `limits.skippedMessageKeys`; the reference keeps them without bound. Keys of one chain come to share one array. */
function readSkipped(ratchet: e2ees.Ratchet.$Properties, secrets: Unfinished): SkippedMessageKeys {
  const newest = (ratchet.skippedMsgKeyList ?? []).slice(-limits.skippedMessageKeys);
  let previous: Uint8Array | undefined;
  const entries = newest.map((found, order): SkippedMessageKey => {
    const view = nonEmpty(found.ratchetKeyPublic, 'ratchet_key_public');
    const ratchetKey =
      previous !== undefined && Buffer.compare(previous, view) === 0 ? previous : requiredBytes(view, 'ratchet_key_public');
    previous = ratchetKey;
    const messageKey = required(found.msgKey, 'msg_key');
    const key = secrets.own(secret<'MessageKey'>(messageKey.derivedKey, 'derived_key'));
    return { ratchetKey, index: messageKey.index ?? 0, key, order };
  });
  return new SkippedMessageKeys(entries);
}
