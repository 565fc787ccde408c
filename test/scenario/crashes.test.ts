import { afterEach, describe, expect, test } from '@jest/globals';
import { Client, type StoreError } from '../../lib/index.js';
import { TransportError } from '../../lib/base/errors.js';
import { utf8 } from '../../lib/base/bytes.js';
import { type Device, World } from '../support/scenario.js';

let world: World;

afterEach(async () => {
  expect(await world.end()).toEqual([]);
});

function lines(count: number): string[] {
  return Array.from({ length: count }, (_, position) => `line ${position}`);
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

interface Said {
  readonly from: Device;
  readonly to: Device;
  readonly text: string;
}

/** Writes and answers, as long as the processes live; gives what was confirmed as stored. */
async function converse(alice: Device, bob: Device): Promise<Said[]> {
  const stored: Said[] = [];
  const say = async (from: Device, to: Device, text: string): Promise<void> => {
    await from.client.send(to.user, utf8(text)).then(
      () => stored.push({ from, to, text }),
      () => undefined,
    );
  };
  for (let round = 0; round < 3; round += 1) {
    await say(alice, bob, `question ${round}`);
    await world.passes(() => bob.received.length > round || alice.isDead || bob.isDead, 'Bob hears the question');
    await say(bob, alice, `answer ${round}`);
    await world.passes(() => alice.received.length > round || alice.isDead || bob.isDead, 'Alice hears the answer');
  }
  return stored;
}

describe('a process that dies at any commit', () => {
  for (const mode of ['before-commit', 'in-commit'] as const) {
    for (const who of ['alice', 'bob'] as const) {
      for (let commit = 1; commit <= 14; commit += 1) {
        test(`${who} dies ${mode} ${commit} of a conversation: after a new start nothing is lost, doubled or unreadable`, async () => {
          world = await World.create(`${who} dies ${mode} ${commit}`, { limits: { lowOneTimePreKeys: 0 } });
          const alice = await world.join('alice');
          const bob = await world.join('bob');
          const victim = who === 'alice' ? alice : bob;
          victim.dies(commit, mode);
          const stored = await converse(alice, bob);
          await victim.close();
          const revived = await world.device(who, 'one', { seed: 'revived' }, victim.tables).open();
          const other = victim === alice ? bob : alice;
          const all = (device: Device): string[] => [...new Set([...device.texts, ...(device === victim ? revived.texts : [])])];
          await world.passes(() => stored.every(({ to, text }) => all(to).includes(text)), 'everything stored arrives');
          await revived.send(other, 'I am back');
          await other.client.send(revived.user, utf8('welcome back'));
          await world.passes(() => other.texts.includes('I am back') && revived.texts.includes('welcome back'), 'they go on');
          await revived.isQuiet();
          // What the dead process had acknowledged does not come again; what it had not may.
          const acknowledged = new Set(victim.acknowledged.map(({ messageId }) => messageId));
          expect(revived.received.filter(({ messageId }) => acknowledged.has(messageId))).toEqual([]);
          for (const { texts } of [victim, revived, other]) expect(new Set(texts).size).toBe(texts.length);
          const unreadable = [...revived.eventsOf('undecryptable'), ...other.eventsOf('undecryptable')];
          expect(unreadable.filter(({ code }) => code !== 'duplicate')).toEqual([]);
        });
      }
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
