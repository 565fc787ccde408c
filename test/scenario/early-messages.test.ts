/** Messages that come before the accept of their session: kept in the store, opened in order when it has come. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { limits } from '../../lib/base/limits.js';
import { defaultSuite, suiteByName } from '../../lib/crypto/cipher-suite.js';
import { decodePayload, decodePush } from '../../lib/wire/push.js';
import { type Device, World, until } from '../support/scenario.js';
import { Meddler } from '../reference/meddler.js';

let world: World;

afterEach(async () => {
  expect(await world.end()).toEqual([]);
});

interface Parties {
  readonly alice: Device;
  readonly bob: Device;
  readonly meddler: Meddler;
}

/** Alice has invited Bob, who has answered and written; his answer is kept back from her. */
async function overtaken(seed: string, texts: readonly string[]): Promise<Parties> {
  world = await World.create(seed, { limits: { lowOneTimePreKeys: 0 } });
  const meddler = new Meddler();
  const alice = await meddler.join(world, 'alice');
  const bob = await world.join('bob');
  await meddler.keepsBack('accept', () => alice.client.invite(bob.user));
  for (const text of texts) await bob.send(alice, text);
  return { alice, bob, meddler };
}

/** The session of a message; the same for all other pushes. */
function sessionOf(push: Uint8Array): string {
  const payload = decodePayload(decodePush(push).payload);
  return payload?.kind === 'message' ? payload.value.sessionId : '';
}

async function early(device: Device): Promise<number> {
  return (await device.client.status()).earlyMessages;
}

async function areHeld({ alice }: Parties, count: number): Promise<void> {
  await until(() => alice.rows('pending').filter(({ key }) => Buffer.from(key).includes('early')).length === count, `${count} are held`);
  await alice.isQuiet();
  expect(await early(alice)).toBe(count);
}

describe('messages that come before the accept of their session', () => {
  test('are acknowledged, are still there after a restart, and are read in order when it has come', async () => {
    const texts = ['one', 'two', 'three'];
    const parties = await overtaken('kept', texts);
    const { alice, bob, meddler } = parties;
    await areHeld(parties, 3);
    expect(alice.received).toEqual([]);
    meddler.kept.length = 0;
    await alice.restart();
    await until(() => meddler.kept.length > 0, 'the accept comes again');
    expect(await early(alice)).toBe(3);
    // What comes after it stays behind them.
    meddler.release();
    await bob.send(alice, 'four');
    expect(await alice.hears(4)).toEqual([...texts, 'four']);
    await alice.isQuiet();
    expect(await early(alice)).toBe(0);
    expect(alice.eventsOf('undecryptable')).toEqual([]);
    await alice.send(bob, 'and back');
    expect(await bob.hears(1)).toEqual(['and back']);
  });

  test('are given up with an event when their time is over', async () => {
    const parties = await overtaken('too old', ['one']);
    const { alice, bob } = parties;
    await areHeld(parties, 1);
    world.clock.leap(limits.heldGroupTime + 1);
    await world.passes(() => alice.eventsOf('undecryptable').length > 0, 'it is given up');
    expect(alice.eventsOf('undecryptable')).toMatchObject([{ code: 'not-opened', recovery: 'dropped', from: bob.address }]);
    expect(await early(alice)).toBe(0);
    expect((await alice.client.status()).undecryptable).toEqual({ 'not-opened': 1 });
  });

  test('are given up with an event when their session goes', async () => {
    const parties = await overtaken('session gone', ['one', 'two']);
    const { alice, bob } = parties;
    await areHeld(parties, 2);
    await alice.client.rejectDevice(bob.address);
    await world.passes(() => alice.eventsOf('undecryptable').length === 2, 'they are given up');
    expect(alice.eventsOf('undecryptable').map(({ code }) => code)).toEqual(['not-opened', 'not-opened']);
    expect(await early(alice)).toBe(0);
    expect(alice.rows('pending')).toEqual([]);
  });

  for (const suite of [defaultSuite, suiteByName('curve25519')]) {
    test(`of two sessions are read in order, whichever invite the accepts are taken for, with ${suite.name}`, async () => {
      world = await World.create(`two invites ${suite.name}`, { limits: { lowOneTimePreKeys: 0 } });
      const meddler = new Meddler();
      const alice = await meddler.join(world, 'alice', 'one', { register: { suite } });
      const bob = await world.join('bob', 'one', { register: { suite } });
      meddler.keeps.add('message');
      await meddler.keepsBack('accept', () => alice.client.invite(bob.user));
      for (const text of ['one', 'two', 'three']) await bob.send(alice, text);
      await bob.isQuiet();
      await alice.client.invite(bob.user);
      await bob.sees('session-ready', 2);
      for (const text of ['four', 'five']) await bob.send(alice, text);
      await bob.isQuiet();
      expect(new Set(meddler.kept.map(sessionOf)).size).toBe(3);
      meddler.release();
      expect(await alice.hears(5)).toEqual(['one', 'two', 'three', 'four', 'five']);
      await alice.isQuiet();
      expect(alice.eventsOf('session-ready')).toHaveLength(2);
      expect(alice.eventsOf('undecryptable')).toEqual([]);
      expect(await early(alice)).toBe(0);
    });
  }

  for (const mode of ['before-commit', 'in-commit'] as const) {
    for (let commit = 1; commit <= 9; commit += 1) {
      test(`are neither lost nor doubled when the process dies ${mode} ${commit} of taking them`, async () => {
        world = await World.create(`early ${mode} ${commit}`, { limits: { lowOneTimePreKeys: 0 } });
        const meddler = new Meddler();
        const alice = await meddler.join(world, 'alice');
        const bob = await world.join('bob');
        await meddler.keepsBack('accept', () => alice.client.invite(bob.user));
        await alice.isQuiet();
        alice.dies(commit, mode);
        for (const text of ['one', 'two', 'three']) await bob.send(alice, text);
        await bob.client.flush();
        await world.passes(() => alice.isDead || alice.rows('pending').length === 3, 'they are held');
        meddler.release();
        await world.passes(() => alice.isDead || alice.acknowledged.length === 3, 'they are taken');
        await alice.close();
        const revived = await world.device('alice', 'one', { seed: 'revived' }, alice.tables).open();
        const all = (): string[] => [...new Set([...alice.texts, ...revived.texts])];
        await world.passes(() => all().length === 3, 'all are read');
        expect(all()).toEqual(['one', 'two', 'three']);
        const acknowledged = new Set(alice.acknowledged.map(({ messageId }) => messageId));
        expect(revived.received.filter(({ messageId }) => acknowledged.has(messageId))).toEqual([]);
        expect(revived.eventsOf('undecryptable')).toEqual([]);
      });
    }
  }
});
