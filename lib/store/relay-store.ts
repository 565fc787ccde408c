/**
 * The relay's records, typed once over any driver. One relay serves one domain, so keys name users and devices without it.
 *
 * Owns: which table and key holds what, and the form of each row. Does not own: locks, rules, what is written together.
 *
 * | table | key | row |
 * |---|---|---|
 * | `meta` | name | the relay's own keys |
 * | `account` | `user`, user | {@link UserRecord} |
 * | `account` | `authenticator`, text | the user's id |
 * | `device` | user, device | {@link DeviceRecord} |
 * | `token` | user, device | {@link LoginRecord} |
 * | `token` | user, device, `counter` | {@link SeenCounter} |
 * | `pre-key` | `stock`, user, device | {@link PreKeyStock} |
 * | `pre-key` | `key`, user, device, id | a one-time pre-key |
 * | `push` | user, device | {@link MailboxHead}; exists as long as the device does |
 * | `mailbox` | user, device, sequence | nonce and encoded push |
 * | `relation` | user, device, user, device | nothing; both directions |
 * | `session` | user, device, user, device | recent invites of the pair |
 * | `invitation` | hash of the code | {@link InvitationRecord} |
 */
import type { OneTimePreKeyPublic } from '../account/pre-key-bundle.js';
import type { DeviceAddress } from '../base/address.js';
import { concat, noBytes } from '../base/bytes.js';
import { StoreError } from '../base/errors.js';
import type { GroupCommit } from './group-commit.js';
import type { RecordReader, RecordWriter } from './record.js';
import { decodeRecord, encodeRecord } from './record.js';
import type {
  DeviceRecord,
  InvitationRecord,
  LoginRecord,
  MailboxHead,
  MailboxRow,
  PreKeyStock,
  RecentInvite,
  SeenCounter,
  UserRecord,
} from './relay-records.js';
import { RowKeyReader, rowKey } from './row-key.js';
import type { Row, Table, Write } from './store.js';

export type {
  DeviceRecord,
  InvitationRecord,
  LoginRecord,
  MailboxHead,
  MailboxRow,
  PreKeyStock,
  RecentInvite,
  SeenCounter,
  UserRecord,
} from './relay-records.js';

/** Version of every row below. */
const rowVersion = 1;

/** Bytes of an id's text in a mailbox row. */
const pushIdLength = 24;

function deviceParts(address: DeviceAddress): ReturnType<typeof rowKey> {
  return rowKey().text(address.userId).text(address.deviceId);
}

function pairKey(from: DeviceAddress, to: DeviceAddress): Uint8Array {
  return deviceParts(from).text(to.userId).text(to.deviceId).toBytes();
}

function decodeMailboxRow(sequence: number, value: Uint8Array): MailboxRow {
  if (value.length < pushIdLength) throw new StoreError('damaged', 'a mailbox row is too short');
  return { sequence, id: Buffer.from(value.subarray(0, pushIdLength)).toString('latin1'), push: value.subarray(pushIdLength) };
}

function record(table: Table, key: Uint8Array, write: (writer: RecordWriter) => void): Write {
  return { table, key, value: encodeRecord(rowVersion, write) };
}

/** Typed access to a relay's tables. Reads see queued writes; writes are values for {@link RelayStore.commit}. */
export class RelayStore {
  readonly #commits: GroupCommit;
  readonly #domain: string;

  constructor(commits: GroupCommit, domain: string) {
    this.#commits = commits;
    this.#domain = domain;
  }

  /** See {@link GroupCommit.generation}. */
  get generation(): number {
    return this.#commits.generation;
  }

  /** See {@link GroupCommit.onReset}. */
  onReset(listener: () => void): () => void {
    return this.#commits.onReset(listener);
  }

  /** Queues `writes` as one step; resolves when durable. See {@link GroupCommit.commit}. */
  commit(writes: readonly Write[], generation?: number): Promise<void> {
    return this.#commits.commit(writes, generation);
  }

  /** Makes everything durable and closes the driver. */
  close(): Promise<void> {
    return this.#commits.close();
  }

