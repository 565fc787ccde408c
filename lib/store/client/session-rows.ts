/**
 * The rows of a session, split by how often they change. Design D8.
 *
 * | table   | key              | changes |
 * | ------- | ---------------- | ------- |
 * | session | `index` id       | with the session's state and its invite time |
 * | session | `given-up` id    | comes when the session is given up |
 * | session | `static` id      | never |
 * | session | `invite` id      | gone when the session is ready |
 * | session | `reply` id       | gone when the session is confirmed |
 * | ratchet | id `hot`         | with every message |
 * | ratchet | id and four more | with a ratchet step, each only when it is another value |
 */
import type { DeviceAddress } from '../../base/address.js';
import { type SessionId, asSessionId } from '../../base/brand.js';
import { InternalError, StoreError } from '../../base/errors.js';
import type { Secret } from '../../base/secret.js';
import type { CipherSuite } from '../../crypto/cipher-suite.js';
import type { HashAlgorithm } from '../../crypto/scheme.js';
import type { Ratchet } from '../../ratchet/ratchet.js';
import type { AcceptReply, InvitedSession, ReadySession, Session, SessionBase } from '../../session/session.js';
import type { RecordReader, RecordWriter } from '../record.js';
import { RowKeyReader, rowKey } from '../row-key.js';
import type { Row, Write } from '../store.js';
import { deleteRow, putRow, readDevice, readRow, readChainSecret, readSecret, readSuite, writeDevice } from './row.js';

/** What is kept in memory of every session. */
export interface SessionIndex {
  readonly sessionId: SessionId;
  readonly peer: DeviceAddress;
  readonly suite: CipherSuite;
  readonly role: 'initiator' | 'responder';
  readonly state: 'invited' | 'ready';
  readonly confirmed: boolean;
  /** ms since 1970. */
  readonly inviteTime: number;
  readonly signedPreKeyId: number;
  readonly oneTimePreKeyId: number;
}

/** Everything stored of one session but its index and skipped keys. */
export interface SessionRows {
  readonly fixed: Uint8Array;
  readonly invite: Uint8Array | undefined;
  readonly reply: Uint8Array | undefined;
  readonly ratchet: readonly Row[];
}

const ratchetParts = ['hot', 'our', 'their', 'peer', 'key'] as const;
type RatchetPart = (typeof ratchetParts)[number];

function sessionKey(part: 'index' | 'given-up' | 'static' | 'invite' | 'reply', sessionId: SessionId): Uint8Array {
  return rowKey().text(part).text(sessionId).toBytes();
}

/** Where the rows of one session are. */
export function sessionRowKeys(sessionId: SessionId): {
  readonly fixed: Uint8Array;
  readonly invite: Uint8Array;
  readonly reply: Uint8Array;
  readonly ratchetPrefix: Uint8Array;
} {
  return {
    fixed: sessionKey('static', sessionId),
    invite: sessionKey('invite', sessionId),
    reply: sessionKey('reply', sessionId),
    ratchetPrefix: rowKey().text(sessionId).toBytes(),
  };
}

/** Prefix of all index rows in the table `session`. */
export const sessionIndexPrefix: Uint8Array = rowKey().text('index').toBytes();

/** Prefix of the rows of given-up sessions in the table `session`. */
export const givenUpPrefix: Uint8Array = rowKey().text('given-up').toBytes();

/** Who has lost the newest state of a session. */
export type GivenUpBy = 'us' | 'them';

/** A session with which nothing is sealed any more: a state that one side has lost may have used its keys. Design D4. */
export interface GivenUp {
  readonly sessionId: SessionId;
  readonly by: GivenUpBy;
}

/** Stores that a session was given up. */
export function putGivenUp({ sessionId, by }: GivenUp): Write {
  return putRow('session', sessionKey('given-up', sessionId), (writer) => writer.boolean(by === 'us'));
}

/** Forgets that a session was given up. */
export function deleteGivenUp(sessionId: SessionId): Write {
  return deleteRow('session', sessionKey('given-up', sessionId));
}

/** Reads a row of {@link givenUpPrefix}. Throws `StoreError`. */
export function readGivenUp({ key, value }: Row): GivenUp {
  const keyReader = new RowKeyReader(key);
  keyReader.text();
  const sessionId = asSessionId(keyReader.text());
  return readRow(value, (reader) => ({ sessionId, by: reader.boolean() ? 'us' : 'them' }));
}

/** Keys are made once per session: building one costs as much as encoding the row. */
const ratchetKeys = new WeakMap<SessionBase['associatedData'], ReadonlyMap<RatchetPart, Uint8Array>>();

function ratchetKey(session: SessionBase, part: RatchetPart): Uint8Array {
  let keys = ratchetKeys.get(session.associatedData);
  if (keys === undefined) {
    keys = new Map(ratchetParts.map((name) => [name, rowKey().text(session.sessionId).text(name).toBytes()]));
    ratchetKeys.set(session.associatedData, keys);
  }
  return keys.get(part) ?? rowKey().text(session.sessionId).text(part).toBytes();
}

