/** What is stored, damaged: rows of a client and of a relay as they stand in their tables, and the forms of rows and keys themselves. */
import { utf8 } from '../../lib/base/bytes.js';
import { StoreError } from '../../lib/base/errors.js';
import { asMessageId, asSessionId } from '../../lib/base/brand.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { putRegistration } from '../../lib/store/client/account-rows.js';
import {
  putGroupOrder,
  putHeldGroupMessage,
  putReceivedGroupKeys,
  putWaitingGroupMessage,
} from '../../lib/store/client/group-queue-rows.js';
import { putInboxEntry, putOutboxEntry, putPending } from '../../lib/store/client/queue-rows.js';
import { GroupCommit } from '../../lib/store/group-commit.js';
import { type MemoryTables, openMemoryStore } from '../../lib/store/memory/memory-store.js';
import { type RecordReader, decodeRecord, encodeRecord } from '../../lib/store/record.js';
import { RelayStore } from '../../lib/store/relay-store.js';
import { RowKeyReader, rowKey } from '../../lib/store/row-key.js';
import type { Write } from '../../lib/store/store.js';
import { openClientBench } from './client-bench.js';
import { byteDamage, decoderTarget, kind } from './decoder-target.js';
import { openRelayBench } from './relay-bench.js';
import { type Reads, tableTarget } from './table-target.js';
import type { Target } from './target.js';

const domain = 'example.test';
const alice = { domain, userId: 'alice', deviceId: 'phone' };
const bob = { domain, userId: 'bob', deviceId: 'phone' };
const group = { domain, groupId: 'a group' };

/** Rows that are only there while something waits. */
function waitingRows(): Write[] {
  const origin = { messageId: asMessageId('AAECAwQFBgcICQoLDA0ODw=='), notification: 1, content: utf8('content') };
  const sessionId = asSessionId('AAECAwQFBgcICQoLDA0ODw==');
  const member = { domain, userId: 'alice', role: 1 };
  return [
    putRegistration({ asked: 'alice', request: utf8('request') }),
    putOutboxEntry({
      sequence: 1,
      kind: 'send_one2one_msg',
      device: alice,
      group,
      order: 1,
      sessionId,
      origin,
      refusals: 0,
      body: utf8('body'),
    }),
    putPending(alice, { ...origin, sequence: 1 }),
    putPending({ domain, userId: 'erin' }, { ...origin, sequence: 1 }),
    putInboxEntry({ sequence: 1, kind: 'message', from: alice, group, messageId: origin.messageId, receivedAt: 5, bytes: utf8('text') }),
    putGroupOrder({ sequence: 1, group, wish: { kind: 'create', name: 'name', members: [member] }, isSent: true }),
    putGroupOrder({ sequence: 2, group, wish: { kind: 'remove', members: [member] }, isSent: false }),
    putGroupOrder({ sequence: 3, group, wish: { kind: 'add-device', device: bob }, isSent: false }),
    putWaitingGroupMessage(group, { ...origin, sequence: 1, allow: [alice], deny: [bob] }),
    putHeldGroupMessage({ sequence: 1, group, envelope: utf8('envelope'), heldAt: 5 }),
    putReceivedGroupKeys({ sequence: 1, group, from: alice, content: utf8('keys'), receivedAt: 5 }),
  ];
}

function commitsOf(tables: MemoryTables): GroupCommit {
  return new GroupCommit(() => openMemoryStore({ unsafeTestingTables: tables }));
}

