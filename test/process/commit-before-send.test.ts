import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { utf8 } from '../../lib/base/bytes.js';
import { systemClock } from '../../lib/base/clock.js';
import { Client } from '../../lib/client/client.js';
import type { ClientOptions } from '../../lib/client/options.js';
import { openSqliteStore } from '../../lib/store/sqlite/index.js';
import type { Store } from '../../lib/store/store.js';
import { decodePush } from '../../lib/wire/push.js';
import type { Connection, Transport } from '../../lib/transport/transport.js';
import { createWebSocketTransport } from '../../lib/transport/websocket.js';
import { DurableView } from './durable-view.js';
import { World } from './world.js';

jest.setTimeout(120_000);

const domain = 'example.org';
const eightDays = 8 * 86_400_000;

/** What left a client. */
interface Departed {
  readonly names: string[];
  /** What should not have left yet, and why. */
  readonly objections: Promise<string | undefined>[];
}

/** Looks at the file of the store whenever something is about to leave. */
function inspected(inner: Transport, path: string, { names, objections }: Departed): Transport {
  const note = (name: string, objection: Promise<string | undefined>): void => {
    names.push(name);
    objections.push(objection.then((found) => (found === undefined ? undefined : `${name}: ${found}`)));
  };
  return {
    async connect(options) {
      note('hello', new DurableView(path).objectionToHello(options.hello));
      const connection = await inner.connect(options);
      const inspectedConnection: Connection = {
        welcome: connection.welcome,
        closed: connection.closed,
        close: () => connection.close(),
        push(message) {
          // A sign of life says nothing that would have to be durable.
          const { kind } = decodePush(message).payload;
          note('push', Promise.resolve(kind === 'client-heartbeat' ? undefined : `no push of kind ${kind} is expected to leave a client`));
          connection.push(message);
        },
        request(name, body, requestOptions) {
          note(name, new DurableView(path).objection(name, body.slice()));
          return connection.request(name, body, requestOptions);
        },
      };
      return inspectedConnection;
    },
  };
}

/** A store that says durable at once and carries the commit out in the next turn of the event loop. */
function hasty(inner: Store): Store {
  let late = Promise.resolve();
  return {
    get: (table, key) => late.then(() => inner.get(table, key)),
    list: (table, range) => late.then(() => inner.list(table, range)),
    close: () => late.then(() => inner.close()),
    commit(writes) {
      const copies = writes.map((write) => ({ ...write, value: write.value?.slice() }));
      late = late
        .then(
          () =>
            new Promise<void>((resolve) => {
              setImmediate(resolve);
            }),
        )
        .then(() => inner.commit(copies));
      return Promise.resolve();
    },
  };
}

describe('everything that leaves a client over SQLite', () => {
  let world: World;
  let clients: Client[];

  beforeEach(async () => {
    world = new World();
    clients = [];
    await world.startRelay();
  });

  afterEach(async () => {
    for (const client of clients) await client.close();
    await world.end();
  });

  function options(userId: string, departed: Departed, openStore: (store: Store) => Store = (store) => store): ClientOptions {
    const path = world.path(`${userId}.db`);
    return {
      store: async () => openStore(await openSqliteStore({ path, unsafeTestingSharedAccess: true })),
      transport: inspected(createWebSocketTransport({ url: world.url }), path, departed),
    };
  }

  async function register(userId: string, departed: Departed, openStore?: (store: Store) => Store): Promise<Client> {
    const client = await Client.register({
      ...options(userId, departed, openStore),
      userId,
      deviceId: 'one',
      authCode: 'open',
      oneTimePreKeys: 5,
    });
    clients.push(client);
    return client;
  }

  /** Takes the next messages. */
  async function hear(client: Client, count: number): Promise<void> {
    let heard = 0;
    for await (const message of client.messages()) {
      await message.ack();
      heard += 1;
      if (heard === count) return;
    }
  }

  async function objectionsTo({ objections }: Departed): Promise<string[]> {
    return (await Promise.all(objections)).filter((objection) => objection !== undefined);
  }

  test('is durable before it leaves: hellos, registration, look-ups, invites, accepts, keys, messages and acknowledgements', async () => {
    const departed: Departed = { names: [], objections: [] };
    const alice = await register('alice', departed);
    const bob = await register('bob', departed);
    const toBob = { domain, userId: 'bob' };
    const toAlice = { domain, userId: 'alice' };
    await Promise.all(Array.from({ length: 10 }, (_, index) => alice.send(toBob, utf8(`first ${index}`))));
    await hear(bob, 10);
    for (let turn = 0; turn < 5; turn += 1) {
      await Promise.all([bob.send(toAlice, utf8(`answer ${turn}`)), bob.send(toAlice, utf8(`and more ${turn}`))]);
      await hear(alice, 2);
      await alice.send(toBob, utf8(`back ${turn}`));
      await hear(bob, 1);
    }
    await alice.close();
    const later = { ...systemClock, now: () => Date.now() + eightDays };
    const renewed = await Client.open({ ...options('alice', departed), common: { clock: later } });
    clients.push(renewed);
    await renewed.send(toBob, utf8('a week later'));
    await hear(bob, 1);
    await renewed.flush();
    await bob.flush();
    await renewed.close();
    await bob.close();

    expect(await objectionsTo(departed)).toEqual([]);
    const expected = ['hello', 'register_user', 'get_pre_key_bundle', 'invite', 'accept', 'send_one2one_msg', 'consume_proto_msg'];
    expect([...new Set(departed.names)].sort()).toEqual([...expected, 'publish_spk', 'supply_opks'].sort());
    expect(departed.names.filter((name) => name === 'send_one2one_msg')).toHaveLength(10 + 5 * 3 + 1);
  });

  test('is found to be premature when the store says durable too early', async () => {
    const honest: Departed = { names: [], objections: [] };
    const departed: Departed = { names: [], objections: [] };
    const bob = await register('bob', honest);
    const alice = await register('alice', departed, hasty);
    for (let index = 0; index < 10; index += 1) await alice.send({ domain, userId: 'bob' }, utf8(`hasty ${index}`));
    await hear(bob, 10);
    await alice.flush();
    await alice.close();
    const objections = await objectionsTo(departed);
    for (const name of ['invite', 'send_one2one_msg']) expect(objections).toContain(`${name}: no row of the outbox has these bytes`);
    expect(objections).toContain('consume_proto_msg: its push is not noted');
    expect(await objectionsTo(honest)).toEqual([]);
  });
});
