import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Approval } from '../../lib/index.js';
import { type Device, World, until } from '../support/scenario.js';

let world: World;

beforeEach(async () => {
  world = await World.create('approval');
});

afterEach(async () => {
  expect(await world.end()).toEqual([]);
});

function cautious(userId: string, deviceId = 'one'): Promise<Device> {
  return world.join(userId, deviceId, { client: { newDevices: 'ask' } });
}

async function approvals(of: Device, user: Device): Promise<Record<string, Approval>> {
  const known = await of.client.devices(user.user);
  return Object.fromEntries(known.map(({ device, approval }) => [device.deviceId, approval]));
}

/** Alice, who wants to be asked, knows Bob; then he has a further device, with which she has a session. */
async function bobHasAnother(): Promise<{ readonly alice: Device; readonly bob: Device; readonly other: Device }> {
  const alice = await cautious('alice');
  const bob = await world.join('bob');
  await alice.send(bob, 'before');
  await bob.hears(1);
  await alice.isQuiet();
  const other = await world.join('bob', 'other');
  await alice.sees('session-ready', 2);
  return { alice, bob, other };
}

describe('a client that wants to be asked about new devices', () => {
  test('trusts every device of the first contact', async () => {
    const alice = await cautious('alice');
    const bob = await world.join('bob');
    const other = await world.join('bob', 'other');
    await alice.send(bob, 'to both');
    expect(await bob.hears(1)).toEqual(['to both']);
    expect(await other.hears(1)).toEqual(['to both']);
    expect(await approvals(alice, bob)).toEqual({ one: 'given', other: 'given' });
    expect(alice.eventsOf('device-added')).toEqual([]);
  });

  test('sends nothing to a later device until it is approved, then everything in order', async () => {
    const { alice, bob, other } = await bobHasAnother();
    expect(await alice.sees('device-added')).toMatchObject([{ device: other.address, approval: 'asked' }]);
    const sent = await alice.client.send(bob.user, new TextEncoder().encode('one'));
    expect(Object.fromEntries(sent.devices.map(({ device, state }) => [device.deviceId, state]))).toEqual({
      one: 'queued',
      other: 'unapproved',
    });
    await alice.send(bob, 'two');
    expect(await bob.hears(3)).toEqual(['before', 'one', 'two']);
    await alice.client.flush();
    expect(other.received).toEqual([]);
    expect(await approvals(alice, bob)).toEqual({ one: 'given', other: 'asked' });
    await alice.restart();
    await alice.client.approveDevice(other.address);
    await alice.send(bob, 'three');
    expect(await other.hears(3)).toEqual(['one', 'two', 'three']);
    expect(await approvals(alice, bob)).toEqual({ one: 'given', other: 'given' });
    await alice.isQuiet();
  });

  test('keeps content back also when the session becomes ready only after it was sent', async () => {
    const alice = await cautious('alice');
    const bob = await world.join('bob');
    await alice.send(bob, 'before');
    await bob.hears(1);
    await alice.isQuiet();
    const other = world.device('bob', 'other');
    await other.register();
    await other.close();
    await alice.sees('device-added');
    await alice.send(bob, 'meanwhile');
    await bob.hears(2);
    await other.open();
    await alice.sees('session-ready', 2);
    await other.isQuiet();
    await alice.client.flush();
    expect(other.received).toEqual([]);
    await alice.client.approveDevice(other.address);
    expect(await other.hears(1)).toEqual(['meanwhile']);
  });

  test('hears a device that is not approved', async () => {
    const { alice, other } = await bobHasAnother();
    await other.send(alice, 'it is me');
    expect(await alice.hears(1)).toEqual(['it is me']);
    expect(alice.received[0]?.from).toMatchObject(other.address);
  });

  test('drops what waits for a device that it rejects, and sends it nothing more', async () => {
    const { alice, bob, other } = await bobHasAnother();
    await alice.send(bob, 'for one only');
    await bob.hears(2);
    await alice.client.rejectDevice(other.address);
    expect(await alice.sees('session-lost')).toMatchObject([{ device: other.address, messageIds: [expect.any(String)] }]);
    const sent = await alice.client.send(bob.user, new TextEncoder().encode('still for one only'));
    expect(sent.devices.find(({ device }) => device.deviceId === 'other')?.state).toBe('rejected');
    expect(await bob.hears(3)).toContain('still for one only');
    await alice.isQuiet();
    await alice.restart();
    await other.client.invite(alice.user);
    await until(() => alice.eventsOf('undecryptable').some(({ code }) => code === 'device-rejected'), 'the invite is refused');
    expect(await alice.client.invite(bob.user)).toMatchObject([
      { state: 'invited' },
      { device: other.address, state: 'refused', code: 'device-rejected' },
    ]);
    await alice.isQuiet();
    expect(await approvals(alice, bob)).toEqual({ one: 'given', other: 'rejected' });
    expect(other.received).toEqual([]);
    await alice.client.approveDevice(other.address);
    await alice.send(bob, 'for both');
    expect(await other.hears(1)).toEqual(['for both']);
  });

  test('is asked about a further device of its own user, which gets no copies until then', async () => {
    const first = await cautious('alice');
    const second = await cautious('alice', 'second');
    expect(await first.sees('device-added')).toMatchObject([{ device: second.address, approval: 'asked' }]);
    expect(await approvals(second, first)).toEqual({ one: 'given' });
    const bob = await world.join('bob');
    await first.send(bob, 'no copy yet');
    await bob.hears(1);
    await first.sees('session-ready', 2);
    await first.client.flush();
    expect(second.received).toEqual([]);
    await first.client.approveDevice(second.address);
    expect(await second.hears(1)).toEqual(['no copy yet']);
    expect(second.received[0]?.kind).toBe('own-device-copy');
  });

  test('does not take the word of an own device that it has not approved for somebody else', async () => {
    const first = await cautious('alice');
    const second = await world.join('alice', 'second');
    await first.sees('session-ready');
    const bob = await world.join('bob');
    await second.client.invite(bob.user);
    await first.sees('device-added', 2);
    expect(first.eventsOf('device-added').at(-1)).toMatchObject({ device: bob.address, approval: 'asked' });
    await first.send(bob, 'wait');
    await first.client.flush();
    expect(bob.received).toEqual([]);
  });

  test('asks again about a device that was removed and has come back under its old name', async () => {
    const alice = await cautious('alice');
    const bob = await world.join('bob');
    await alice.send(bob, 'before');
    await bob.hears(1);
    await alice.isQuiet();
    await bob.close();
    await world.relay.relay.removeDevice('bob', 'one');
    await alice.sees('device-removed');
    const again = await world.join('bob', 'two');
    await alice.send(bob, 'who are you');
    await alice.sees('session-ready', 2);
    expect(await alice.sees('device-added')).toMatchObject([{ device: again.address, approval: 'asked' }]);
    await alice.client.flush();
    expect(again.received).toEqual([]);
  });

  test('refuses to approve or reject a device that it does not know, and changes nothing', async () => {
    const alice = await cautious('alice');
    const before = alice.rows('peer');
    const stranger = { domain: alice.address.domain, userId: 'mallory', deviceId: 'one' };
    const expected = { name: 'ProtocolError', code: 'no-such-device' };
    await expect(alice.client.approveDevice(stranger)).rejects.toMatchObject(expected);
    await expect(alice.client.rejectDevice(stranger)).rejects.toMatchObject(expected);
    expect(alice.rows('peer')).toEqual(before);
  });
});