/** What the index says of `session`. */
export function indexOf(session: Session): SessionIndex {
  return {
    sessionId: session.sessionId,
    peer: session.theirAddress,
    suite: session.suite,
    role: session.role,
    state: session.state,
    confirmed: isConfirmed(session),
    inviteTime: session.inviteTime,
    signedPreKeyId: session.signedPreKeyId,
    oneTimePreKeyId: session.oneTimePreKeyId,
  };
}

function isConfirmed(session: Session): boolean {
  return session.state === 'ready' && session.confirmed;
}

/** The row of `index`. */
export function putSessionIndex(index: SessionIndex): Write {
  return putRow('session', sessionKey('index', index.sessionId), (writer) => {
    writeDevice(writer, index.peer);
    writer
      .uint(index.suite.packId)
      .boolean(index.role === 'initiator')
      .boolean(index.state === 'ready')
      .boolean(index.confirmed);
    writer.time(index.inviteTime).uint(index.signedPreKeyId).uint(index.oneTimePreKeyId);
  });
}

/** Reads an index row. Throws `StoreError`. */
export function readSessionIndex({ key, value }: Row): SessionIndex {
  const keyReader = new RowKeyReader(key);
  keyReader.text();
  const sessionId = asSessionId(keyReader.text());
  return readRow(value, (reader) => {
    const peer = readDevice(reader);
    const suite = readSuite(reader);
    const role = reader.boolean() ? 'initiator' : 'responder';
    const state = reader.boolean() ? 'ready' : 'invited';
    const confirmed = reader.boolean();
    const inviteTime = reader.time();
    const signedPreKeyId = reader.uint(0xffff_ffff);
    return { sessionId, peer, suite, role, state, confirmed, inviteTime, signedPreKeyId, oneTimePreKeyId: reader.uint(0xffff_ffff) };
  });
}

function ratchetOf(session: Session | undefined): Ratchet | undefined {
  if (session === undefined) return undefined;
  if (session.state === 'ready') return session.ratchet;
  return session.pending.kind === 'diffie-hellman' ? session.pending.ratchet : undefined;
}

function replyOf(session: Session | undefined): AcceptReply | undefined {
  return session?.state === 'ready' ? session.acceptReply : undefined;
}

function pendingOf(session: Session | undefined): InvitedSession['pending'] | undefined {
  return session?.state === 'invited' ? session.pending : undefined;
}

/** The writes that make the stored session `previous` (none: nothing is stored) the session `next`. Values that stayed the same object are not written. */
export function sessionWrites(previous: Session | undefined, next: Session): Write[] {
  const writes: Write[] = [];
  if (previous?.state !== next.state || isConfirmed(previous) !== isConfirmed(next) || previous.inviteTime !== next.inviteTime) {
    writes.push(putSessionIndex(indexOf(next)));
  }
  const { sessionId } = next;
  if (previous === undefined) {
    writes.push(
      putRow('session', sessionKey('static', sessionId), (writer) => {
        writer.bytes(next.associatedData).optional(next.fingerprint, (fingerprint) => writer.bytes(fingerprint));
      }),
    );
  }
  const pending = pendingOf(next);
  if (pending !== pendingOf(previous)) {
    const key = sessionKey('invite', sessionId);
    writes.push(pending === undefined ? deleteRow('session', key) : putRow('session', key, (writer) => writePending(writer, pending)));
  }
  const reply = replyOf(next);
  if (reply !== replyOf(previous)) {
    const key = sessionKey('reply', sessionId);
    writes.push(
      reply === undefined
        ? deleteRow('session', key)
        : putRow('session', key, (writer) => writer.bytes(reply.ciphertext).bytes(reply.ratchetKey)),
    );
  }
  const ratchet = ratchetOf(next);
  if (ratchet !== undefined) pushRatchetWrites(writes, next, ratchetOf(previous), ratchet);
  return writes;
}

function pushRatchetWrites(writes: Write[], session: SessionBase, previous: Ratchet | undefined, next: Ratchet): void {
  if (next !== previous) writes.push(putRow('ratchet', ratchetKey(session, 'hot'), (writer) => writeHot(writer, next)));
  const { sender, receiver } = next;
  const put = (part: RatchetPart, value: Uint8Array): void => {
    writes.push(putRow('ratchet', ratchetKey(session, part), (writer) => writer.bytes(value)));
  };
  if (sender.ourRatchetKey !== previous?.sender.ourRatchetKey) put('our', sender.ourRatchetKey);
  if (sender.theirRatchetKey !== previous?.sender.theirRatchetKey) put('their', sender.theirRatchetKey);
  if (receiver.theirRatchetKey !== undefined && receiver.theirRatchetKey !== previous?.receiver.theirRatchetKey) {
    put('peer', receiver.theirRatchetKey);
  }
  if (receiver.ourPrivateKey !== previous?.receiver.ourPrivateKey) put('key', receiver.ourPrivateKey.expose());
}

function writeHot(writer: RecordWriter, ratchet: Ratchet): void {
  const { sender, receiver } = ratchet;
  writer.bytes(ratchet.rootKey.expose()).uint(ratchet.rootSequence);
  writer.uint(ratchet.sendingMessageSequence).uint(ratchet.receivedMessageSequence);
  writer.uint(sender.chainKey.index).bytes(sender.chainKey.key.expose());
  writer.optional(receiver.chainKey, ({ index, key }) => writer.uint(index).bytes(key.expose()));
}

