import { afterEach, describe, expect, test } from '@jest/globals';
import { Client, type StoreError } from '../../lib/index.js';
import { TransportError } from '../../lib/base/errors.js';
import { utf8 } from '../../lib/base/bytes.js';
import { type Device, World, until } from '../support/scenario.js';

let world: World;

afterEach(async () => {
  expect(await world.end()).toEqual([]);
});

function lines(count: number, from = 'line'): string[] {
  return Array.from({ length: count }, (_, position) => `${from} ${position}`);
}

async function pair(seed: string): Promise<[Device, Device]> {
  world = await World.create(seed);
  const alice = await world.join('alice');
  const bob = await world.join('bob');
  await alice.send(bob, 'hello');
  await bob.hears(1);
  await bob.send(alice, 'hello');
  await alice.hears(1);
  await alice.isQuiet();
  await bob.isQuiet();
  return [alice, bob];
}

describe('a process that ends between any two steps', () => {
  // Each number ends one of the two processes after so many of its commits; the story must end the same way.
  for (let commits = 1; commits <= 12; commits += 1) {
    for (const who of ['alice', 'bob'] as const) {
      test(`${who} stops after commit ${commits} of a conversation, starts again, and nothing is lost or doubled`, async () => {
        world = await World.create(`crash of ${who} at ${commits}`);
        const alice = await world.join('alice');
        const bob = await world.join('bob');
        const stopped = who === 'alice' ? alice : bob;
        const bound = stopped.commits + commits;
        const story = (async () => {
          for (const text of lines(3)) await alice.client.send(bob.user, utf8(text)).catch(() => undefined);
        })();
        await Promise.race([until(() => stopped.commits >= bound, 'the commit'), until(() => bob.received.length >= 3, 'the end')]);
        await stopped.restart();
        await story;
        const stored = new Set(lines(3));
        await world.passes(
          () => bob.texts.length > 0 || alice.rows('pending').length + alice.rows('outbox').length === 0,
          'something arrives',
        );
        await world.passes(() => alice.rows('pending').length + alice.rows('outbox').length === 0, 'everything leaves');
        await bob.isQuiet();
        const heard = bob.texts;
        expect(new Set(heard).size).toBe(heard.length);
        expect(heard.every((text) => stored.has(text))).toBe(true);
        expect([...heard].sort()).toEqual(heard);
        await alice.send(bob, 'the end');
        await bob.send(alice, 'the end');
        await bob.hears(heard.length + 1);
        await alice.hears(1);
        expect(bob.texts.at(-1)).toBe('the end');
        expect(alice.texts).toEqual(['the end']);
      });
    }
  }
});

describe('a store that fails', () => {
  test('a send whose commit fails is refused, uses up no key, and the next one works', async () => {
    const [alice, bob] = await pair('failing commit');
    alice.failures = ['disk-full'];
    await expect(alice.client.send(bob.user, utf8('lost'))).rejects.toMatchObject({
      name: 'StoreError',
      code: 'disk-full',
    } satisfies Partial<StoreError>);
    await alice.send(bob, 'kept');
    expect(await bob.hears(2)).toEqual(['hello', 'kept']);
    expect(bob.eventsOf('undecryptable')).toEqual([]);
  });

  test('many sends behind a failed commit all fail, and nothing of them leaves', async () => {
    const [alice, bob] = await pair('failing batch');
    const sentBefore = alice.traffic.sent.length;
    alice.failures = ['unavailable'];
    const results = await Promise.allSettled(lines(50).map((text) => alice.client.send(bob.user, utf8(text))));
    const failed = results.filter(({ status }) => status === 'rejected').length;
    expect(failed).toBeGreaterThan(0);
    const stored = lines(50).filter((_, position) => results[position]?.status === 'fulfilled');
    await alice.isQuiet();
    expect(await bob.hears(1 + stored.length)).toEqual(['hello', ...stored]);
    expect(alice.traffic.sent.slice(sentBefore).filter(({ name }) => name === 'send_one2one_msg')).toHaveLength(stored.length);
    await alice.send(bob, 'and on');
    expect((await bob.hears(2 + stored.length)).at(-1)).toBe('and on');
    expect(bob.eventsOf('undecryptable')).toEqual([]);
  });

  for (const outcome of ['outcome-unknown-applied', 'outcome-unknown-lost'] as const) {
    test(`a commit of unknown outcome (${outcome}) never makes a key seal twice`, async () => {
      const [alice, bob] = await pair(outcome);
      alice.failures = [outcome];
      await expect(alice.client.send(bob.user, utf8('perhaps'))).rejects.toMatchObject({ name: 'StoreError' });
      await alice.send(bob, 'surely');
      await alice.isQuiet();
      await bob.isQuiet();
      const expected = outcome === 'outcome-unknown-applied' ? ['hello', 'perhaps', 'surely'] : ['hello', 'surely'];
      expect(await bob.hears(expected.length)).toEqual(expected);
      expect(bob.eventsOf('undecryptable')).toEqual([]);
    });
  }

  test('a push whose commit fails has no effect, is not acknowledged, and is carried out later', async () => {
    const [alice, bob] = await pair('failing receive');
    bob.failures = ['unavailable', 'unavailable'];
    await alice.send(bob, 'persistent');
    await bob.sees('error');
    expect(bob.received).toHaveLength(1);
    await world.passes(() => bob.received.length === 2, 'the message is stored');
    await bob.isQuiet();
    expect(bob.texts).toEqual(['hello', 'persistent']);
    expect(bob.eventsOf('undecryptable')).toEqual([]);
  });
});

describe('registration', () => {
  test('after an outage in the middle the same call sends the same bytes', async () => {
    world = await World.create('registration twice');
    const alice = world.device('alice');
    alice.traffic.interfere = () => ({ error: new TransportError('offline', 'the answer is lost'), deliver: true });
    await expect(alice.register()).rejects.toMatchObject({ code: 'offline' });
    await expect(Client.open(alice.options())).rejects.toMatchObject({ code: 'no-account' });
    alice.traffic.interfere = undefined;
    await alice.register();
    const requests = alice.traffic.sent.filter(({ name }) => name === 'register_user');
    expect(requests).toHaveLength(2);
    expect(requests[0]?.body).toEqual(requests[1]?.body);
    const bob = await world.join('bob');
    await bob.send(alice, 'welcome');
    expect(await alice.hears(1)).toEqual(['welcome']);
  });

  test('a refused registration leaves nothing in the store', async () => {
    world = await World.create('registration refused', { registration: 'closed' });
    const alice = world.device('alice', 'one', { register: { authCode: 'wrong' } });
    await expect(alice.register()).rejects.toMatchObject({ name: 'ProtocolError', code: 'registration-refused' });
    expect([...alice.rows('account'), ...alice.rows('pre-key')]).toEqual([]);
    const invited = world.device('alice', 'one', { register: { authCode: await world.relay.relay.createInvitation() } }, alice.tables);
    await invited.register();
    expect(invited.client.address).toMatchObject({ userId: 'alice' });
  });

  test('a store with an account is not registered again', async () => {
    world = await World.create('registered already');
    const alice = await world.join('alice');
    await alice.close();
    await expect(alice.register()).rejects.toMatchObject({ name: 'UsageError', code: 'account-exists' });
    await alice.open();
  });
});
