/** Opening a session: invite and accept. Spec: wire.md §7. */
import { limits } from '../base/limits.js';
import type { Accept, Invite } from '../session/session.js';
import { readDevice, toAddress } from './address.js';
import { decodeMessage, encodeMessage } from './codec.js';
import {
  bytes,
  integer,
  list,
  type Maybe,
  protocolVersion,
  required,
  requiredBytes,
  requiredText,
  sessionId,
  suite,
  toLong,
} from './field.js';
import { e2ees } from './generated/e2ees.js';

/** The relay knows sessions only as they travel. */
export type { Accept, Invite };

/** Shared inputs of one invite: to the identity key, the signed pre-key and a one-time pre-key. Spec: crypto.md §6.1. */
export const maxSharedInputs = 3;

/** Encodes an `InviteMsg`. */
export function encodeInvite(invite: Invite): Uint8Array {
  return encodeMessage(e2ees.InviteMsg, toInvite(invite));
}

/** Decodes an `InviteMsg`; the lengths of its keys and the number of its inputs are checked by `accept`. Throws `DecodeError`. */
export function decodeInvite(encoded: Uint8Array, maxLength: number = limits.largeKeyFrameLength): Invite {
  return readInvite(decodeMessage(e2ees.InviteMsg, encoded, maxLength), 'invite');
}

/** Encodes an `AcceptMsg`. */
export function encodeAccept(accept: Accept): Uint8Array {
  return encodeMessage(e2ees.AcceptMsg, toAccept(accept));
}

/** Decodes an `AcceptMsg`; the lengths of its keys are checked by `complete`. Throws `DecodeError`. */
export function decodeAccept(encoded: Uint8Array, maxLength: number = limits.largeKeyFrameLength): Accept {
  return readAccept(decodeMessage(e2ees.AcceptMsg, encoded, maxLength), 'accept');
}

/** As generated code wants it. */
export function toInvite(invite: Invite): e2ees.InviteMsg.$Properties {
  return {
    version: protocolVersion,
    e2eesPackId: invite.suite.packId,
    sessionId: invite.sessionId,
    from: toAddress(invite.from),
    to: toAddress(invite.to),
    aliceIdentityKey: invite.identityKey,
    aliceBaseKey: invite.baseKey,
    preSharedInputList: [...invite.sharedInputs],
    bobSignedPreKeyId: invite.signedPreKeyId,
    bobOneTimePreKeyId: invite.oneTimePreKeyId,
    inviteT: toLong(invite.inviteTime),
  };
}

/** Throws `DecodeError`. */
export function readInvite(value: Maybe<e2ees.InviteMsg.$Properties>, field: string): Invite {
  const found = required(value, field);
  requiredText(found.version, `${field}.version`);
  return {
    suite: suite(found.e2eesPackId, `${field}.e2ees_pack_id`),
    sessionId: sessionId(found.sessionId, `${field}.session_id`),
    from: readDevice(found.from, `${field}.from`),
    to: readDevice(found.to, `${field}.to`),
    identityKey: bytes(found.aliceIdentityKey),
    baseKey: requiredBytes(found.aliceBaseKey, `${field}.alice_base_key`),
    sharedInputs: list(found.preSharedInputList, `${field}.pre_shared_input_list`, maxSharedInputs, requiredBytes),
    signedPreKeyId: found.bobSignedPreKeyId ?? 0,
    oneTimePreKeyId: found.bobOneTimePreKeyId ?? 0,
    inviteTime: integer(found.inviteT, `${field}.invite_t`),
  };
}

/** As generated code wants it. */
export function toAccept(accept: Accept): e2ees.AcceptMsg.$Properties {
  return {
    from: toAddress(accept.from),
    to: toAddress(accept.to),
    e2eesPackId: accept.suite.packId,
    encapsCiphertext: accept.ciphertext,
    ratchetKey: accept.ratchetKey,
  };
}

/** Throws `DecodeError`. */
export function readAccept(value: Maybe<e2ees.AcceptMsg.$Properties>, field: string): Accept {
  const found = required(value, field);
  return {
    suite: suite(found.e2eesPackId, `${field}.e2ees_pack_id`),
    from: readDevice(found.from, `${field}.from`),
    to: readDevice(found.to, `${field}.to`),
    ciphertext: bytes(found.encapsCiphertext),
    ratchetKey: requiredBytes(found.ratchetKey, `${field}.ratchet_key`),
  };
}
