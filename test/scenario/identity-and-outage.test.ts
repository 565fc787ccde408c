import { expect, test } from '@jest/globals';
import { StoreError, TransportError } from '../../lib/base/errors.js';
import type { Connection, Transport } from '../../lib/transport/transport.js';
import { MemoryTables, openMemoryStore } from '../../lib/store/memory/memory-store.js';
import type { Store, Write } from '../../lib/store/store.js';
import { turns } from '../support/scenario-gates.js';
import { World, until } from '../support/scenario.js';

test('a connection whose renewed token could not be stored does not stay open behind the client', async () => {
  const world = await World.create('leaked connection', { limits: { lowOneTimePreKeys: 0 } });
  const tables = new MemoryTables();
  let failing = false;
  const store = async (): Promise<Store> => {
    const inner = await openMemoryStore({ unsafeTestingTables: tables });
    return {
      get: (table, key) => inner.get(table, key),
      list: (table, range) => inner.list(table, range),
      close: () => inner.close(),
      commit: async (writes: readonly Write[]) => {
        if (failing && writes.some(({ table }) => table === 'account')) throw new StoreError('unavailable', 'no');
        await inner.commit(writes);
      },
    };
  };
  const open = new Set<Connection>();
  let made = 0;
  const inner = world.relay.network.transport;
  const transport: Transport = {
    async connect(options) {
      const connection = await inner.connect(options);
      made += 1;
      open.add(connection);
      void connection.closed.then(() => open.delete(connection));
      return connection;
    },
  };
  const alice = world.device('alice', 'one', { client: { store, transport } }, tables);
  await alice.register();
  await alice.sees('connection');
  const { tokenExpires } = await alice.client.status();
  await alice.close();
  world.clock.leap(tokenExpires - world.clock.now() + 1_000);
  failing = true;
  const first = made;
  await alice.open();
  await until(() => made > first && open.size === 0, 'the connection is made and closed again');
  await alice.close();
  await turns(50);
  const left = open.size;
  await world.end();
  expect(left).toBe(0);
});

test('after trustIdentity what is sent reaches the new identity and is not lost on the old session', async () => {
  const world = await World.create('trust and send', { limits: { lowOneTimePreKeys: 0 } });
  const alice = await world.join('alice');
  const bob = await world.join('bob');
  await alice.send(bob, 'first');
  await bob.hears(1);
  await alice.isQuiet();
  await bob.close();
  await alice.close();
  await world.relay.relay.removeDevice('bob', 'one');
  world.relay.tables.rows('mailbox').clear();
  const again = await world.device('bob', 'one', { seed: 'reinstalled' }).register();
  await alice.open();
  await again.client.invite(alice.user);
  await alice.sees('identity-changed');
  await alice.client.trustIdentity(bob.address);
  await alice.send(bob, 'second');
  await world.passes(() => again.received.length === 1, 'the message arrives').catch(() => undefined);
  const { texts } = again;
  const odd = again.eventsOf('undecryptable').map(({ code }) => code);
  await world.end();
  expect({ texts, odd }).toEqual({ texts: ['second'], odd: [] });
});

test('invites that a peer refused do not keep it from being invited later', async () => {
  const world = await World.create('dead invites', { limits: { lowOneTimePreKeys: 0 } });
  const alice = await world.join('alice');
  const bob = await world.join('bob');
  await alice.send(bob, 'first');
  await bob.hears(1);
  await bob.isQuiet();
  await alice.close();
  await bob.close();
  await world.relay.relay.removeDevice('alice', 'one');
  world.relay.tables.rows('mailbox').clear();
  await bob.open();
  const again = await world.device('alice', 'one', { seed: 'reinstalled' }).register();
  for (let round = 1; round <= 5; round += 1) {
    await again.client.invite(bob.user);
    await turns(60);
  }
  await bob.sees('identity-changed', 4);
  await bob.client.trustIdentity(alice.address);
  const result = await again.client.invite(bob.user);
  await world.end();
  expect(result).toMatchObject([{ state: 'invited' }]);
});

test('a transport error while bundles are fetched does not spin', async () => {
  const world = await World.create('spin', { limits: { lowOneTimePreKeys: 0 } });
  const inner = world.relay.network.transport;
  let asked = 0;
  let lie = false;
  const transport: Transport = {
    async connect(options) {
      const connection = await inner.connect(options);
      return {
        welcome: connection.welcome,
        closed: connection.closed,
        push: (message) => connection.push(message),
        close: () => connection.close(),
        request: async (name, body, requestOptions) => {
          if (!lie || name !== 'get_pre_key_bundle') return connection.request(name, body, requestOptions);
          asked += 1;
          await turns(1);
          throw new TransportError('timeout', 'no answer');
        },
      };
    },
  };
  const alice = await world.join('alice', 'one', { client: { transport } });
  const bob = await world.join('bob');
  lie = true;
  await alice.send(bob, 'hello');
  await turns(500);
  const made = asked;
  lie = false;
  await world.end();
  expect(made).toBeLessThan(10);
});