  /** A row of the relay's own, as `read` understands it. */
  own<T>(name: string, read: (reader: RecordReader) => T): Promise<T | undefined> {
    return this.#get('meta', rowKey().text(name).toBytes(), read);
  }

  putOwn(name: string, write: (writer: RecordWriter) => void): Write {
    return record('meta', rowKey().text(name).toBytes(), write);
  }

  user(userId: string): Promise<UserRecord | undefined> {
    return this.#get('account', userKey(userId), (reader) => ({
      userId: reader.string(),
      userName: reader.string(),
      authenticator: reader.string(),
      registeredAt: reader.time(),
    }));
  }

  /** The user of a non-empty authenticator. */
  userOfAuthenticator(authenticator: string): Promise<string | undefined> {
    return this.#get('account', authenticatorKey(authenticator), (reader) => reader.string());
  }

  putUser(user: UserRecord): Write[] {
    const writes = [
      record('account', userKey(user.userId), (writer) =>
        writer.string(user.userId).string(user.userName).string(user.authenticator).time(user.registeredAt),
      ),
    ];
    if (user.authenticator !== '') {
      writes.push(record('account', authenticatorKey(user.authenticator), (writer) => writer.string(user.userId)));
    }
    return writes;
  }

  device(address: DeviceAddress): Promise<DeviceRecord | undefined> {
    return this.#get('device', deviceParts(address).toBytes(), (reader) => this.#readDevice(reader));
  }

  putDevice(device: DeviceRecord): Write {
    const { address, identityKey, signedPreKey } = device;
    return record('device', deviceParts(address).toBytes(), (writer) =>
      writer
        .string(address.userId)
        .string(address.deviceId)
        .string(address.userName ?? '')
        .uint(device.packId)
        .bytes(identityKey.agreement)
        .bytes(identityKey.signing)
        .uint(signedPreKey.id)
        .bytes(signedPreKey.publicKey)
        .bytes(signedPreKey.signature)
        .time(device.registeredAt)
        .bytes(device.registrationHash),
    );
  }

  login(address: DeviceAddress): Promise<LoginRecord | undefined> {
    return this.#get('token', deviceParts(address).toBytes(), (reader) => ({
      passwordHash: reader.bytes(),
      registeredAt: reader.time(),
      seen: reader.boolean(),
      incarnation: reader.bytes(),
      commitCounter: reader.uint(),
      retiredIncarnations: reader.list(() => reader.bytes()),
    }));
  }

  putLogin(address: DeviceAddress, login: LoginRecord): Write {
    return record('token', deviceParts(address).toBytes(), (writer) =>
      writer
        .bytes(login.passwordHash)
        .time(login.registeredAt)
        .boolean(login.seen)
        .bytes(login.incarnation)
        .uint(login.commitCounter)
        .list(login.retiredIncarnations, (name) => writer.bytes(name)),
    );
  }

  seenCounter(address: DeviceAddress): Promise<SeenCounter | undefined> {
    return this.#get('token', counterKey(address), (reader) => ({ incarnation: reader.bytes(), commitCounter: reader.uint() }));
  }

  putSeenCounter(address: DeviceAddress, seen: SeenCounter): Write {
    return record('token', counterKey(address), (writer) => writer.bytes(seen.incarnation).uint(seen.commitCounter));
  }

  preKeyStock(address: DeviceAddress): Promise<PreKeyStock | undefined> {
    return this.#get('pre-key', stockKey(address), (reader) => ({
      remaining: reader.uint(),
      highestId: reader.uint(),
      askedAt: reader.time(),
      lastSupply: reader.bytes(),
    }));
  }

  putPreKeyStock(address: DeviceAddress, stock: PreKeyStock): Write {
    return record('pre-key', stockKey(address), (writer) =>
      writer.uint(stock.remaining).uint(stock.highestId).time(stock.askedAt).bytes(stock.lastSupply),
    );
  }

  /** The one-time pre-key with the smallest id. */
  async firstOneTimePreKey(address: DeviceAddress): Promise<OneTimePreKeyPublic | undefined> {
    const prefix = preKeyPrefix(address).toBytes();
    const [row] = await this.#commits.list('pre-key', { prefix, limit: 1 });
    if (row === undefined) return undefined;
    return { id: new RowKeyReader(row.key.subarray(prefix.length)).uint32(), publicKey: row.value };
  }

  putOneTimePreKey(address: DeviceAddress, { id, publicKey }: OneTimePreKeyPublic): Write {
    return { table: 'pre-key', key: preKeyPrefix(address).uint32(id).toBytes(), value: concat([publicKey]) };
  }

  deleteOneTimePreKey(address: DeviceAddress, id: number): Write {
    return { table: 'pre-key', key: preKeyPrefix(address).uint32(id).toBytes(), value: undefined };
  }

  mailboxHead(address: DeviceAddress): Promise<MailboxHead | undefined> {
    return this.#get('push', deviceParts(address).toBytes(), (reader) => ({
      next: reader.uint(),
      rows: reader.uint(),
      bytes: reader.uint(),
    }));
  }

  putMailboxHead(address: DeviceAddress, head: MailboxHead): Write {
    return record('push', deviceParts(address).toBytes(), (writer) => writer.uint(head.next).uint(head.rows).uint(head.bytes));
  }

  /** Addresses of a user's devices without loading their keys, by device id. */
  async deviceAddressesOf(userId: string, limit: number): Promise<DeviceAddress[]> {
    const prefix = rowKey().text(userId).toBytes();
    const rows = await this.#commits.list('push', { prefix, limit });
    return rows.map(({ key }) => ({ domain: this.#domain, userId, deviceId: new RowKeyReader(key.subarray(prefix.length)).text() }));
  }

  /** Rows behind `after` in order. */
  async mailboxRows(address: DeviceAddress, after: number, limit: number): Promise<MailboxRow[]> {
    const prefix = deviceParts(address).toBytes();
    const rows = await this.#commits.list('mailbox', { prefix, after: mailboxKey(address, after), limit });
    return rows.map(({ key, value }) => decodeMailboxRow(new RowKeyReader(key.subarray(prefix.length)).uint64(), value));
  }

  async mailboxRow(address: DeviceAddress, sequence: number): Promise<MailboxRow | undefined> {
    const value = await this.#commits.get('mailbox', mailboxKey(address, sequence));
    return value === undefined ? undefined : decodeMailboxRow(sequence, value);
  }

  putMailboxRow(address: DeviceAddress, { sequence, id, push }: MailboxRow): Write {
    return { table: 'mailbox', key: mailboxKey(address, sequence), value: concat([Buffer.from(id, 'latin1'), push]) };
  }

  deleteMailboxRow(address: DeviceAddress, sequence: number): Write {
    return { table: 'mailbox', key: mailboxKey(address, sequence), value: undefined };
  }

  /** Devices that have a session with a device of the user, once per session. */
  async relationsOf(userId: string, limit: number): Promise<DeviceAddress[]> {
    const prefix = rowKey().text(userId).toBytes();
    const rows = await this.#commits.list('relation', { prefix, limit });
    return rows.map(({ key }) => {
      const reader = new RowKeyReader(key.subarray(prefix.length));
      // The user's own device comes first in the key.
      reader.text();
      return { domain: this.#domain, userId: reader.text(), deviceId: reader.text() };
    });
  }

  /** Both directions of a relation. */
  putRelation(a: DeviceAddress, b: DeviceAddress): Write[] {
    return [pairKey(a, b), pairKey(b, a)].map((key) => ({ table: 'relation', key, value: concat([noBytes]) }));
  }

  async recentInvites(from: DeviceAddress, to: DeviceAddress): Promise<RecentInvite[]> {
    const found = await this.#get('session', pairKey(from, to), (reader) =>
      reader.list(() => ({ sessionId: reader.string(), inviteTime: reader.time() })),
    );
    return found ?? [];
  }

  putRecentInvites(from: DeviceAddress, to: DeviceAddress, invites: readonly RecentInvite[]): Write {
    return record('session', pairKey(from, to), (writer) =>
      writer.list(invites, ({ sessionId, inviteTime }) => writer.string(sessionId).time(inviteTime)),
    );
  }

  invitation(codeHash: Uint8Array): Promise<InvitationRecord | undefined> {
    return this.#get('invitation', codeHash, (reader) => ({
      userId: reader.string(),
      expiresAt: reader.time(),
      usedBy: { userId: reader.string(), deviceId: reader.string() },
    }));
  }

  putInvitation(codeHash: Uint8Array, invitation: InvitationRecord): Write {
    return record('invitation', concat([codeHash]), (writer) =>
      writer.string(invitation.userId).time(invitation.expiresAt).string(invitation.usedBy.userId).string(invitation.usedBy.deviceId),
    );
  }

  /** Deletes everything a device has: keys, login, mailbox, relations and invites. Reads what is there in pages, so it is for rare use. */
  async deleteDevice(address: DeviceAddress): Promise<Write[]> {
    const own = deviceParts(address).toBytes();
    const writes: Write[] = [
      { table: 'device', key: own, value: undefined },
      { table: 'token', key: own, value: undefined },
      { table: 'token', key: counterKey(address), value: undefined },
      { table: 'push', key: own, value: undefined },
      { table: 'pre-key', key: stockKey(address), value: undefined },
    ];
    const rows: [Table, Row[]][] = [
      ['pre-key', await this.#all('pre-key', preKeyPrefix(address).toBytes())],
      ['mailbox', await this.#all('mailbox', own)],
      ['session', await this.#all('session', own)],
    ];
    for (const [table, found] of rows) for (const { key } of found) writes.push({ table, key, value: undefined });
    for (const { key } of await this.#all('relation', own)) {
      const reader = new RowKeyReader(key.subarray(own.length));
      const peer = { domain: this.#domain, userId: reader.text(), deviceId: reader.text() };
      writes.push({ table: 'relation', key, value: undefined }, { table: 'relation', key: pairKey(peer, address), value: undefined });
    }
    return writes;
  }

  async #all(table: Table, prefix: Uint8Array): Promise<Row[]> {
    const pageLength = 256;
    const rows: Row[] = [];
    for (;;) {
      const after = rows.at(-1)?.key;
      const page = await this.#commits.list(table, { prefix, limit: pageLength, ...(after === undefined ? {} : { after }) });
      // Values are dropped at once: a full mailbox would not fit into memory.
      for (const { key } of page) rows.push({ key, value: noBytes });
      if (page.length < pageLength) return rows;
    }
  }

  #readDevice(reader: RecordReader): DeviceRecord {
    const userId = reader.string();
    const deviceId = reader.string();
    const userName = reader.string();
    return {
      address: userName === '' ? { domain: this.#domain, userId, deviceId } : { domain: this.#domain, userId, deviceId, userName },
      packId: reader.uint(0xffff_ffff),
      identityKey: { agreement: reader.bytes(), signing: reader.bytes() },
      signedPreKey: { id: reader.uint(0xffff_ffff), publicKey: reader.bytes(), signature: reader.bytes() },
      registeredAt: reader.time(),
      registrationHash: reader.bytes(),
    };
  }

  async #get<T>(table: Table, key: Uint8Array, read: (reader: RecordReader) => T): Promise<T | undefined> {
    const value = await this.#commits.get(table, key);
    return value === undefined ? undefined : decodeRecord(value, [rowVersion], read);
  }
}

function userKey(userId: string): Uint8Array {
  return rowKey().text('user').text(userId).toBytes();
}

function authenticatorKey(authenticator: string): Uint8Array {
  return rowKey().text('authenticator').text(authenticator).toBytes();
}

function counterKey(address: DeviceAddress): Uint8Array {
  return deviceParts(address).text('counter').toBytes();
}

function stockKey(address: DeviceAddress): Uint8Array {
  return rowKey().text('stock').text(address.userId).text(address.deviceId).toBytes();
}

function preKeyPrefix(address: DeviceAddress): ReturnType<typeof rowKey> {
  return rowKey().text('key').text(address.userId).text(address.deviceId);
}

function mailboxKey(address: DeviceAddress, sequence: number): Uint8Array {
  return deviceParts(address).uint64(sequence).toBytes();
}
