import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openedBy, pushesOf } from '../../lib/cli/demo/captured.js';
import { readdressed } from '../../lib/cli/demo/readdress.js';
import { Client, createInMemoryNetwork, openMemoryStore, type GroupAddress, type Store, type Transport } from '../../lib/index.js';
import { openRelay, type Relay } from '../../lib/server/index.js';
import { openSqliteStore } from '../../lib/store/sqlite/index.js';

let directory: string;
let relay: Relay;
let transport: Transport;
let clients: Client[];

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'skissm-captured-'));
  relay = await openRelay({ store: () => Promise.resolve(openMemoryStore()), domain: 'example.org', registration: 'open' });
  const network = createInMemoryNetwork();
  network.listen((channel) => relay.accept(channel));
  ({ transport } = network);
  clients = [];
});

afterEach(async () => {
  for (const client of clients) await client.close();
  await relay.close();
  await rm(directory, { recursive: true, force: true });
});

/** The same way to the relay; what it pushes is kept. */
function recording(pushes: Uint8Array[]): Transport {
  return {
    connect: (options) =>
      transport.connect({
        ...options,
        onPush(push) {
          pushes.push(new Uint8Array(push));
          options.onPush(push);
        },
      }),
  };
}

async function register(userId: string, pushes: Uint8Array[], store: () => Promise<Store>): Promise<Client> {
  const client = await Client.register({
    store,
    transport: recording(pushes),
    userId,
    deviceId: 'laptop',
    authCode: 'open',
    oneTimePreKeys: 5,
  });
  clients.push(client);
  return client;
}

function next(client: Client, type: 'group-ready' | 'group-members-removed'): Promise<void> {
  return new Promise((resolve) => {
    const forget = client.on(type, () => {
      forget();
      resolve();
    });
  });
}

/** Says something in the group and waits until carol has it; returns the id. */
async function say(alice: Client, carol: Client, group: GroupAddress, text: string): Promise<string> {
  const { messageId } = await alice.sendToGroup(group, Buffer.from(text, 'utf8'));
  for await (const message of carol.messages()) {
    await message.ack();
    if (message.messageId === messageId) break;
  }
  return messageId;
}

describe('a copy of a device that is given what others got', () => {
  test('opens it while the device is in the group, and nothing of it that was sent after the removal', async () => {
    const toBob: Uint8Array[] = [];
    const toCarol: Uint8Array[] = [];
    const store = path.join(directory, 'bob.db');
    const memory = (): Promise<Store> => Promise.resolve(openMemoryStore());
    const alice = await register('alice', [], memory);
    const bob = await register('bob', toBob, () => openSqliteStore({ path: store }));
    const carol = await register('carol', toCarol, memory);
    const ready = [bob, carol].map((client) => next(client, 'group-ready'));
    const group = await alice.createGroup({ name: 'friends', members: [bob.address, carol.address] });
    await Promise.all(ready);
    await bob.close();
    const copies = ['first', 'second'].map((name) => path.join(directory, `${name}.db`));
    for (const copy of copies) await cp(store, copy);
    const [first = '', second = ''] = copies;

    const before = [await say(alice, carol, group, 'one'), await say(alice, carol, group, 'two')];
    const [model] = toBob;
    if (model === undefined) throw new Error('bob was sent nothing');
    const given = (ids: readonly string[]): Uint8Array[] => pushesOf(ids, toCarol).map((push) => readdressed(push, model));
    const opened = await openedBy(first, before, given(before));
    expect(opened.map((content) => Buffer.from(content).toString('utf8'))).toEqual(['one', 'two']);

    const removed = next(carol, 'group-members-removed');
    await alice.removeGroupMembers(group, [bob.address]);
    await removed;
    const after = [await say(alice, carol, group, 'three'), await say(alice, carol, group, 'four')];
    expect(given(after)).toHaveLength(2);
    expect(await openedBy(second, after, given(after))).toEqual([]);
  });
});
