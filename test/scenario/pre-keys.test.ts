import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { limits } from '../../lib/base/limits.js';
import { requests } from '../../lib/wire/request.js';
import { World, until } from '../support/scenario.js';

let world: World;

afterEach(async () => {
  expect(await world.end()).toEqual([]);
});

describe('one-time pre-keys', () => {
  test('with none left a session is made all the same, and each key serves one invite only', async () => {
    world = await World.create('no one-time pre-keys', { limits: { lowOneTimePreKeys: 0 } });
    const bob = await world.join('bob', 'one', { register: { oneTimePreKeys: 1 } });
    const alice = await world.join('alice');
    const carol = await world.join('carol');
    await alice.send(bob, 'with the key');
    await bob.hears(1);
    expect(bob.rows('pre-key')).toHaveLength(1);
    await carol.send(bob, 'without a key');
    expect(await bob.hears(2)).toEqual(['with the key', 'without a key']);
    expect((await bob.client.status()).oneTimePreKeys).toBe(0);
  });

  test('the relay asks for more when few are left; they are stored before they are sent, and work', async () => {
    world = await World.create('low on pre-keys', { limits: { lowOneTimePreKeys: 4 } });
    const bob = await world.join('bob', 'one', { register: { oneTimePreKeys: 4 } });
    const alice = await world.join('alice');
    await alice.send(bob, 'one');
    await bob.hears(1);
    const [supplied] = await bob.sees('pre-keys-supplied');
    await bob.isQuiet();
    expect((await bob.client.status()).oneTimePreKeys).toBe(3 + (supplied?.count ?? 0));
    const request = bob.traffic.sent.find(({ name }) => name === 'supply_opks');
    const ids = requests.supply_opks.decodeRequest(request?.body ?? new Uint8Array(0)).oneTimePreKeys.map(({ id }) => id);
    expect(ids[0]).toBe(5);
    expect(new Set(ids).size).toBe(supplied?.count);
    for (let number = 0; number < 4; number += 1) {
      const guest = await world.join(`guest ${number}`.replace(' ', '-'));
      await guest.send(bob, `guest ${number}`);
    }
    expect(new Set((await bob.hears(5)).slice(1))).toEqual(new Set(['guest 0', 'guest 1', 'guest 2', 'guest 3']));
    expect(bob.eventsOf('undecryptable')).toEqual([]);
  });
});

describe('signed pre-keys', () => {
  beforeEach(async () => {
    world = await World.create('signed pre-keys');
  });

  test('one that has run out is renewed while the client runs, and published', async () => {
    const bob = await world.join('bob');
    world.clock.leap(limits.signedPreKeyLifetime);
    await world.passes(() => bob.eventsOf('signed-pre-key-renewed').length > 0, 'the key is renewed');
    expect(bob.eventsOf('signed-pre-key-renewed')).toMatchObject([{ id: 2 }]);
    await world.passes(() => bob.rows('outbox').length === 0, 'the key is published');
    expect(bob.traffic.sent.filter(({ name }) => name === 'publish_spk')).toHaveLength(1);
    const alice = await world.join('alice');
    await alice.send(bob, 'under the new key');
    expect(await bob.hears(1)).toEqual(['under the new key']);
  });

  test('an invite made with the previous key still works', async () => {
    const alice = await world.join('alice');
    const bob = await world.join('bob');
    await bob.close();
    await alice.client.invite(bob.user);
    await alice.isQuiet();
    world.clock.leap(limits.signedPreKeyLifetime + 1_000);
    await bob.open();
    await bob.sees('signed-pre-key-renewed');
    await world.passes(() => alice.eventsOf('session-ready').length > 0, 'the accept arrives');
    await alice.send(bob, 'late');
    expect(await bob.hears(1)).toEqual(['late']);
  });

  test('an invite made with a key that is gone is reported, and Bob makes the session instead', async () => {
    const alice = await world.join('alice');
    const bob = await world.join('bob');
    await bob.close();
    await alice.send(bob, 'long ago');
    await until(() => alice.rows('session').length > 0, 'the invite is stored');
    await world.stopRelay();
    // Two renewals while the relay is away: the invite finds neither key.
    for (let renewal = 1; renewal <= 2; renewal += 1) {
      world.clock.leap(limits.signedPreKeyLifetime + 1_000);
      await bob.open();
      await bob.sees('signed-pre-key-renewed', renewal);
      await bob.close();
    }
    await world.startRelay();
    await bob.open();
    await world.passes(() => bob.received.length === 1, 'the message arrives');
    expect(bob.texts).toEqual(['long ago']);
    expect(bob.eventsOf('undecryptable').map(({ code }) => code)).toContain('unknown-pre-key');
  });
});
