/** Messages and records of the reference, from the interop vectors: where mutations begin. The small suite, so that mutations hit structure. */
import { asSessionId } from '../../lib/base/brand.js';
import { Secret, copySecret } from '../../lib/base/secret.js';
import { suiteByName } from '../../lib/crypto/cipher-suite.js';
import { type GroupSessionRecord, encodeGroupSessionRecord } from '../../lib/wire/group-session-record.js';
import { interop, interopBytes } from '../wire/vectors.js';

type Entry = Readonly<Record<string, unknown>>;

/** Vectors of one kind that are taken. */
const most = 12;

/** Kinds of push by the names of messages in the group vectors. */
const kindOfType: Readonly<Record<string, string>> = {
  CreateGroupMsg: 'create-group',
  AddGroupMembersMsg: 'add-group-members',
  AddGroupMemberDeviceMsg: 'add-group-member-device',
  RemoveGroupMembersMsg: 'remove-group-members',
};

function fieldsOf(kind: string, entries: readonly Entry[], ...fields: readonly string[]): [string, Uint8Array][] {
  return entries.flatMap((entry) =>
    fields.flatMap((field): [string, Uint8Array][] => (typeof entry[field] === 'string' ? [[kind, interopBytes(entry, field)]] : [])),
  );
}

function groupRecords(): [string, Uint8Array][] {
  const key = Uint8Array.from({ length: 32 }, (_, index) => index);
  const alice = { domain: 'example.org', userId: 'alice', deviceId: 'a' };
  const record: GroupSessionRecord = {
    suite: suiteByName('curve25519'),
    sessionId: asSessionId('AAECAwQFBgcICQoLDA0ODw=='),
    sender: alice,
    owner: { ...alice, deviceId: 'b' },
    group: { name: 'a group', address: { domain: 'example.org', groupId: 'group' }, members: [{ ...alice, role: 1 }] },
    sequence: 7,
    chainKey: new Secret(copySecret(key)),
    seed: undefined,
    signingKey: key,
  };
  const bySeed = { ...record, chainKey: undefined, signingKey: undefined, seed: new Secret<'GroupSeed'>(copySecret(key)) };
  return [record, bySeed].map((each) => ['group-session-record', encodeGroupSessionRecord(each)]);
}

function collect(): ReadonlyMap<string, readonly Uint8Array[]> {
  const { cases = [] } = interop('session-curve25519');
  const messages = interop('messages-curve25519');
  const { epochs = [] } = interop('group-curve25519');
  const deliveries = epochs.flatMap((epoch) => (epoch['deliveries'] ?? []) as Entry[]);
  const groupMessages = epochs.flatMap((epoch) => (epoch['messages'] ?? []) as Entry[]);
  const all = [
    ...fieldsOf('invite', cases, 'invite_msg_b64'),
    ...fieldsOf('accept', cases, 'accept_msg_b64'),
    ...fieldsOf('account-record', cases, 'inviter_account_b64', 'invitee_account_b64'),
    ...fieldsOf('session-record', cases, 'inviter_session_after_invite_b64', 'invitee_session_b64', 'inviter_session_done_b64'),
    ...fieldsOf('session-record', [messages.end ?? {}], 'erin_session_b64', 'frank_session_b64'),
    ...fieldsOf('signed-pre-key-record', cases, 'invitee_old_signed_pre_key_b64'),
    ...fieldsOf('content', deliveries, 'plaintext_b64'),
    ...fieldsOf('envelope', groupMessages.slice(0, 3), 'e2ee_msg_b64'),
    ...fieldsOf('envelope', messages.events ?? [], 'e2ee_msg_b64'),
    ...fieldsOf('content', messages.events ?? [], 'plaintext_b64'),
    ...deliveries.flatMap((entry) => fieldsOf(kindOfType[String(entry['type'])] ?? 'other', [entry], 'msg_b64')),
    ...groupRecords(),
  ];
  const byKind = new Map<string, Uint8Array[]>();
  for (const [name, bytes] of all) {
    const list = byKind.get(name) ?? [];
    if (list.length < most) byKind.set(name, [...list, bytes]);
  }
  return byKind;
}

let found: ReadonlyMap<string, readonly Uint8Array[]> | undefined;

/** The vectors of `kind`: a kind of push, or `envelope`, `content` and the records. */
export function recorded(kind: string): readonly Uint8Array[] {
  found ??= collect();
  return found.get(kind) ?? [];
}
