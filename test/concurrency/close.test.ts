import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { Client, E2eeError, type GroupAddress, type ReceivedMessage } from '../../lib/index.js';
import { fromUtf8, utf8 } from '../../lib/base/bytes.js';
import { MemoryTables, openMemoryStore } from '../../lib/store/memory/memory-store.js';
import { openSqliteStore } from '../../lib/store/sqlite/index.js';
import type { Store } from '../../lib/store/store.js';
import { Scratch } from '../store/scratch.js';
import { type Device, World } from '../support/scenario.js';
import { Boundaries } from './boundaries.js';
import { type Moment, atEveryMoment } from './moments.js';

jest.setTimeout(90_000);

/** Time stands still while Alice is closed and opened, so all her changes of groups fall into one minute: more of them than a device may usually make. */
const relayLimits = { lowOneTimePreKeys: 0, groupChanges: { count: 10_000, per: 60_000 } };

let world: World;

afterEach(async () => {
  await world.end();
});

/** Alice, who is closed and opened all the time. */
interface Subject {
  readonly device: Device;
  readonly boundaries: Boundaries;
  readonly opened: ReceivedMessage[];
}

async function subject(userId: string, open: (tables: MemoryTables) => Promise<Store>): Promise<Subject> {
  const boundaries = new Boundaries();
  const tables = new MemoryTables();
  const seams = boundaries.seams(() => open(tables), world.relay.network.transport, userId);
  const device = await world.device(userId, 'one', { client: seams }, tables).register();
  await device.sees('connection');
  return { device, boundaries, opened: [] };
}

/** What is known after the calls of one life. */
interface Life {
  /** Texts whose send had resolved. */
  readonly sent: string[];
  readonly groups: GroupAddress[];
  /** Codes of the calls that failed. */
  readonly codes: Set<string>;
  readonly odd: string[];
}

/** Makes one of every call at once and closes the client at `moment`; gives what had resolved. */
async function closeWhileBusy(
  { device, boundaries }: Subject,
  peers: readonly Device[],
  moment: Moment,
  life: string,
): Promise<[Life, boolean]> {
  const { client } = device;
  const found: Life = { sent: [], groups: [], codes: new Set(), odd: [] };
  let open = 0;
  const settles = async <T>(what: string, call: Promise<T>, then: (value: T) => void = () => undefined): Promise<void> => {
    open += 1;
    await call.then(then, (error: unknown) => {
      if (error instanceof E2eeError) found.codes.add(error.code);
      if (!(error instanceof E2eeError) || error.code !== 'client-closed') found.odd.push(`${what}: ${String(error)}`);
    });
    open -= 1;
  };
  const [bob, carol] = [peers[0]!, peers[1]!];
  const lines = Array.from({ length: 6 }, (_, line) => `${life} line ${line}`);
  const calls = [
    ...lines.map((text) => settles('send', client.send(bob.user, utf8(text)), () => found.sent.push(text))),
    settles('createGroup', client.createGroup({ name: life, members: [bob.user] }), (group) => found.groups.push(group)),
    settles('invite', client.invite(carol.user)),
    settles('status', client.status()),
    settles('groups', client.groups()),
    settles('devices', client.devices(bob.user)),
    settles('fingerprint', client.fingerprint(bob.user)),
    settles('updateUser', client.updateUser({ kind: 'name', name: life })),
    settles('sync', client.sync()),
    settles('flush', client.flush()),
    ...(await client.groups().catch(() => []))
      .slice(0, 1)
      .flatMap(({ address }) => [
        settles('sendToGroup', client.sendToGroup(address, utf8(`${life} to all`)), () => found.sent.push(`${life} to all`)),
        settles('lookUpGroup', client.lookUpGroup(address)),
        settles('addGroupMembers', client.addGroupMembers(address, [carol.user])),
        settles('removeGroupMembers', client.removeGroupMembers(address, [carol.user])),
      ]),
    settles('a message to Alice', bob.client.send(device.user, utf8(`to Alice in ${life}`))),
  ];
  let closing: Promise<void> | undefined;
  moment.await(boundaries, () => {
    if (open > 0) closing = client.close();
  });
  await Promise.all(calls);
  boundaries.disarm();
  const fired = closing !== undefined;
  await (closing ?? client.close());
  const { storeCalls } = boundaries;
  for (let number = 0; number < 20; number += 1) await turn();
  expect([moment.name, boundaries.storeCalls - storeCalls]).toEqual([moment.name, 0]);
  expect([moment.name, found.odd]).toEqual([moment.name, []]);
  return [found, fired];
}

