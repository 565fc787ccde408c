import { expect, test } from '@jest/globals';
import { StoreError } from '../../lib/base/errors.js';
import type { Transport } from '../../lib/transport/transport.js';
import { decodePush } from '../../lib/wire/push.js';
import type { RequestName } from '../../lib/wire/request.js';
import { allTalk, areReady, backup, join, restore, say } from '../support/scenario-groups.js';
import { Gates, gate, turns } from '../support/scenario-gates.js';
import { type Device, World, until } from '../support/scenario.js';

test('messages keep their order when the store fails while they are being received', async () => {
  const world = await World.create('order after failure', { limits: { lowOneTimePreKeys: 0 } });
  const alice = await world.join('alice');
  const bob = await world.join('bob');
  await alice.send(bob, 'hello');
  await bob.hears(1);
  await bob.isQuiet();
  await alice.isQuiet();
  await bob.close();
  const expected = Array.from({ length: 12 }, (_, position) => `m${position}`);
  for (const text of expected) await alice.send(bob, text);
  await alice.client.flush();
  bob.received.length = 0;
  bob.failures = [undefined, 'unavailable', 'unavailable'];
  await bob.open();
  await world.passes(() => bob.received.length === 12, 'all arrive').catch(() => undefined);
  const { texts } = bob;
  await world.end();
  expect(texts).toEqual(expected);
});

test('an accept whose commit fails costs none of the messages behind it', async () => {
  const world = await World.create('accept and failure', { limits: { lowOneTimePreKeys: 0 } });
  const gates = new Gates();
  const alice = world.device('alice', 'one', { client: { store: gates.open } }, gates.tables);
  await alice.register();
  await alice.sees('connection');
  const bob = await world.join('bob');
  await bob.close();
  await alice.client.invite(bob.user);
  await alice.client.flush();
  await alice.close();
  await bob.open();
  await bob.sees('session-ready');
  const expected = Array.from({ length: 60 }, (_, position) => `m${position}`);
  for (const text of expected) await bob.send(alice, text);
  await bob.client.flush();
  let failed = false;
  gates.beforeCommit = (writes) => {
    if (failed || !writes.some(({ table }) => table === 'session')) return Promise.resolve();
    failed = true;
    return Promise.reject(new StoreError('unavailable', 'once'));
  };
  await alice.open();
  await world.passes(() => alice.received.length === 60, 'all arrive').catch(() => undefined);
  const got = alice.texts.length;
  const lost = alice.eventsOf('undecryptable').map(({ code }) => code);
  await world.end();
  expect({ failed, got, lost }).toEqual({ failed: true, got: 60, lost: [] });
});

test('what comes before the welcome of its connection is taken in, and cannot be stored, comes again', async () => {
  const world = await World.create('early pushes', { limits: { lowOneTimePreKeys: 0 } });
  const gates = new Gates();
  const { transport } = world.relay.network;
  // Pushes come as soon as the relay has said welcome.
  const slow: Transport = {
    connect: async (options) => {
      const connection = await transport.connect(options);
      await turns();
      return connection;
    },
  };
  const alice = await world.join('alice');
  const bob = await world.device('bob', 'one', { client: { store: gates.open, transport: slow } }, gates.tables).register();
  await alice.send(bob, 'hello');
  await bob.hears(1);
  await bob.isQuiet();
  await bob.close();
  const expected = ['m0', 'm1', 'm2'];
  for (const text of expected) await alice.send(bob, text);
  await alice.client.flush();
  let failed = 0;
  gates.beforeCommit = (writes) => {
    if (failed > 0 || !writes.some(({ table }) => table === 'push')) return Promise.resolve();
    failed += 1;
    return Promise.reject(new StoreError('unavailable', 'once'));
  };
  await bob.open();
  await world.passes(() => bob.received.length === 4, 'all arrive').catch(() => undefined);
  const { texts } = bob;
  await world.end();
  expect({ failed, texts }).toEqual({ failed: 1, texts: ['hello', ...expected] });
});

