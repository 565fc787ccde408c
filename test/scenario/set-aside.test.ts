/** Pushes whose handling fails, for a reason that lies in the client: tried a few times, then set aside. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { InternalError } from '../../lib/base/errors.js';
import { limits } from '../../lib/base/limits.js';
import type { Asymmetric } from '../../lib/client/asymmetric.js';
import { seededRun } from '../support/seeded-jobs.js';
import { type Device, World, until } from '../support/scenario.js';

let world: World;

afterEach(async () => {
  expect(await world.end()).toEqual([]);
});

/** A defect that can be switched on: whatever needs a computation fails. */
class Defect {
  isThere = false;
  readonly #run: Asymmetric['run'];

  constructor(seed: string) {
    this.#run = seededRun(`${seed} jobs of the one with the defect`);
  }

  get asymmetric(): Asymmetric {
    return {
      run: (computation, signal) => {
        if (this.isThere) throw new InternalError('test-defect', 'the test broke this client');
        return this.#run(computation, signal);
      },
    };
  }
}

async function pair(seed: string): Promise<{ readonly alice: Device; readonly bob: Device; readonly defect: Defect }> {
  world = await World.create(seed, { limits: { lowOneTimePreKeys: 0 } });
  const defect = new Defect(seed);
  const alice = await world.join('alice');
  const bob = await world.join('bob', 'one', { client: { asymmetric: defect.asymmetric } });
  await alice.send(bob, 'first');
  await bob.hears(1);
  await bob.isQuiet();
  await alice.isQuiet();
  return { alice, bob, defect };
}

/** Bob cannot handle what Alice sends now, however often, until it is set aside. */
async function isSetAside({ alice, bob, defect }: Awaited<ReturnType<typeof pair>>): Promise<void> {
  defect.isThere = true;
  await alice.send(bob, 'poison');
  await world.passes(() => bob.eventsOf('push-set-aside').length > 0, 'the push is set aside');
  defect.isThere = false;
  await bob.isQuiet();
}

function mails(): number {
  return [...world.relay.tables.rows('mailbox').entries({ prefix: '', after: undefined, reverse: false })].length;
}

describe('a push that cannot be handled', () => {
  test('is tried three times on one connection, holds up nothing, and is set aside with its reason', async () => {
    const { alice, bob, defect } = await pair('poison');
    defect.isThere = true;
    await alice.send(bob, 'poison');
    await bob.sees('error');
    defect.isThere = false;
    await alice.send(bob, 'behind it');
    expect(await bob.hears(2)).toEqual(['first', 'behind it']);
    defect.isThere = true;
    await world.passes(() => bob.eventsOf('push-set-aside').length > 0, 'the push is set aside');
    defect.isThere = false;
    expect(bob.eventsOf('push-set-aside')).toMatchObject([{ kind: 'message', code: 'test-defect', from: alice.address }]);
    expect(bob.eventsOf('error')).toHaveLength(limits.pushTries);
    await bob.isQuiet();
    expect(await bob.client.status()).toMatchObject({ setAside: 1, unconsumedPushes: 0 });
    await until(() => mails() === 0, 'the relay has nothing left for Bob');
    expect(bob.eventsOf('connection').filter(({ state }) => state === 'disconnected')).toEqual([]);
    // It does not come again.
    bob.events.length = 0;
    await bob.restart();
    await bob.sees('connection');
    await alice.send(bob, 'and on');
    await bob.hears(3);
    expect([bob.eventsOf('error'), bob.eventsOf('push-set-aside'), bob.eventsOf('undecryptable')]).toEqual([[], [], []]);
    expect((await bob.client.status()).setAside).toBe(1);
  });

  test('that can be handled at the next try has its effect once, and its tries are forgotten', async () => {
    const { alice, bob, defect } = await pair('second try');
    defect.isThere = true;
    await alice.send(bob, 'second');
    await bob.sees('error');
    await until(() => bob.rows('push').some(({ key }) => Buffer.from(key).includes('tries')), 'the failure is counted');
    defect.isThere = false;
    await world.passes(() => bob.received.length === 2, 'it is handled');
    await bob.isQuiet();
    expect(bob.texts).toEqual(['first', 'second']);
    expect(bob.rows('push').filter(({ key }) => Buffer.from(key).includes('tries'))).toEqual([]);
    expect((await bob.client.status()).setAside).toBe(0);
  });

  test('is counted over restarts', async () => {
    const { alice, bob, defect } = await pair('restarts');
    defect.isThere = true;
    await alice.send(bob, 'poison');
    for (let start = 1; start < limits.pushTries; start += 1) {
      await bob.sees('error', start);
      await until(() => bob.rows('push').some(({ key }) => Buffer.from(key).includes('tries')), 'the failure is counted');
      await bob.restart();
    }
    await bob.sees('push-set-aside');
    expect(bob.eventsOf('error')).toHaveLength(limits.pushTries);
  });

  test('whose session is damaged in the store does not end the connection again and again', async () => {
    const { alice, bob } = await pair('damaged row');
    await bob.close();
    const rows = bob.tables.rows('ratchet');
    const damaged = bob.rows('ratchet').map(({ key, value }) => {
      const text = Buffer.from(key).toString('latin1');
      rows.set(text, value.slice(0, 1));
      return { text, value: value.slice() };
    });
    expect(damaged.length).toBeGreaterThan(0);
    await bob.open();
    await bob.sees('connection', 2);
    bob.events.length = 0;
    await alice.send(bob, 'second');
    await world.passes(() => bob.eventsOf('push-set-aside').length > 0, 'the push is set aside');
    expect(bob.eventsOf('push-set-aside')).toMatchObject([{ code: 'damaged' }]);
    expect(bob.eventsOf('connection').filter(({ state }) => state === 'disconnected')).toEqual([]);
    // The rows are as they were again: somebody has repaired the store.
    for (const { text, value } of damaged) rows.set(text, value);
    const [push] = await bob.client.setAside();
    await push?.retry();
    expect(await bob.hears(2)).toEqual(['first', 'second']);
  });
});

