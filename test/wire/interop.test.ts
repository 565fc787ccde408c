import { describe, expect, test } from '@jest/globals';
import { packSuiteId, splitPackId } from '../../lib/crypto/cipher-suite.js';
import {
  decodeAccountRecord,
  decodeSignedPreKeyRecord,
  encodeAccountRecord,
  encodeSignedPreKeyRecord,
} from '../../lib/wire/account-record.js';
import { e2ees } from '../../lib/wire/generated/e2ees.js';
import { decodeContent, decodeEnvelope, encodeContent, encodeEnvelope } from '../../lib/wire/message.js';
import { decodePayload, encodePayload, type PushKind } from '../../lib/wire/push.js';
import { decodeAccept, decodeInvite, encodeAccept, encodeInvite } from '../../lib/wire/session.js';
import { decodeSessionRecord, encodeSessionRecord } from '../../lib/wire/session-record.js';
import { interop, interopBytes } from './vectors.js';

const suiteNames = ['curve25519', 'mldsa87-mlkem1024'];
const groupFiles = ['group-curve25519', 'group-mldsa87-mlkem1024', 'group-devices-mldsa87-mlkem1024'];

/** Kinds of push by the names of messages in the group vectors. */
const kindOfType: Readonly<Record<string, PushKind>> = {
  CreateGroupMsg: 'create-group',
  AddGroupMembersMsg: 'add-group-members',
  AddGroupMemberDeviceMsg: 'add-group-member-device',
  RemoveGroupMembersMsg: 'remove-group-members',
};

function allSessions(suite: string): Uint8Array[] {
  const { cases } = interop(`session-${suite}`);
  const { start, end } = interop(`messages-${suite}`);
  const fields = ['inviter_session_after_invite_b64', 'invitee_session_b64', 'inviter_session_done_b64'];
  return [
    ...cases!.flatMap((entry) => fields.map((field) => interopBytes(entry, field))),
    ...[start!, end!].flatMap((sessions) => Object.keys(sessions).map((name) => interopBytes(sessions, name))),
  ];
}

describe.each(suiteNames)('records of the reference, suite %s', (suite) => {
  test('invites and accepts come back byte for byte', () => {
    for (const entry of interop(`session-${suite}`).cases!) {
      const invite = interopBytes(entry, 'invite_msg_b64');
      expect(encodeInvite(decodeInvite(invite))).toEqual(invite);
      const accept = interopBytes(entry, 'accept_msg_b64');
      expect(encodeAccept(decodeAccept(accept))).toEqual(accept);
    }
  });

  test('envelopes and contents come back byte for byte', () => {
    const sent = interop(`messages-${suite}`).events!.filter(({ op }) => op === 'send');
    const proofs = interop(`session-${suite}`).cases!.flatMap((entry) => entry['proof_messages'] as Record<string, unknown>[]);
    expect(sent.length).toBeGreaterThan(10);
    for (const entry of [...sent, ...proofs]) {
      const envelope = interopBytes(entry, 'e2ee_msg_b64');
      expect(encodeEnvelope(decodeEnvelope(envelope))).toEqual(envelope);
      const content = interopBytes(entry, 'plaintext_b64');
      expect(encodeContent(decodeContent(content))).toEqual(content);
    }
  });

  test('sessions lose nothing that our types hold', () => {
    const records = allSessions(suite);
    expect(records).toHaveLength(13);
    for (const record of records) {
      const imported = decodeSessionRecord(record);
      const exported = encodeSessionRecord(imported);
      expect(encodeSessionRecord(decodeSessionRecord(exported))).toEqual(exported);
      const before = e2ees.Session.decode(record);
      const after = e2ees.Session.decode(exported);
      expect(after.ratchet).toEqual(before.ratchet);
      for (const field of ['sessionId', 'ourAddress', 'theirAddress', 'associatedData', 'fingerprint', 'inviteT'] as const) {
        expect(after[field]).toEqual(before[field]);
      }
      expect(after.responded).toBe(before.responded);
      // Until it is ready, an initiator's session is all there: the very same bytes.
      if (imported.session.state === 'invited') expect(exported).toEqual(record);
    }
  });

  test('a replaced signed pre-key comes back byte for byte', () => {
    const records = interop(`session-${suite}`).cases!.filter((entry) => 'invitee_old_signed_pre_key_b64' in entry);
    expect(records.length).toBeGreaterThan(0);
    for (const entry of records) {
      const record = interopBytes(entry, 'invitee_old_signed_pre_key_b64');
      expect(encodeSignedPreKeyRecord(decodeSignedPreKeyRecord(record))).toEqual(record);
    }
  });

  test('the two sides of a session have their roles', () => {
    for (const entry of interop(`session-${suite}`).cases!) {
      const role = (field: string): string => decodeSessionRecord(interopBytes(entry, field)).session.role;
      expect(role('inviter_session_after_invite_b64')).toBe('initiator');
      expect(role('inviter_session_done_b64')).toBe('initiator');
      expect(role('invitee_session_b64')).toBe('responder');
    }
    const { session } = decodeSessionRecord(interopBytes(interop(`messages-${suite}`).end!, 'frank_session_b64'));
    expect(session).toMatchObject({ state: 'ready', role: 'responder', confirmed: true });
  });

  test('accounts come back byte for byte', () => {
    const accounts = interop(`account-${suite}`).accounts as readonly Record<string, unknown>[];
    expect(accounts.length).toBeGreaterThan(0);
    for (const entry of accounts) {
      const record = interopBytes(entry, 'account_b64');
      const imported = decodeAccountRecord(record);
      expect(encodeAccountRecord(imported)).toEqual(record);
    }
  });
});

describe.each(groupFiles)('records of the reference, %s', (file) => {
  const { epochs } = interop(file);

  test('messages come back byte for byte', () => {
    const messages = epochs!.flatMap((epoch) => (epoch['messages'] ?? []) as Record<string, unknown>[]);
    const sent = messages.filter((entry) => typeof entry['e2ee_msg_b64'] === 'string');
    expect(sent.length).toBeGreaterThan(10);
    for (const entry of sent) {
      const envelope = interopBytes(entry, 'e2ee_msg_b64');
      expect(encodeEnvelope(decodeEnvelope(envelope))).toEqual(envelope);
    }
  });

  test('control messages and key bundles come back byte for byte', () => {
    const deliveries = epochs!.flatMap((epoch) => (epoch['deliveries'] ?? []) as Record<string, unknown>[]);
    const seen = new Set<string>();
    for (const entry of deliveries) {
      const kind = kindOfType[String(entry['type'])];
      if (kind !== undefined) {
        const bytes = interopBytes(entry, 'msg_b64');
        expect(encodePayload(decodePayload({ kind, bytes })!).bytes).toEqual(bytes);
        seen.add(kind);
      }
      if (typeof entry['plaintext_b64'] === 'string') {
        const content = interopBytes(entry, 'plaintext_b64');
        const decoded = decodeContent(content);
        expect(encodeContent(decoded)).toEqual(content);
        seen.add(decoded.kind);
      }
    }
    expect(seen.size).toBeGreaterThan(3);
  });
});

test('every pack id of the reference is packed and taken apart alike', () => {
  const { rows } = interop('pack-ids');
  expect(rows!.length).toBeGreaterThan(600);
  for (const row of rows as readonly (readonly number[])[]) {
    const [version, signature, agreement, symmetric, hash, id] = row as [number, number, number, number, number, number];
    const parts = { version, signature, agreement, symmetric, hash };
    expect(packSuiteId(parts)).toBe(id);
    expect(splitPackId(id)).toEqual(parts);
  }
});