/** Closes a client at every moment of its busy time; everything it had promised comes true in its later lives. */
async function closesAnywhere(open: (tables: MemoryTables) => Promise<Store>, microtasks: number, most: number): Promise<number> {
  const alice = await subject('alice', open);
  const bob = await world.join('bob');
  const carol = await world.join('carol');
  await alice.device.send(bob, 'hello');
  await bob.hears(1);
  const sent = ['hello'];
  const groups: GroupAddress[] = [];
  let lives = 0;
  const moments = await atEveryMoment(
    microtasks,
    async (moment, number) => {
      lives = number;
      const [life, fired] = await closeWhileBusy(alice, [bob, carol], moment, `life ${number}`);
      sent.push(...life.sent);
      groups.push(...life.groups);
      await alice.device.restart();
      await world.passes(() => alice.device.eventsOf('connection').at(-1)?.state === 'connected', 'Alice is back');
      return fired;
    },
    most,
  );
  await world.passes(() => sent.every((text) => bob.texts.includes(text)), 'everything that was promised arrives');
  await alice.device.client.flush();
  await alice.device.isQuiet();
  await bob.isQuiet();
  const promised = new Set(sent);
  const lines = bob.texts.filter((text) => !text.endsWith('to all'));
  // What was closed off may have been stored or not; of one device nothing comes twice or out of order.
  expect(new Set(lines).size).toBe(lines.length);
  expect(lines).toEqual([...lines].sort((one, other) => rank(one) - rank(other)));
  expect(sent.filter((text) => !bob.texts.includes(text))).toEqual([]);
  expect(promised.size).toBe(sent.length);
  const known = (await alice.device.client.groups()).map(({ address }) => address.groupId);
  expect(groups.filter(({ groupId }) => !known.includes(groupId))).toEqual([]);
  const heard = new Set(alice.device.received.map(({ bytes }) => fromUtf8(bytes)));
  expect(Array.from({ length: lives }, (_, number) => `to Alice in life ${number + 1}`).filter((text) => !heard.has(text))).toEqual([]);
  const acknowledged = alice.device.acknowledged.map(({ messageId }) => messageId);
  expect(new Set(acknowledged).size).toBe(acknowledged.length);
  for (const device of [alice.device, bob, carol]) {
    // An accept may come again, a message never.
    const unreadable = device.eventsOf('undecryptable').filter(({ code, messageId }) => code !== 'duplicate' || messageId !== undefined);
    expect(unreadable).toEqual([]);
    expect(device.eventsOf('error').map(({ during, error }) => [during, String(error)])).toEqual([]);
  }
  return moments;
}

/** Position of a line among all that Alice has sent. */
function rank(text: string): number {
  const [, life = '-1', line = '0'] = /^life (\d+) line (\d+)$/u.exec(text) ?? [];
  return Number(life) * 100 + Number(line);
}

describe('closing a client at any moment of its busy time settles every call and loses nothing', () => {
  test('over memory', async () => {
    world = await World.create('close over memory', { limits: relayLimits });
    const moments = await closesAnywhere((tables) => openMemoryStore({ unsafeTestingTables: tables }), 12, 30);
    expect(moments).toBeGreaterThan(40);
  });

  test('over SQLite', async () => {
    const scratch = new Scratch();
    world = await World.create('close over SQLite', { limits: relayLimits });
    await closesAnywhere(() => openSqliteStore({ path: scratch.path('alice.db') }), 0, 8);
    await world.end();
    scratch.remove();
  });
});

describe('closing', () => {
  test('twice, and in a listener, is closing once', async () => {
    world = await World.create('close in a listener');
    const alice = await world.join('alice');
    const bob = await world.join('bob');
    const { client } = alice;
    let closing: Promise<void> | undefined;
    client.on('session-ready', () => {
      closing = client.close();
      return closing;
    });
    await alice.send(bob, 'hello');
    await world.passes(() => closing !== undefined, 'the listener closes');
    expect(client.close()).toBe(closing);
    await closing;
    await expect(client.send(bob.user, utf8('late'))).rejects.toMatchObject({ code: 'client-closed' });
    await expect(client.status()).rejects.toMatchObject({ code: 'client-closed' });
    await alice.restart();
    await bob.hears(1);
    expect(alice.eventsOf('error')).toEqual([]);
  });

  test('at the end of a block', async () => {
    world = await World.create('await using');
    const alice = await world.join('alice');
    const bob = await world.join('bob');
    await alice.close();
    let kept: Client | undefined;
    {
      await using client = await Client.open(alice.options());
      kept = client;
      await client.send(bob.user, utf8('from the block'));
    }
    await expect(kept.send(bob.user, utf8('late'))).rejects.toMatchObject({ code: 'client-closed' });
    await alice.open();
    expect(await bob.hears(1)).toEqual(['from the block']);
  });

  test('ends every iterator of messages, however many wait on it, and returning one ends its waits', async () => {
    world = await World.create('iterators');
    const alice = await world.join('alice');
    const iterator = alice.client.messages();
    const waits = [iterator.next(), iterator.next(), iterator.next()];
    await turn();
    await iterator.return?.();
    expect(await Promise.all(waits)).toEqual(waits.map(() => ({ done: true, value: undefined })));
    const others = [alice.client.messages().next(), alice.client.messages().next()];
    await alice.close();
    expect(await Promise.all(others)).toEqual(others.map(() => ({ done: true, value: undefined })));
  });
});
