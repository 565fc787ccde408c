/**
 * The typed records of a client over any driver.
 *
 * Owns: which rows make up an account, a session, a queue, and reading them back. Does not own: when they are written (a step of the client
 * puts the writes of one transition into one commit) and what is kept in memory.
 */
import type { Account } from '../account/account.js';
import type { OneTimePreKey } from '../account/one-time-pre-key.js';
import type { DeviceAddress, GroupAddress } from '../base/address.js';
import type { MessageId, SessionId } from '../base/brand.js';
import { StoreError } from '../base/errors.js';
import type { Group } from '../group/group.js';
import type { Session } from '../session/session.js';
import type { Certificate } from '../wire/certificate.js';
import {
  type Credentials,
  type PendingRegistration,
  accountKeys,
  oneTimePreKeyKey,
  oneTimePreKeyPrefix,
  readCertificate,
  readCredentials,
  readIdentity,
  readNextOneTimePreKeyId,
  readOneTimePreKey,
  readRegistration,
  readSignedPreKey,
  signedPreKeyPrefix,
} from './client/account-rows.js';
import {
  type GroupOrder,
  type HeldGroupMessage,
  type ReceivedGroupKeys,
  type WaitingGroupMessage,
  groupQueuePrefix,
  groupQueueSequence,
  readGroupOrder,
  readHeldGroupMessage,
  readReceivedGroupKeys,
  readWaitingGroupMessage,
} from './client/group-queue-rows.js';
import { type GroupIndex, groupHeadPrefix, groupRowPrefixes, readGroup, readGroupIndex } from './client/group-rows.js';
import {
  type Peer,
  clientSchema,
  type CommitCount,
  deliveredPrefix,
  type Greetings,
  metaKeys,
  readGreetings,
  peerPrefix,
  readCommits,
  readDelivered,
  readIncarnation,
  readNumber,
  readPeer,
} from './client/peer-rows.js';
import {
  type HandledPush,
  type InboxEntry,
  type OutboxEntry,
  type PendingMessage,
  type PendingTarget,
  handledPushPrefix,
  inboxKey,
  outboxKey,
  pendingPrefix,
  pendingPrefixes,
  readHandledPush,
  readInboxEntry,
  readOutboxEntry,
  readPending,
  readPendingKey,
  sequencePrefix,
} from './client/queue-rows.js';
import {
  type GivenUp,
  type SessionIndex,
  givenUpPrefix,
  readGivenUp,
  readSession,
  readSessionIndex,
  sessionIndexPrefix,
  sessionRowKeys,
} from './client/session-rows.js';
import { StoredSkippedKeys, skippedPrefix } from './client/skipped-rows.js';
import {
  type EarlyMessage,
  type SetAsideRow,
  earlyMessageKey,
  earlyMessagePrefix,
  pushTriesPrefix,
  readEarlyMessage,
  readPushTries,
  readRefusalCounts,
  readSetAside,
  refusalCountsKey,
  setAsideKey,
  setAsidePrefix,
} from './client/trouble-rows.js';
import type { GroupCommit } from './group-commit.js';
import type { Row, Table } from './store.js';

/** Everything stored of the own account but its one-time pre-keys. */
export interface StoredAccount {
  readonly account: Account;
  /** Missing until the registration was answered. */
  readonly credentials: Credentials | undefined;
  readonly certificate: Certificate | undefined;
  readonly registration: PendingRegistration | undefined;
}

/** A session with its skipped keys. */
export interface StoredSession {
  readonly session: Session;
  readonly skipped: StoredSkippedKeys;
}

/** Rows read at a time when a table is walked: pages keep the memory bounded. */
const page = 256;
/** One-time pre-keys reach megabytes each (Classic McEliece). */
const keyPage = 4;

/** Reads the records; queued commits are seen. Everything throws `StoreError`. */
export class ClientStore {
  readonly commits: GroupCommit;

  constructor(commits: GroupCommit) {
    this.commits = commits;
  }

