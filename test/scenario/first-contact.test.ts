import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { utf8 } from '../../lib/base/bytes.js';
import { cipherSuite, suiteByName } from '../../lib/crypto/cipher-suite.js';
import { World, until } from '../support/scenario.js';

let world: World;

beforeEach(async () => {
  world = await World.create('first contact');
});

afterEach(async () => {
  expect(await world.end()).toEqual([]);
});

function lines(count: number, from = 'line'): string[] {
  return Array.from({ length: count }, (_, position) => `${from} ${position}`);
}

describe('first contact', () => {
  test('Alice writes to Bob, whom she has never met, and Bob answers', async () => {
    const alice = await world.join('alice');
    const bob = await world.join('bob');
    await alice.send(bob, 'hello');
    expect(await bob.hears(1)).toEqual(['hello']);
    await bob.send(alice, 'hello yourself');
    expect(await alice.hears(1)).toEqual(['hello yourself']);
    await alice.sees('session-ready');
    expect(alice.eventsOf('session-ready')).toMatchObject([{ direction: 'outbound', device: bob.address }]);
    expect(bob.eventsOf('session-ready')).toMatchObject([{ direction: 'inbound', device: alice.address }]);
    expect(bob.eventsOf('invited')).toHaveLength(1);
  });

  test('Bob, who was invited, writes first', async () => {
    const alice = await world.join('alice');
    const bob = await world.join('bob');
    const results = await alice.client.invite(bob.user);
    expect(results).toMatchObject([{ device: bob.address, state: 'invited' }]);
    await bob.sees('session-ready');
    for (const text of lines(5)) await bob.send(alice, text);
    expect(await alice.hears(5)).toEqual(lines(5));
    await alice.send(bob, 'back');
    expect(await bob.hears(1)).toEqual(['back']);
  });

  test('twenty messages written before Bob accepts wait, and go out in order', async () => {
    const alice = await world.join('alice');
    const bob = await world.join('bob');
    await bob.close();
    const sent = await Promise.all(lines(20).map((text) => alice.client.send(bob.user, utf8(text))));
    expect(sent.every(({ devices }) => devices.every(({ state }) => state === 'waiting'))).toBe(true);
    await until(() => alice.rows('session').length > 0, 'the invite is stored');
    expect((await alice.client.status()).pending).toBe(20);
    await bob.open();
    expect(await bob.hears(20)).toEqual(lines(20));
    await alice.client.flush();
    expect(await alice.client.status()).toMatchObject({ pending: 0, outbox: 0, sessions: { ready: 1, invited: 0 } });
  });

  test('the same invite asked for twice gives two sessions, and messages go out once', async () => {
    const alice = await world.join('alice');
    const bob = await world.join('bob');
    await Promise.all([alice.client.invite(bob.user), alice.client.invite(bob.user)]);
    await alice.sees('session-ready', 2);
    for (const text of lines(3)) await alice.send(bob, text);
    expect(await bob.hears(3)).toEqual(lines(3));
    for (const text of lines(3, 'answer')) await bob.send(alice, text);
    expect(await alice.hears(3)).toEqual(lines(3, 'answer'));
    await bob.isQuiet();
    expect(bob.texts).toHaveLength(3);
    expect((await alice.client.status()).sessions).toEqual({ ready: 2, invited: 0 });
  });

  test('both invite each other at the same time, and both can write', async () => {
    const alice = await world.join('alice');
    const bob = await world.join('bob');
    await Promise.all([alice.send(bob, 'from alice'), bob.send(alice, 'from bob')]);
    expect(await bob.hears(1)).toEqual(['from alice']);
    expect(await alice.hears(1)).toEqual(['from bob']);
    for (const text of lines(4)) {
      await alice.send(bob, text);
      await bob.send(alice, text);
    }
    expect(await bob.hears(5)).toEqual(['from alice', ...lines(4)]);
    expect(await alice.hears(5)).toEqual(['from bob', ...lines(4)]);
    expect([...alice.eventsOf('undecryptable'), ...bob.eventsOf('undecryptable')]).toEqual([]);
  });

  test('a user nobody knows: the message waits, the invite is reported, flush says why', async () => {
    const alice = await world.join('alice');
    const nobody = world.device('nobody');
    await alice.send(nobody, 'is there anybody');
    expect(await alice.sees('invite-failed')).toMatchObject([{ code: 'no-such-user', user: nobody.user }]);
    await expect(alice.client.flush()).rejects.toMatchObject({ code: 'unreachable-user' });
    await expect(alice.client.invite(nobody.user)).rejects.toMatchObject({ code: 'no-such-user' });
    await nobody.register();
    await world.passes(() => nobody.received.length === 1, 'the invite is tried again');
    expect(await nobody.hears(1)).toEqual(['is there anybody']);
  });

  test('accounts without a key agreement in common cannot talk, and are told so', async () => {
    const alice = await world.join('alice');
    const bob = await world.join('bob', 'one', { register: { suite: suiteByName('mldsa87-mlkem768') } });
    await expect(alice.client.invite(bob.user)).rejects.toMatchObject({ name: 'UsageError', code: 'suite-mismatch' });
    expect(alice.rows('session')).toEqual([]);
  });

  test('accounts with other signatures but the same key agreement can talk', async () => {
    const alice = await world.join('alice');
    const bob = await world.join('bob', 'one', { register: { suite: suiteByName('mldsa44-mlkem1024') } });
    await alice.send(bob, 'mixed');
    expect(await bob.hears(1)).toEqual(['mixed']);
    await bob.send(alice, 'suites');
    expect(await alice.hears(1)).toEqual(['suites']);
  });

  test('the Curve25519 profile works end to end', async () => {
    const suite = cipherSuite(suiteByName('curve25519').packId);
    const alice = await world.join('alice', 'one', { register: { suite } });
    const bob = await world.join('bob', 'one', { register: { suite } });
    await alice.send(bob, 'classic');
    expect(await bob.hears(1)).toEqual(['classic']);
    for (const text of lines(3)) {
      await bob.send(alice, text);
      await alice.send(bob, text);
    }
    expect(await alice.hears(3)).toEqual(lines(3));
    await alice.restart();
    await bob.restart();
    await bob.send(alice, 'after a restart');
    expect(await alice.hears(4)).toEqual([...lines(3), 'after a restart']);
  });

  test('both sides show the same fingerprint, and each the digest that the other sees', async () => {
    const alice = await world.join('alice');
    const bob = await world.join('bob');
    await alice.send(bob, 'compare');
    await bob.hears(1);
    const seenByAlice = await alice.client.fingerprint(bob.user);
    const seenByBob = await bob.client.fingerprint(alice.address);
    const [ofBob] = seenByAlice.devices;
    const [ofAlice] = seenByBob.devices;
    expect(ofBob?.sessions[0]?.fingerprint).toHaveLength(64);
    expect(ofBob?.sessions[0]?.fingerprint).toEqual(ofAlice?.sessions[0]?.fingerprint);
    expect(ofBob?.identity).toEqual(seenByBob.own.identity);
    expect(ofAlice?.identity).toEqual(seenByAlice.own.identity);
  });

  test('what cannot be sent is refused before anything is stored', async () => {
    const alice = await world.join('alice', 'one', { client: { limits: { plaintextLength: 100 } } });
    const bob = await world.join('bob');
    const commits = (await alice.client.status()).commits;
    await expect(alice.client.send(bob.user, new Uint8Array(0))).rejects.toMatchObject({ name: 'UsageError', code: 'empty-plaintext' });
    await expect(alice.client.send(bob.user, new Uint8Array(101))).rejects.toMatchObject({ name: 'UsageError', code: 'plaintext-length' });
    expect((await alice.client.status()).commits).toBe(commits);
    expect(alice.rows('pending')).toEqual([]);
  });
});