function writePending(writer: RecordWriter, pending: InvitedSession['pending']): void {
  writer.boolean(pending.kind === 'kem').list(pending.sharedInputs, (input) => writer.bytes(input));
  if (pending.kind !== 'kem') return;
  writer.bytes(pending.baseKeyPair.publicKey).bytes(pending.baseKeyPair.privateKey.expose());
  writer.list(pending.sharedSecrets, (secret) => writer.bytes(secret.expose())).bytes(pending.theirSignedPreKey);
}

/** The session that `index` and `rows` describe; the values of `rows` are wiped. Throws `StoreError('damaged')`. */
export function readSession(index: SessionIndex, ourAddress: DeviceAddress, rows: SessionRows): Session {
  const { sessionId, suite, peer, role, inviteTime, signedPreKeyId, oneTimePreKeyId } = index;
  const { associatedData, fingerprint } = readRow(rows.fixed, (reader) => ({
    associatedData: reader.bytes(),
    fingerprint: reader.optional(() => reader.bytes()),
  }));
  const base = {
    suite,
    sessionId,
    ourAddress,
    theirAddress: peer,
    associatedData,
    fingerprint,
    inviteTime,
    signedPreKeyId,
    oneTimePreKeyId,
  };
  if (index.state === 'ready') {
    const reply = rows.reply === undefined ? undefined : readRow(rows.reply, readReply);
    const ratchet = readRatchet(suite.hash, rows.ratchet);
    const session: ReadySession = { ...base, role, state: 'ready', ratchet, confirmed: index.confirmed, acceptReply: reply };
    return session;
  }
  if (rows.invite === undefined || role !== 'initiator') throw new StoreError('damaged', 'an invited session lacks its invite');
  return { ...base, role, state: 'invited', pending: readRow(rows.invite, (reader) => readPending(reader, suite.hash, rows.ratchet)) };
}

function readReply(reader: RecordReader): AcceptReply {
  return { ciphertext: reader.bytes(), ratchetKey: reader.bytes() };
}

function readPending(reader: RecordReader, hash: HashAlgorithm, ratchet: readonly Row[]): InvitedSession['pending'] {
  const isKem = reader.boolean();
  const sharedInputs = reader.list(() => reader.bytes());
  if (!isKem) return { kind: 'diffie-hellman', sharedInputs, ratchet: readRatchet(hash, ratchet) };
  const baseKeyPair = { publicKey: reader.bytes(), privateKey: readSecret<'AgreementPrivateKey'>(reader) };
  const sharedSecrets = reader.list(() => readSecret<'SharedSecret'>(reader));
  return { kind: 'kem', baseKeyPair, sharedInputs, sharedSecrets, theirSignedPreKey: reader.bytes() };
}

function readRatchet(hash: HashAlgorithm, rows: readonly Row[]): Ratchet {
  const parts = new Map<string, Uint8Array>();
  for (const { key, value } of rows) {
    const reader = new RowKeyReader(key);
    reader.text();
    parts.set(reader.text(), value);
  }
  const part = (name: RatchetPart): Uint8Array => {
    const value = parts.get(name);
    if (value === undefined) throw new StoreError('damaged', `a session lacks the part ${name} of its ratchet`);
    return value;
  };
  const bytes = (name: RatchetPart): Uint8Array => readRow(part(name), (reader) => reader.bytes());
  const ourPrivateKey: Secret<'AgreementPrivateKey'> = readRow(part('key'), (reader) => readSecret(reader));
  const sender = { ourRatchetKey: bytes('our'), theirRatchetKey: bytes('their') };
  const theirRatchetKey = parts.has('peer') ? bytes('peer') : undefined;
  return readRow(part('hot'), (reader) => {
    const rootKey = readSecret<'RootKey'>(reader);
    const counters = { rootSequence: reader.uint(), sendingMessageSequence: reader.uint(), receivedMessageSequence: reader.uint() };
    const senderKey = readChainKey(reader, hash);
    const receiverKey = reader.optional(() => readChainKey(reader, hash));
    return {
      rootKey,
      ...counters,
      sender: { ...sender, chainKey: senderKey },
      receiver: { theirRatchetKey, ourPrivateKey, chainKey: receiverKey },
    };
  });
}

function readChainKey(reader: RecordReader, hash: HashAlgorithm): Ratchet['sender']['chainKey'] {
  const index = reader.uint();
  return { index, key: readChainSecret(reader, hash) };
}

/** Deletes every row of the session but its skipped keys. */
export function deleteSession(sessionId: SessionId): Write[] {
  if (sessionId === '') throw new InternalError('session-id', 'a session without an id cannot be stored');
  return [
    ...(['index', 'given-up', 'static', 'invite', 'reply'] as const).map((part) => deleteRow('session', sessionKey(part, sessionId))),
    ...ratchetParts.map((part) => deleteRow('ratchet', rowKey().text(sessionId).text(part).toBytes())),
  ];
}
