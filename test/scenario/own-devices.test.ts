import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { TransportError } from '../../lib/base/errors.js';
import { type Device, World, until } from '../support/scenario.js';

let world: World;

beforeEach(async () => {
  world = await World.create('own devices');
});

afterEach(async () => {
  expect(await world.end()).toEqual([]);
});

/** Alice with two devices, connected to each other and to Bob. */
async function aliceWithTwo(): Promise<{ readonly first: Device; readonly second: Device; readonly bob: Device }> {
  const first = await world.join('alice');
  const second = await world.join('alice', 'second');
  const bob = await world.join('bob');
  await first.send(bob, 'hello');
  await bob.hears(1);
  await second.hears(1);
  for (const device of [first, second, bob]) await device.sees('session-ready', 2);
  return { first, second, bob };
}

describe('removing an own device', () => {
  test('ends its sessions everywhere, and it is told', async () => {
    const { first, second, bob } = await aliceWithTwo();
    await first.client.removeDevice('second');
    expect(await first.sees('device-removed')).toMatchObject([{ device: second.address }]);
    expect(await bob.sees('device-removed')).toMatchObject([{ device: second.address }]);
    await until(() => second.eventsOf('device-removed').length > 0, 'the removed device hears of it');
    expect(second.eventsOf('device-removed')).toMatchObject([{ device: second.address }]);
    expect(await first.client.devices(first.user)).toEqual([]);
    expect((await bob.client.devices(first.user)).map(({ device }) => device.deviceId)).toEqual(['one']);
    await bob.send(first, 'to one only');
    expect(await first.hears(1)).toEqual(['to one only']);
    await bob.isQuiet();
    expect(second.texts).toEqual(['hello']);
    expect(first.eventsOf('device-removed')).toHaveLength(1);
  });

  test('is no error when it is gone already', async () => {
    const { first, second } = await aliceWithTwo();
    await first.client.removeDevice('second');
    await first.client.removeDevice('second');
    await first.client.removeDevice('never there');
    await first.isQuiet();
    expect(first.eventsOf('device-removed')).toMatchObject([{ device: second.address }]);
  });

  test('refuses to name this device or none, and nothing leaves', async () => {
    const { first } = await aliceWithTwo();
    const expected = { name: 'UsageError', code: 'device-id' };
    await expect(first.client.removeDevice('one')).rejects.toMatchObject(expected);
    await expect(first.client.removeDevice('')).rejects.toMatchObject(expected);
    expect((await first.client.devices(first.user)).map(({ device }) => device.deviceId)).toEqual(['second']);
  });

  test('rejects when the relay cannot be reached, and changes nothing here', async () => {
    const { first, second } = await aliceWithTwo();
    await world.stopRelay();
    await until(() => first.events.some((event) => event.type === 'connection' && event.state === 'disconnected'), 'it is offline');
    const before = first.rows('peer');
    await expect(first.client.removeDevice('second')).rejects.toMatchObject({ name: 'TransportError' });
    expect(first.rows('peer')).toEqual(before);
    await world.startRelay();
    await world.passes(() => first.eventsOf('connection').filter(({ state }) => state === 'connected').length > 1, 'it is back');
    await first.client.removeDevice('second');
    expect(await first.sees('device-removed')).toMatchObject([{ device: second.address }]);
  });

  test('is not made up for by itself when it was cut off: until it is asked for again, messages wait for the device', async () => {
    const first = await world.join('alice');
    const second = await world.join('alice', 'second');
    await second.close();
    first.traffic.interfere = ({ name }) =>
      name === 'remove_device' ? { error: new TransportError('disconnected', 'the relay has died'), deliver: false } : undefined;
    await expect(first.client.removeDevice('second')).rejects.toMatchObject({ name: 'TransportError' });
    first.traffic.interfere = undefined;
    await first.restart();
    const bob = await world.join('bob');
    const messageId = await bob.send(first, 'to both');
    expect(await first.hears(1)).toEqual(['to both']);
    await until(() => bob.rows('outbox').length === 0 && bob.rows('pending').length === 1, 'the other copy waits alone');
    await first.client.removeDevice('second');
    expect(await bob.sees('session-lost')).toMatchObject([{ device: second.address, messageIds: [messageId] }]);
    expect(bob.eventsOf('device-removed')).toMatchObject([{ device: second.address }]);
    await bob.isQuiet();
    expect(bob.rows('pending')).toEqual([]);
  });
});
