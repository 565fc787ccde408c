import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Device, World, until } from '../support/scenario.js';

let world: World;

beforeEach(async () => {
  world = await World.create('many devices');
});

afterEach(async () => {
  expect(await world.end()).toEqual([]);
});

async function user(userId: string, devices: number): Promise<Device[]> {
  const joined: Device[] = [];
  for (let number = 1; number <= devices; number += 1) joined.push(await world.join(userId, `device ${number}`));
  return joined;
}

async function knows(device: Device, others: number): Promise<void> {
  await until(() => device.eventsOf('session-ready').length >= others, `${device.deviceId} has ${others} sessions`);
}

describe('users with several devices', () => {
  test('three devices of each: every device of the recipient gets the message once, every own device a copy', async () => {
    const alice = await user('alice', 3);
    const bob = await user('bob', 3);
    for (const device of [...alice, ...bob]) await knows(device, 2);
    const [sender] = alice;
    const [recipient] = bob;
    if (sender === undefined || recipient === undefined) throw new Error('nobody there');
    await sender.send(recipient, 'to all of you');
    for (const device of bob) expect(await device.hears(1)).toEqual(['to all of you']);
    for (const device of alice.slice(1)) {
      expect(await device.hears(1)).toEqual(['to all of you']);
      expect(device.received[0]).toMatchObject({ kind: 'own-device-copy', from: sender.address });
    }
    for (const device of alice) await knows(device, 5);
    await recipient.send(sender, 'heard');
    for (const device of alice) expect((await device.hears(device === sender ? 1 : 2)).at(-1)).toBe('heard');
    for (const device of bob.slice(1)) expect((await device.hears(2)).at(-1)).toBe('heard');
    for (const device of [...alice, ...bob]) {
      await device.isQuiet();
      expect(device.eventsOf('undecryptable')).toEqual([]);
    }
    expect(bob.map(({ received }) => received.length)).toEqual([1, 2, 2]);
  });

  test('an invite by one device connects the others, too', async () => {
    const alice = await user('alice', 2);
    const bob = await user('bob', 2);
    for (const device of [...alice, ...bob]) await knows(device, 1);
    const [first, second] = alice;
    if (first === undefined || second === undefined) throw new Error('nobody there');
    expect(await first.client.invite({ domain: first.user.domain, userId: 'bob' })).toHaveLength(2);
    await knows(second, 3);
    const [recipient] = bob;
    if (recipient === undefined) throw new Error('nobody there');
    const sent = await second.client.send(recipient.user, new Uint8Array([104, 105]));
    expect(sent.devices.map(({ state }) => state)).toEqual(['queued', 'queued']);
    for (const device of bob) expect(await device.hears(1)).toEqual(['hi']);
  });

  test('a device that joins later is known to the contacts and gets what is sent from then on', async () => {
    const [alice] = await user('alice', 1);
    const [bob] = await user('bob', 1);
    if (alice === undefined || bob === undefined) throw new Error('nobody there');
    await alice.send(bob, 'before');
    await bob.hears(1);
    await alice.isQuiet();
    const later = await world.join('bob', 'later');
    expect(await alice.sees('device-added')).toMatchObject([{ device: later.address }]);
    await alice.send(bob, 'after');
    expect(await later.hears(1)).toEqual(['after']);
    expect(await bob.hears(2)).toEqual(['before', 'after']);
    expect((await alice.client.devices(bob.user)).map(({ isReady }) => isReady)).toEqual([true, true]);
  });

  test('a note to oneself reaches the own other devices only', async () => {
    const alice = await user('alice', 2);
    for (const device of alice) await knows(device, 1);
    const [first, second] = alice;
    if (first === undefined || second === undefined) throw new Error('nobody there');
    await first.send(first, 'remember the milk');
    expect(await second.hears(1)).toEqual(['remember the milk']);
    expect(second.received[0]?.kind).toBe('message');
    await first.isQuiet();
    expect(first.received).toEqual([]);
  });

  test('two devices of one user that register at the same time end up connected to each other and to everybody else', async () => {
    const [alice] = await user('alice', 1);
    const [bob] = await user('bob', 1);
    if (alice === undefined || bob === undefined) throw new Error('nobody there');
    await alice.send(bob, 'before');
    await bob.hears(1);
    await alice.isQuiet();
    const [second, third] = await Promise.all([world.join('bob', 'second'), world.join('bob', 'third')]);
    const isConnected = async (device: Device, to: Device, others: number): Promise<boolean> =>
      (await device.client.devices(to.user)).filter(({ isReady }) => isReady).length === others;
    for (const [device, to, others] of [
      [alice, bob, 3],
      [bob, bob, 2],
      [second, bob, 2],
      [third, bob, 2],
      [second, alice, 1],
      [third, alice, 1],
    ] as const) {
      let connected = false;
      await until(() => {
        void isConnected(device, to, others).then((is) => (connected = is));
        return connected;
      }, `${device.userId}/${device.deviceId} is connected to ${others} of ${to.userId}`);
    }
    await alice.send(bob, 'to all three');
    expect(await second.hears(1)).toEqual(['to all three']);
    expect(await third.hears(1)).toEqual(['to all three']);
    expect(await bob.hears(2)).toEqual(['before', 'to all three']);
    await third.send(alice, 'with copies');
    expect(await alice.hears(1)).toEqual(['with copies']);
    expect(await second.hears(2)).toContain('with copies');
    expect(await bob.hears(3)).toContain('with copies');
    for (const device of [alice, bob, second, third]) expect(device.eventsOf('undecryptable')).toEqual([]);
  });
});