describe('what was set aside', () => {
  test('can be looked at, and is handled by a retry once the defect is gone, also after a restart', async () => {
    const parties = await pair('retry');
    const { alice, bob, defect } = parties;
    await isSetAside(parties);
    await bob.restart();
    defect.isThere = true;
    const [failing] = await bob.client.setAside();
    expect(failing).toMatchObject({ kind: 'message', code: 'test-defect', from: alice.address });
    await expect(failing?.retry()).rejects.toMatchObject({ code: 'test-defect' });
    expect((await bob.client.status()).setAside).toBe(1);
    defect.isThere = false;
    const [push] = await bob.client.setAside();
    await push?.retry();
    expect(await bob.hears(2)).toEqual(['first', 'poison']);
    expect(await bob.client.setAside()).toEqual([]);
    expect((await bob.client.status()).setAside).toBe(0);
    // Once: it has gone.
    await push?.retry();
    expect(bob.texts).toEqual(['first', 'poison']);
    await alice.send(bob, 'and on');
    expect(await bob.hears(3)).toEqual(['first', 'poison', 'and on']);
  });

  test('can be dropped', async () => {
    const parties = await pair('drop');
    const { alice, bob } = parties;
    await isSetAside(parties);
    const [push] = await bob.client.setAside();
    await push?.drop();
    expect((await bob.client.status()).setAside).toBe(0);
    expect(bob.rows('push').filter(({ key }) => Buffer.from(key).includes('aside'))).toEqual([]);
    await bob.restart();
    await alice.send(bob, 'and on');
    expect(await bob.hears(2)).toEqual(['first', 'and on']);
  });

  for (const mode of ['before-commit', 'in-commit'] as const) {
    for (let commit = 1; commit <= 4; commit += 1) {
      test(`is neither lost nor doubled when the process dies ${mode} ${commit} of the tries`, async () => {
        const parties = await pair(`dies ${mode} ${commit}`);
        const { alice, bob, defect } = parties;
        defect.isThere = true;
        bob.dies(commit, mode);
        await alice.send(bob, 'poison');
        await world.passes(() => bob.isDead || bob.eventsOf('push-set-aside').length > 0, 'the process dies');
        await bob.close();
        const seed = { seed: 'revived', client: { asymmetric: defect.asymmetric } };
        const revived = await world.device('bob', 'one', seed, bob.tables).open();
        await revived.sees('connection');
        if (revived.rows('push').every(({ key }) => !Buffer.from(key).includes('aside'))) {
          await world.passes(() => revived.eventsOf('push-set-aside').length > 0, 'the push is set aside');
        }
        defect.isThere = false;
        const found = await revived.client.setAside();
        expect(found).toHaveLength(1);
        await found[0]?.retry();
        await until(() => revived.texts.includes('poison'), 'it is read');
        expect(revived.texts.filter((text) => text === 'poison')).toHaveLength(1);
      });
    }
  }
});
