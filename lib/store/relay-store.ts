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
 * | `push`, `mailbox`, `body` | | mailbox-rows.ts |
 * | `group` | | group-rows.ts |
 * | `relation` | user, device, user, device | nothing; both directions |
 * | `session` | user, device, user, device | recent invites of the pair |
 * | `invitation` | hash of the code | {@link InvitationRecord} |
 */
import type { OneTimePreKeyPublic } from '../account/pre-key-bundle.js';
import type { DeviceAddress } from '../base/address.js';
import { concat } from '../base/bytes.js';
import type { GroupCommit } from './group-commit.js';
import { GroupRows } from './group-rows.js';
import { type MailboxRemoval, MailboxRows } from './mailbox-rows.js';
import type { RecordReader, RecordWriter } from './record.js';
import type { DeviceRecord, InvitationRecord, LoginRecord, PreKeyStock, RecentInvite, SeenCounter, UserRecord } from './relay-records.js';
import { allKeys, deleteRow, deviceParts, emptyValue, getRecord, putRecord as record } from './relay-row.js';
import { type RowKey, RowKeyReader, rowKey } from './row-key.js';
import type { Table, Write } from './store.js';

/** Logins have a second form: with the store's age and its last hello. */
const loginVersions = { first: 1, withGreeting: 2 } as const;

export type {
  AdminReply,
  DeviceRecord,
  GroupLeave,
  GroupMark,
  GroupRecord,
  InvitationRecord,
  LoginRecord,
  MailboxHead,
  MailboxRow,
  PreKeyStock,
  PushContent,
  RecentInvite,
  SeenCounter,
  UserRecord,
} from './relay-records.js';

function pairKey(from: DeviceAddress, to: DeviceAddress): Uint8Array {
  return deviceParts(from).text(to.userId).text(to.deviceId).toBytes();
}

/** Typed access to a relay's tables. Reads see queued writes; writes are values for {@link RelayStore.commit}. */
export class RelayStore {
  readonly #commits: GroupCommit;
  readonly #domain: string;
  /** Mailboxes and the bodies in them. */
  readonly mailbox: MailboxRows;
  /** Groups. */
  readonly groups: GroupRows;

  constructor(commits: GroupCommit, domain: string) {
    this.#commits = commits;
    this.#domain = domain;
    this.mailbox = new MailboxRows(commits);
    this.groups = new GroupRows(commits, domain);
  }

  /** See {@link GroupCommit.generation}. */
  get generation(): number {
    return this.#commits.generation;
  }

  /** See {@link GroupCommit.onReset}. */
  onReset(listener: (cause: unknown) => void): () => void {
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
    const read = (reader: RecordReader): LoginRecord => {
      const isFirst = reader.version === loginVersions.first;
      return {
        passwordHash: reader.bytes(),
        registeredAt: reader.time(),
        seen: reader.boolean(),
        incarnation: reader.bytes(),
        commitCounter: reader.uint(),
        retiredIncarnations: reader.list(() => reader.bytes()),
        storeSince: isFirst ? 0 : reader.time(),
        greeting: isFirst ? new Uint8Array(0) : reader.bytes(),
      };
    };
    return getRecord(this.#commits, 'token', deviceParts(address).toBytes(), read, Object.values(loginVersions));
  }

  putLogin(address: DeviceAddress, login: LoginRecord): Write {
    const write = (writer: RecordWriter): void => {
      writer
        .bytes(login.passwordHash)
        .time(login.registeredAt)
        .boolean(login.seen)
        .bytes(login.incarnation)
        .uint(login.commitCounter)
        .list(login.retiredIncarnations, (name) => writer.bytes(name))
        .time(login.storeSince)
        .bytes(login.greeting);
    };
    return record('token', deviceParts(address).toBytes(), write, loginVersions.withGreeting);
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

  /** Deletes all one-time pre-keys of a device. Reads what is there in pages, so it is for rare use. */
  async deleteOneTimePreKeys(address: DeviceAddress): Promise<Write[]> {
    const keys = await allKeys(this.#commits, 'pre-key', preKeyPrefix(address).toBytes());
    return keys.map((key) => deleteRow('pre-key', key));
  }

  /** Addresses of a user's devices without loading their keys, by device id. */
  async deviceAddressesOf(userId: string, limit: number): Promise<DeviceAddress[]> {
    const prefix = rowKey().text(userId).toBytes();
    const rows = await this.#commits.list('push', { prefix, limit });
    return rows.map(({ key }) => ({ domain: this.#domain, userId, deviceId: new RowKeyReader(key.subarray(prefix.length)).text() }));
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
    return [pairKey(a, b), pairKey(b, a)].map((key) => ({ table: 'relation', key, value: emptyValue() }));
  }

  async recentInvites(from: DeviceAddress, to: DeviceAddress): Promise<RecentInvite[]> {
    const found = await this.#get('session', pairKey(from, to), (reader) =>
      reader.list(() => ({ sessionId: reader.string(), inviteTime: reader.time() })),
    );
    return found ?? [];
  }

  /** Devices that have been invited by the device, and may not have answered. */
  async invitedBy(from: DeviceAddress, limit: number): Promise<DeviceAddress[]> {
    const prefix = deviceParts(from).toBytes();
    const rows = await this.#commits.list('session', { prefix, limit });
    return rows.map(({ key }) => {
      const reader = new RowKeyReader(key.subarray(prefix.length));
      return { domain: this.#domain, userId: reader.text(), deviceId: reader.text() };
    });
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

  /**
   * Deletes everything a device has but its place in groups: keys, login, mailbox, relations and invites. Reads what is there in pages, so it is
   * for rare use.
   */
  async deleteDevice(address: DeviceAddress): Promise<MailboxRemoval> {
    const own = deviceParts(address).toBytes();
    const mailbox = await this.mailbox.deleteAll(address);
    const writes: Write[] = [
      deleteRow('device', own),
      deleteRow('token', own),
      deleteRow('token', counterKey(address)),
      deleteRow('pre-key', stockKey(address)),
      ...mailbox.writes,
      ...(await this.deleteOneTimePreKeys(address)),
      ...(await allKeys(this.#commits, 'session', own)).map((key) => deleteRow('session', key)),
    ];
    for (const key of await allKeys(this.#commits, 'relation', own)) {
      const reader = new RowKeyReader(key.subarray(own.length));
      const peer = { domain: this.#domain, userId: reader.text(), deviceId: reader.text() };
      writes.push(deleteRow('relation', key), deleteRow('relation', pairKey(peer, address)));
    }
    return { writes, bodies: mailbox.bodies };
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

  #get<T>(table: Table, key: Uint8Array, read: (reader: RecordReader) => T): Promise<T | undefined> {
    return getRecord(this.#commits, table, key, read);
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

function preKeyPrefix(address: DeviceAddress): RowKey {
  return rowKey().text('key').text(address.userId).text(address.deviceId);
}
