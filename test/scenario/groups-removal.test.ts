import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { TransportError } from '../../lib/base/errors.js';
import type { GroupAddress } from '../../lib/index.js';
import { type Device, World } from '../support/scenario.js';

let world: World;

beforeEach(async () => {
  world = await World.create('removal');
});

afterEach(async () => {
  expect(await world.end()).toEqual([]);
});

async function groupOf(creator: Device, ...others: Device[]): Promise<GroupAddress> {
  const group = await creator.client.createGroup({ name: 'friends', members: others.map(({ user }) => user) });
  for (const device of others) await device.sees('group-ready');
  return group;
}

describe('a member who is removed', () => {
  test('is heard with what it sent before, also by the device that was removing it at that moment', async () => {
    const [alice, bob, carol] = [await world.join('alice'), await world.join('bob'), await world.join('carol')];
    const group = await groupOf(alice, bob, carol);
    // The request is on its way for a while: what comes meanwhile waits for its answer.
    let isHeldUp = true;
    alice.traffic.interfere = ({ name }) =>
      name === 'remove_group_members' && isHeldUp ? { error: new TransportError('timeout', 'no answer'), deliver: false } : undefined;
    const removing = alice.client.removeGroupMembers(group, [bob.user]);
    await world.passes(() => alice.traffic.sent.some(({ name }) => name === 'remove_group_members'), 'the request is made');
    await bob.client.sendToGroup(group, new TextEncoder().encode('my last words'));
    expect(await carol.hears(1)).toEqual(['my last words']);
    isHeldUp = false;
    await world.passes(() => alice.eventsOf('group-members-removed').length > 0, 'bob is removed');
    await removing;
    expect(await alice.hears(1)).toEqual(['my last words']);
  });
});

describe('a device that is removed', () => {
  test('is not among those that messages are sealed for', async () => {
    const [alice, bob, second] = [await world.join('alice'), await world.join('bob', 'one'), await world.join('bob', 'two')];
    const group = await groupOf(alice, bob);
    await second.sees('group-ready');
    await second.close();
    await world.relay.relay.removeDevice('bob', 'two');
    await alice.sees('device-removed');
    const [known] = await alice.client.groups();
    expect(known?.address).toEqual(group);
    expect(known?.devices.map(({ deviceId }) => deviceId).sort()).toEqual(['one', 'one']);
  });
});

test('a call that waits for the relay when the client is closed is told so, and nobody else is', async () => {
  const alice = await world.join('alice');
  alice.traffic.interfere = () => ({ error: new TransportError('timeout', 'no answer'), deliver: false });
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => {
    unhandled.push(error);
  };
  process.on('unhandledRejection', note);
  const creating = alice.client.createGroup({ name: 'friends', members: [] });
  const refused = expect(creating).rejects.toMatchObject({ code: 'client-closed' });
  await alice.close();
  await refused;
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

test('a device that an answer names although it has gone meanwhile is given up, and nothing waits for it', async () => {
  const [alice, bob, second] = [await world.join('alice'), await world.join('bob', 'one'), await world.join('bob', 'two')];
  // The relay makes the group, its answers are lost until the device has gone; asked again, it answers as before.
  let isRemoved = false;
  alice.traffic.interfere = ({ name }) => {
    if (name !== 'create_group' || isRemoved) return undefined;
    return { error: new TransportError('timeout', 'the answer is lost'), deliver: true };
  };
  const creating = alice.client.createGroup({ name: 'friends', members: [bob.user] });
  await second.sees('group-created');
  await second.close();
  await world.relay.relay.removeDevice('bob', 'two');
  isRemoved = true;
  await world.passes(() => alice.eventsOf('session-lost').length > 0, 'alice gives the device up');
  await creating;
  await bob.sees('group-ready');
  await alice.isQuiet();
  const [known] = await alice.client.groups();
  expect(known?.devices.map(({ userId, deviceId }) => `${userId}/${deviceId}`).sort()).toEqual(['alice/one', 'bob/one']);
});