  /** Name of the store, number of its commits, names of its hellos; `undefined` for an empty store. Throws `StoreError('newer-schema')`. */
  async loadMeta(): Promise<
    { readonly incarnation: Uint8Array; readonly commits: CommitCount; readonly greetings: Greetings | undefined } | undefined
  > {
    const schema = await this.commits.get('meta', metaKeys.schema);
    if (schema === undefined) return undefined;
    const found = readNumber(schema);
    if (found > clientSchema) throw new StoreError('newer-schema', `the store has client schema ${found}, known is ${clientSchema}`);
    const [incarnation, commits, greetings] = await Promise.all([
      this.commits.get('meta', metaKeys.incarnation),
      this.commits.get('meta', metaKeys.commits),
      this.commits.get('meta', metaKeys.greetings),
    ]);
    if (incarnation === undefined) throw new StoreError('damaged', 'the store has a schema but no name');
    return {
      incarnation: readIncarnation(incarnation),
      commits: commits === undefined ? { count: 0, told: 0 } : readCommits(commits),
      greetings: greetings === undefined ? undefined : readGreetings(greetings),
    };
  }

  /** The own account; `undefined` when there is none. */
  async loadAccount(): Promise<StoredAccount | undefined> {
    const get = (key: Uint8Array): Promise<Uint8Array | undefined> => this.commits.get('account', key);
    const [identity, counter, credentials, certificate, registration, signedPreKeys] = await Promise.all([
      get(accountKeys.identity),
      get(accountKeys.counter),
      get(accountKeys.credentials),
      get(accountKeys.certificate),
      get(accountKeys.registration),
      this.commits.list('pre-key', { prefix: signedPreKeyPrefix, reverse: true }),
    ]);
    if (identity === undefined) return undefined;
    if (counter === undefined) throw new StoreError('damaged', 'the account has no counter of one-time pre-keys');
    return {
      account: {
        ...readIdentity(identity),
        signedPreKeys: signedPreKeys.map(readSignedPreKey),
        nextOneTimePreKeyId: readNextOneTimePreKeyId(counter),
      },
      credentials: credentials === undefined ? undefined : readCredentials(credentials),
      certificate: certificate === undefined ? undefined : readCertificate(certificate),
      registration: registration === undefined ? undefined : readRegistration(registration),
    };
  }

  /** The one-time pre-key `id`, unless it was used or never made. */
  async loadOneTimePreKey(id: number): Promise<OneTimePreKey | undefined> {
    const value = await this.commits.get('pre-key', oneTimePreKeyKey(id));
    return value === undefined ? undefined : readOneTimePreKey(id, value);
  }

