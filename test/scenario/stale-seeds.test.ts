import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { TransportError } from '../../lib/base/errors.js';
import { limits } from '../../lib/base/limits.js';
import type { GroupAddress } from '../../lib/index.js';
import { type Device, World } from '../support/scenario.js';
import { allTalk, areReady, join, say } from '../support/scenario-groups.js';

let world: World;

beforeEach(async () => {
  world = await World.create('stale seeds', { limits: { lowOneTimePreKeys: 0 } });
});

afterEach(async () => {
  expect(await world.end()).toEqual([]);
});

async function sees(device: Device, type: 'group-created' | 'group-members-added' | 'group-members-removed', times = 1): Promise<void> {
  await world.passes(() => device.eventsOf(type).length >= times, `${device.userId}/${device.deviceId} sees ${type} ${times} times`);
}

test('who was removed and added again before any keys came is in the epoch of the others, also for a device that comes later', async () => {
  const [alice, bob, carol] = await join(world, 'alice', 'bob', 'carol');
  if (alice === undefined || bob === undefined || carol === undefined) throw new Error('nobody there');
  // No session with bob's device begins: what is owed to it waits.
  alice.traffic.interfere = ({ name }) =>
    ['get_pre_key_bundle', 'invite'].includes(name) ? { error: new TransportError('offline', 'kept back'), deliver: false } : undefined;
  const group = await alice.client.createGroup({ name: 'friends', members: [bob.user] });
  await sees(bob, 'group-created');
  await alice.client.removeGroupMembers(group, [bob.user]);
  await sees(bob, 'group-members-removed');
  await alice.client.addGroupMembers(group, [bob.user, carol.user]);
  await sees(bob, 'group-members-added');
  await alice.client.removeGroupMembers(group, [carol.user]);
  await sees(bob, 'group-members-removed', 2);
  await alice.close();
  alice.traffic.interfere = undefined;
  await alice.open();
  await areReady(world, bob);
  await allTalk(world, group, [alice, bob], 'first');
  const second = await world.join('bob', 'two');
  await areReady(world, second);
  await allTalk(world, group, [alice, bob, second], 'second');
});

test('who was removed and added again does not take the seed of an earlier epoch, which waited for a session, for that of a later one', async () => {
  const [alice, bob, carol, dave] = await join(world, 'alice', 'bob', 'carol', 'dave');
  if (alice === undefined || bob === undefined || carol === undefined || dave === undefined) throw new Error('nobody there');
  const group = await carol.client.createGroup({ name: 'friends', members: [alice.user, bob.user, dave.user], managers: [alice.user] });
  await areReady(world, alice, bob);
  await allTalk(world, group, [bob, carol], 'first');
  // No session with Bob's device begins: what is owed to it waits.
  alice.traffic.interfere = ({ name }) =>
    ['get_pre_key_bundle', 'invite'].includes(name) ? { error: new TransportError('offline', 'kept back'), deliver: false } : undefined;
  await alice.client.removeGroupMembers(group, [dave.user]);
  await say(carol, group, 'under the seed of Alice');
  await world.passes(() => alice.texts.includes('under the seed of Alice'), 'Carol has the seed');
  await carol.client.removeGroupMembers(group, [bob.user]);
  await sees(alice, 'group-members-removed', 2);
  await carol.client.addGroupMembers(group, [bob.user]);
  await carol.client.addGroupMembers(group, [dave.user]);
  await sees(alice, 'group-members-added', 2);
  await alice.client.removeGroupMembers(group, [dave.user]);
  await sees(bob, 'group-members-removed', 3);
  await alice.close();
  alice.traffic.interfere = undefined;
  await alice.open();
  await world.passes(() => alice.eventsOf('session-ready').some(({ device }) => device.userId === 'bob'), 'Alice has a session with Bob');
  await allTalk(world, group, [alice, bob, carol], 'second');
});

test('the keys of the others wait for those of the device that added this one, however long it is away', async () => {
  const [alice, bob, carol] = await join(world, 'alice', 'bob', 'carol');
  if (alice === undefined || bob === undefined || carol === undefined) throw new Error('nobody there');
  const group = await alice.client.createGroup({ name: 'friends', members: [bob.user] });
  await allTalk(world, group, [alice, bob], 'first');
  // No session with Carol's device begins: Alice cannot hand out what she owes to it.
  alice.traffic.interfere = ({ name }) =>
    ['get_pre_key_bundle', 'invite'].includes(name) ? { error: new TransportError('offline', 'kept back'), deliver: false } : undefined;
  await alice.client.addGroupMembers(group, [carol.user]);
  await alice.close();
  await world.passes(() => carol.eventsOf('group-keys-received').length > 0, 'the keys of Bob come');
  world.clock.leap(limits.heldGroupTime + 1);
  await carol.restart();
  await carol.isQuiet();
  expect(carol.eventsOf('group-change-refused')).toEqual([]);
  alice.traffic.interfere = undefined;
  await alice.open();
  await areReady(world, carol);
  await allTalk(world, group, [alice, bob, carol], 'second');
});

describe('who was removed before its inviter could hand out its keys, and is added again by it', () => {
  const groupChanges = ['group-members-added', 'group-members-removed'] as const;

  /** Bob is added and removed; the keys of that add cannot leave Alice. */
  async function begin(): Promise<{ alice: Device; bob: Device; carol: Device; group: GroupAddress }> {
    const [alice, bob, carol] = await join(world, 'alice', 'bob', 'carol');
    if (alice === undefined || bob === undefined || carol === undefined) throw new Error('nobody there');
    const group = await alice.client.createGroup({ name: 'friends', members: [carol.user] });
    await allTalk(world, group, [alice, carol], 'first');
    alice.traffic.interfere = ({ name }) =>
      ['get_pre_key_bundle', 'invite'].includes(name) ? { error: new TransportError('offline', 'kept back'), deliver: false } : undefined;
    await alice.client.addGroupMembers(group, [bob.user]);
    await alice.client.removeGroupMembers(group, [bob.user]);
    for (const type of groupChanges) await sees(bob, type);
    return { alice, bob, carol, group };
  }

  async function mend(alice: Device): Promise<void> {
    await alice.close();
    alice.traffic.interfere = undefined;
    await alice.open();
  }

  test('gets those of the last add only, when both waited for a session', async () => {
    const { alice, bob, carol, group } = await begin();
    await alice.client.addGroupMembers(group, [bob.user]);
    await sees(bob, 'group-members-added', 2);
    await mend(alice);
    await areReady(world, bob);
    await allTalk(world, group, [alice, bob, carol], 'then');
  });

  test('does not take those that came while it was out of the group', async () => {
    const { alice, bob, carol, group } = await begin();
    await mend(alice);
    await world.passes(
      () => bob.eventsOf('group-change-refused').some(({ change, code }) => change === 'keys' && code === 'unannounced'),
      'the keys of the first add come, and belong to nothing',
    );
    await alice.client.addGroupMembers(group, [bob.user]);
    await areReady(world, bob);
    await allTalk(world, group, [alice, bob, carol], 'then');
  });
});