describe('a group whose manager wants to be asked about new devices', () => {
  async function group(members: 'cautious' | 'open'): Promise<{ readonly alice: Device; readonly bob: Device; readonly carol: Device }> {
    const alice = await cautious('alice');
    const bob = await cautious('bob');
    const carol = members === 'open' ? await world.join('carol') : await cautious('carol');
    // The relay tells those who have sessions with a user of its new devices.
    await carol.client.invite(bob.user);
    await carol.sees('session-ready');
    await alice.client.createGroup({ name: 'friends', members: [bob.user, carol.user] });
    for (const device of [alice, bob, carol]) await device.sees('group-ready');
    return { alice, bob, carol };
  }

  test('takes an approved device in, and no other', async () => {
    const { alice, bob, carol } = await group('cautious');
    const [known] = await alice.client.groups();
    if (known === undefined) throw new Error('no group');
    const later = await world.join('bob', 'later');
    for (const device of [alice, bob, carol]) await device.sees('device-added');
    await alice.client.sendToGroup(known.address, new TextEncoder().encode('without it'));
    await carol.hears(1);
    expect(alice.eventsOf('group-device-added')).toEqual([]);
    await alice.client.approveDevice(later.address);
    await world.passes(() => later.eventsOf('group-ready').length > 0 || later.eventsOf('group-created').length > 0, 'it is taken in');
    await world.passes(() => carol.eventsOf('group-device-added').length === 1, 'everybody hears of it');
    await alice.client.sendToGroup(known.address, new TextEncoder().encode('with it'));
    await world.passes(() => later.texts.includes('with it'), 'it reads what is sent');
    expect(later.texts).not.toContain('without it');
  });

  test('keeps its own keys from a device that another member added', async () => {
    const { alice, bob, carol } = await group('open');
    const [known] = await alice.client.groups();
    if (known === undefined) throw new Error('no group');
    const later = await world.join('bob', 'later');
    await world.passes(() => alice.eventsOf('group-device-added').length === 1, 'somebody adds it');
    await carol.client.sendToGroup(known.address, new TextEncoder().encode('hello all'));
    await world.passes(() => later.texts.includes('hello all') && alice.texts.includes('hello all'), 'it reads who has approved it');
    await bob.hears(1);
    await alice.client.sendToGroup(known.address, new TextEncoder().encode('later only'));
    await world.passes(() => bob.texts.includes('later only'), 'the others read');
    await alice.client.flush();
    expect(later.texts).not.toContain('later only');
    await alice.client.approveDevice(later.address);
    await world.passes(() => later.texts.includes('later only'), 'with the keys it reads what was sent before');
  });
});