  /** How many one-time pre-keys have not been used. */
  async countOneTimePreKeys(): Promise<number> {
    let count = 0;
    await this.#walk('pre-key', oneTimePreKeyPrefix, keyPage, ({ value }) => {
      value.fill(0);
      count += 1;
    });
    return count;
  }

  /** Sessions that nothing is sealed with any more. */
  loadGivenUpSessions(): Promise<GivenUp[]> {
    return this.#all('session', givenUpPrefix, readGivenUp);
  }

  /** What is to be known of all sessions. */
  loadSessionIndexes(): Promise<SessionIndex[]> {
    return this.#all('session', sessionIndexPrefix, readSessionIndex);
  }

  /** The session of `index`. */
  async loadSession(index: SessionIndex, ourAddress: DeviceAddress): Promise<StoredSession> {
    const keys = sessionRowKeys(index.sessionId);
    const [fixed, invite, reply, ratchet, skipped] = await Promise.all([
      this.commits.get('session', keys.fixed),
      index.state === 'invited' ? this.commits.get('session', keys.invite) : undefined,
      index.state === 'ready' && !index.confirmed ? this.commits.get('session', keys.reply) : undefined,
      this.commits.list('ratchet', { prefix: keys.ratchetPrefix }),
      this.loadSkippedKeys(index.sessionId),
    ]);
    if (fixed === undefined) throw new StoreError('damaged', 'a session lacks its fixed part');
    return { session: readSession(index, ourAddress, { fixed, invite, reply, ratchet }), skipped };
  }

  /** The skipped keys of a session, or of a chain of a group. */
  async loadSkippedKeys(owner: string): Promise<StoredSkippedKeys> {
    return new StoredSkippedKeys(owner, await this.commits.list('skipped-key', { prefix: skippedPrefix(owner) }));
  }

  /** All devices known. */
  loadPeers(): Promise<Peer[]> {
    return this.#all('peer', peerPrefix, readPeer);
  }

  /** The messages lately delivered from `device`, in no order. */
  async loadDelivered(device: DeviceAddress): Promise<{ readonly order: number; readonly messageId: MessageId }[]> {
    return (await this.commits.list('peer', { prefix: deliveredPrefix(device) })).map(readDelivered);
  }

  /** Calls `take` with every request of the outbox in order. */
  walkOutbox(take: (entry: OutboxEntry) => void): Promise<void> {
    return this.#walk('outbox', sequencePrefix, page, (row) => take(readOutboxEntry(row)));
  }

  /** The request `sequence`, unless it was answered. */
  async loadOutboxEntry(sequence: number): Promise<OutboxEntry | undefined> {
    const key = outboxKey(sequence);
    const value = await this.commits.get('outbox', key);
    return value === undefined ? undefined : readOutboxEntry({ key, value });
  }

  /** Calls `take` with target and number of every message that waits for a session. */
  async walkPending(take: (target: PendingTarget, sequence: number) => void): Promise<void> {
    for (const prefix of [pendingPrefixes.device, pendingPrefixes.user]) {
      await this.#walk('pending', prefix, page, ({ key, value }) => {
        value.fill(0);
        const { target, sequence } = readPendingKey(key);
        take(target, sequence);
      });
    }
  }

  /** The messages that wait for `target`, in order. */
  loadPending(target: PendingTarget): Promise<PendingMessage[]> {
    return this.#all('pending', pendingPrefix(target), readPending);
  }

  /** The first messages for the application after number `after`. */
  async loadInbox(after: number | undefined, limit: number): Promise<InboxEntry[]> {
    const range = { prefix: sequencePrefix, limit, ...(after === undefined ? {} : { after: inboxKey(after) }) };
    return (await this.commits.list('inbox', range)).map(readInboxEntry);
  }

  /** Number of messages for the application, and the last one's. */
  async countInbox(): Promise<{ readonly count: number; readonly last: number }> {
    let count = 0;
    let last = 0;
    await this.#walk('inbox', sequencePrefix, page, (row) => {
      count += 1;
      last = readInboxEntry(row).sequence;
    });
    return { count, last };
  }

  /** The pushes whose acknowledgement may not have arrived. */
  loadHandledPushes(): Promise<HandledPush[]> {
    return this.#all('push', handledPushPrefix, readHandledPush);
  }

  /** How often something received could not be used, by code. */
  async loadRefusalCounts(): Promise<Map<string, number>> {
    const value = await this.commits.get('meta', refusalCountsKey);
    return value === undefined ? new Map<string, number>() : readRefusalCounts(value);
  }

  /** How often pushes that will come again could not be carried out. */
  loadPushTries(): Promise<{ readonly id: string; readonly count: number }[]> {
    return this.#all('push', pushTriesPrefix, readPushTries);
  }

  /** Calls `take` with every push that is set aside, oldest first. */
  walkSetAside(take: (push: SetAsideRow) => void): Promise<void> {
    return this.#walk('push', setAsidePrefix, page, (row) => take(readSetAside(row)));
  }

  /** The push that was set aside under this number, unless it has gone. */
  async loadSetAside(sequence: number): Promise<SetAsideRow | undefined> {
    const key = setAsideKey(sequence);
    const value = await this.commits.get('push', key);
    return value === undefined ? undefined : readSetAside({ key, value });
  }

  /** Calls `take` with every message that came before its session was ready, in order for each session. */
  walkEarlyMessages(take: (message: EarlyMessage) => void): Promise<void> {
    return this.#walk('pending', earlyMessagePrefix, page, (row) => take(readEarlyMessage(row)));
  }

  /** One of those messages, unless it was taken. */
  async loadEarlyMessage(sessionId: SessionId, sequence: number): Promise<EarlyMessage | undefined> {
    const key = earlyMessageKey(sessionId, sequence);
    const value = await this.commits.get('pending', key);
    return value === undefined ? undefined : readEarlyMessage({ key, value });
  }

  /** What is to be known of all groups. */
  loadGroupIndexes(): Promise<GroupIndex[]> {
    return this.#all('group', groupHeadPrefix, readGroupIndex);
  }

  /** The group of `index`. */
  async loadGroup(index: GroupIndex): Promise<Group> {
    const prefixes = groupRowPrefixes(index.address);
    const same = (row: Row): Row => row;
    const [epochs, chains, positions] = await Promise.all([
      this.#all('group', prefixes.epochs, same),
      this.#all('group', prefixes.chains, same),
      this.#all('group', prefixes.positions, same),
    ]);
    return readGroup(index, { epochs, chains, positions });
  }

  /** Every change of a group that was asked for, in order for each group. */
  loadGroupOrders(): Promise<GroupOrder[]> {
    return this.#all('group', groupQueuePrefix('order'), readGroupOrder);
  }

  /** Calls `take` with group and number of every row that waits in a queue, in order for each group. */
  async walkGroupQueue(queue: 'waiting' | 'held' | 'keys', take: (group: GroupAddress, sequence: number) => void): Promise<void> {
    await this.#walk('group', groupQueuePrefix(queue), page, (row) => {
      const sequence = groupQueueSequence(row.key);
      if (queue === 'waiting') take(readWaitingGroupMessage(row).group, sequence);
      else if (queue === 'held') take(readHeldGroupMessage(row).group, sequence);
      else {
        const { group, content } = readReceivedGroupKeys(row);
        content.fill(0);
        take(group, sequence);
      }
    });
  }

  /** The messages that wait for the keys of `group`, all or the first ones, in order. */
  async loadWaitingGroupMessages(group: GroupAddress, limit?: number): Promise<WaitingGroupMessage[]> {
    const prefix = groupQueuePrefix('waiting', group);
    const read = (row: Row): WaitingGroupMessage => readWaitingGroupMessage(row).message;
    if (limit === undefined) return this.#all('group', prefix, read);
    return (await this.commits.list('group', { prefix, limit })).map(read);
  }

  /** The messages of `group` that cannot be opened yet, all or the first ones, in the order in which they came. */
  async loadHeldGroupMessages(group: GroupAddress, limit?: number): Promise<HeldGroupMessage[]> {
    const prefix = groupQueuePrefix('held', group);
    if (limit === undefined) return this.#all('group', prefix, readHeldGroupMessage);
    return (await this.commits.list('group', { prefix, limit })).map(readHeldGroupMessage);
  }

  /** The keys received for `group` that are not used yet, in the order in which they came; the caller wipes their contents. */
  loadReceivedGroupKeys(group: GroupAddress): Promise<ReceivedGroupKeys[]> {
    return this.#all('group', groupQueuePrefix('keys', group), readReceivedGroupKeys);
  }

  async #all<T>(table: Table, prefix: Uint8Array, read: (row: Row) => T): Promise<T[]> {
    const all: T[] = [];
    await this.#walk(table, prefix, page, (row) => {
      all.push(read(row));
    });
    return all;
  }

  async #walk(table: Table, prefix: Uint8Array, limit: number, take: (row: Row) => void): Promise<void> {
    let after: Uint8Array | undefined;
    for (;;) {
      const rows: Row[] = await this.commits.list(table, { prefix, limit, ...(after === undefined ? {} : { after }) });
      for (const row of rows) take(row);
      after = rows.at(-1)?.key;
      if (rows.length < limit || after === undefined) return;
    }
  }
}