test('while no answer can be stored little is sent, however long that lasts, and everything is well when the store works again', async () => {
  const world = await World.create('a store that keeps failing', { limits: { lowOneTimePreKeys: 0 } });
  const gates = new Gates();
  const alice = world.device('alice', 'one', { client: { store: gates.open } }, gates.tables);
  await alice.register();
  const bob = await world.join('bob');
  await alice.send(bob, 'hello');
  await bob.hears(1);
  await alice.isQuiet();
  const expected = Array.from({ length: 40 }, (_, position) => `m${position}`);
  const sent = (): number => alice.traffic.sent.filter(({ name }) => name === 'send_one2one_msg').length;
  const before = sent();
  let fails = true;
  gates.beforeCommit = (writes) =>
    fails && writes.some(({ table, value }) => table === 'outbox' && value === undefined)
      ? Promise.reject(new StoreError('disk-full', 'no room'))
      : Promise.resolve();
  const promised: string[] = [];
  // A message whose commit runs beside that of an answer may be refused with it.
  for (const text of expected)
    await alice.send(bob, text).then(
      () => promised.push(text),
      () => undefined,
    );
  for (let second = 0; second < 3_600; second += 1) await world.clock.advance(1_000);
  expect(sent() - before).toBeLessThan(200);
  expect(alice.eventsOf('error').length).toBeGreaterThan(10);
  fails = false;
  await world.passes(() => promised.every((text) => bob.texts.includes(text)), 'everything arrives');
  await alice.send(bob, 'well again');
  await world.passes(() => bob.texts.includes('well again'), 'they go on');
  await alice.client.flush();
  expect(bob.texts.filter((text) => promised.includes(text))).toEqual(promised);
  expect(new Set(bob.texts).size).toBe(bob.texts.length);
  await world.end();
});

/** As `inner`, but answers to requests called `name` do not come before `opened`. `onPush` hears of what comes, by its kind. */
function keepsBack(inner: Transport, name: RequestName, opened: Promise<void>, onPush: (kind: string) => void): Transport {
  return {
    connect: async (options) => {
      const connection = await inner.connect({
        ...options,
        onPush: (bytes) => {
          options.onPush(bytes);
          onPush(decodePush(bytes).payload.kind);
        },
      });
      return {
        welcome: connection.welcome,
        closed: connection.closed,
        push: (message) => connection.push(message),
        close: () => connection.close(),
        request: async (called, body, requestOptions) => {
          const answer = await connection.request(called, body, requestOptions);
          if (called === name) await opened;
          return answer;
        },
      };
    },
  };
}

test('what came for a group while its change was on its way is handled although the commit of the answer has no known outcome', async () => {
  const world = await World.create('unknown answer', { limits: { lowOneTimePreKeys: 0 } });
  const answers = gate();
  let messages = 0;
  const transport = keepsBack(world.relay.network.transport, 'add_group_members', answers.opened, (kind) => {
    if (kind === 'message') messages += 1;
  });
  const alice = await world.join('alice', 'one', { client: { transport } });
  const [bob, carol] = (await join(world, 'bob', 'carol')) as [Device, Device];
  await alice.send(carol, 'hello');
  await carol.hears(1);
  const group = await alice.client.createGroup({ name: 'us', members: [bob.user] });
  await areReady(world, bob);
  await allTalk(world, group, [alice, bob], 'before');
  await alice.isQuiet();
  await bob.isQuiet();
  const adding = alice.client.addGroupMembers(group, [carol.user]).then(
    () => 'carried out',
    (error: unknown) => (error instanceof StoreError ? error.code : error),
  );
  await bob.sees('group-members-added');
  const before = messages;
  await say(bob, group, 'meanwhile');
  await until(() => messages > before, 'the message comes before the answer');
  expect(alice.texts).not.toContain('meanwhile');
  alice.failures = ['outcome-unknown-applied'];
  answers.open();
  expect(await adding).toBe('outcome-unknown');
  await world.passes(() => alice.texts.includes('meanwhile'), 'the message is read');
  await areReady(world, carol);
  await allTalk(world, group, [alice, bob, carol], 'after');
  expect(alice.eventsOf('error').map(({ during }) => during)).toEqual(['answer to add_group_members']);
  await world.end();
});