/** Rows of a client's store. */
export async function clientStoreTarget(): Promise<Target> {
  const { world } = await openClientBench();
  await world.late();
  const { tables } = world;
  const commits = commitsOf(tables);
  await commits.commit(waitingRows());
  const store = new ClientStore(commits);
  const [pending, walked] = [() => undefined, () => undefined];
  const reads: Reads = {
    meta: [() => store.loadMeta()],
    account: [() => store.loadAccount()],
    'pre-key': [() => store.loadAccount(), () => store.loadOneTimePreKey(5), () => store.countOneTimePreKeys()],
    peer: [() => store.loadPeers(), () => store.loadDelivered(alice)],
    session: [() => store.loadSessionIndexes(), sessions],
    ratchet: [sessions],
    'skipped-key': [sessions],
    outbox: [() => store.walkOutbox(walked), () => store.loadOutboxEntry(1)],
    pending: [() => store.walkPending(pending), () => store.loadPending(alice), () => store.loadPending({ domain, userId: 'erin' })],
    inbox: [() => store.loadInbox(undefined, 10), () => store.countInbox()],
    push: [() => store.loadHandledPushes()],
    group: [
      () => store.loadGroupIndexes(),
      async () => Promise.all((await store.loadGroupIndexes()).map((index) => store.loadGroup(index))),
      () => store.loadGroupOrders(),
      () => store.walkGroupQueue('waiting', walked),
      () => store.walkGroupQueue('held', walked),
      () => store.walkGroupQueue('keys', walked),
      () => store.loadWaitingGroupMessages(group, 10),
      () => store.loadHeldGroupMessages(group),
      () => store.loadReceivedGroupKeys(group),
    ],
  };
  async function sessions(): Promise<unknown> {
    return Promise.all((await store.loadSessionIndexes()).map((index) => store.loadSession(index, world.address)));
  }
  return tableTarget(tables, reads);
}

/** Rows of a relay's store. */
export async function relayStoreTarget(): Promise<Target> {
  const { world, group: club } = await openRelayBench();
  const { tables } = world.fixture;
  const store = new RelayStore(commitsOf(tables), domain);
  const { mailbox, groups } = store;
  const devices = [alice, bob];
  const each = (read: (device: typeof alice) => Promise<unknown>) => (): Promise<unknown> => Promise.all(devices.map(read));
  const reads: Reads = {
    account: [each(({ userId }) => store.user(userId)), each(({ userId }) => store.userOfAuthenticator(`mailto:${userId}@example.org`))],
    device: [each((device) => store.device(device)), each(({ userId }) => store.deviceAddressesOf(userId, 10))],
    token: [each((device) => store.login(device)), each((device) => store.seenCounter(device))],
    'pre-key': [each((device) => store.preKeyStock(device)), each((device) => store.firstOneTimePreKey(device))],
    relation: [each(({ userId }) => store.relationsOf(userId, 10))],
    push: [each((device) => mailbox.head(device))],
    mailbox: [each((device) => mailbox.rows(device, 0, 10)), each((device) => mailbox.deleteAll(device))],
    group: [
      () => groups.group(club.groupId),
      () => groups.marks(club.groupId),
      each(({ userId }) => groups.groupIdsOf(userId)),
      each((device) => groups.replies(device)),
      each((device) => groups.reply(device, 1)),
    ],
  };
  return tableTarget(tables, reads);
}

/** One of every field that a row can have. */
function readFields(reader: RecordReader): unknown {
  return [
    reader.uint(1_000_000),
    reader.time(),
    reader.boolean(),
    reader.string(),
    reader.optional(() => reader.bytes(4)),
    reader.list(() => reader.bytes()),
  ];
}

/** The form of rows and that of keys. */
export function rowTarget(): Target {
  const row = encodeRecord(1, (writer) => {
    writer.uint(300_000).time(-5).boolean(true).string('tëxt');
    writer.optional(utf8('four'), (bytes) => writer.bytes(bytes)).list([utf8('one'), utf8('')], (bytes) => writer.bytes(bytes));
  });
  const key = rowKey()
    .text('te\0xt')
    .bytes(Uint8Array.of(0, 1, 2))
    .uint32(7)
    .uint64(2 ** 40)
    .toBytes();
  return decoderTarget(
    [
      kind('row', [row], (bytes) => decodeRecord(bytes, [1, 2], readFields)),
      kind('key', [key], (bytes) => {
        const reader = new RowKeyReader(bytes);
        const parts = [reader.text(), reader.bytes(), reader.uint32(), reader.uint64()];
        reader.end();
        return parts;
      }),
    ],
    StoreError,
    ['damaged', 'newer-schema'],
    byteDamage,
  );
}