test('that a device has gone on with an earlier store is taken in behind the answer that could not be stored, also while everything is loaded anew', async () => {
  const world = await World.create('restored meanwhile', { limits: { lowOneTimePreKeys: 0 } });
  const [answers, loading] = [gate(), gate()];
  const kinds: string[] = [];
  const gates = new Gates();
  const transport = keepsBack(world.relay.network.transport, 'create_group', answers.opened, (kind) => kinds.push(kind));
  const alice = world.device('alice', 'one', { client: { store: gates.open, transport } }, gates.tables);
  await alice.register();
  await alice.sees('connection');
  const [bob, carol] = (await join(world, 'bob', 'carol')) as [Device, Device];
  for (const other of [bob, carol]) await alice.send(other, 'hello');
  await world.passes(() => bob.texts.includes('hello') && carol.texts.includes('hello'), 'they have sessions');
  await alice.isQuiet();
  const tables = await backup(bob);
  const creating = alice.client.createGroup({ name: 'us', members: [bob.user, carol.user] });
  for (const other of [bob, carol]) await other.sees('group-created');
  let isLost = false;
  gates.beforeCommit = (writes) => {
    if (isLost || !writes.some(({ table }) => table === 'group')) return Promise.resolve();
    isLost = true;
    return Promise.reject(new StoreError('outcome-unknown', 'the test hides how the commit went'));
  };
  let isLoading = false;
  gates.beforeList = async () => {
    isLoading ||= isLost;
    if (isLost) await loading.opened;
  };
  answers.open();
  await until(() => isLoading, 'everything is loaded anew');
  const restored = await restore(world, bob, tables);
  await until(() => kinds.includes('add-user-device'), 'the relay tells of the restored device');
  await turns();
  loading.open();
  await world.passes(() => alice.eventsOf('group-created').length > 0, 'the answer comes again');
  const group = await creating;
  await areReady(world, carol, restored);
  await allTalk(world, group, [alice, restored, carol], 'after');
  expect(alice.eventsOf('undecryptable')).toEqual([]);
  await world.end();
});

test('a device for which a commit without a known outcome has left something is invited', async () => {
  const world = await World.create('unknown first message', { limits: { lowOneTimePreKeys: 0 } });
  const alice = await world.join('alice');
  const bob = await world.join('bob');
  await alice.isQuiet();
  alice.failures = ['outcome-unknown-applied'];
  await expect(alice.send(bob, 'perhaps')).rejects.toMatchObject({ code: 'outcome-unknown' });
  await world.passes(() => bob.texts.includes('perhaps'), 'the message arrives');
  const connections = alice.eventsOf('connection').length;
  await world.end();
  expect(connections).toBe(1);
});

test('a store that takes no invite does not make the relay be asked for the same device without end', async () => {
  const world = await World.create('no invite is stored', { limits: { lowOneTimePreKeys: 0 } });
  const gates = new Gates();
  const alice = world.device('alice', 'one', { client: { store: gates.open } }, gates.tables);
  await alice.register();
  await alice.sees('connection');
  const bob = await world.join('bob');
  const lookUps = (): number => alice.traffic.sent.filter(({ name }) => name === 'get_pre_key_bundle').length;
  let fails = true;
  gates.beforeCommit = (writes) =>
    fails && writes.some(({ table }) => table === 'session') ? Promise.reject(new StoreError('disk-full', 'no room')) : Promise.resolve();
  await alice.send(bob, 'hello');
  for (let second = 0; second < 600; second += 1) {
    await turns(2);
    await world.clock.advance(1_000);
  }
  expect(lookUps()).toBeGreaterThan(2);
  expect(lookUps()).toBeLessThan(20);
  fails = false;
  await world.passes(() => bob.texts.includes('hello'), 'the message arrives');
  await world.end();
});
