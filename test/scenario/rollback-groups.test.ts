import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { MemoryTables } from '../../lib/store/memory/memory-store.js';
import { type Device, World } from '../support/scenario.js';
import { allTalk, areReady, backup, join, restore, say } from '../support/scenario-groups.js';

let world: World;

beforeEach(async () => {
  world = await World.create('rolled-back groups', { limits: { lowOneTimePreKeys: 0 } });
});

afterEach(async () => {
  expect(await world.end()).toEqual([]);
});

async function isRecovered(...devices: Device[]): Promise<void> {
  for (const device of devices) {
    await world.passes(() => device.eventsOf('store-rolled-back').length > 0, `the relay refuses the old store of ${device.userId}`);
  }
}

/** Messages that could not be opened; invites and answers from before the store was given up do not count. */
function lost(...devices: Device[]): unknown[] {
  return devices.flatMap((device) => device.eventsOf('undecryptable').filter(({ messageId }) => messageId !== undefined));
}

describe('a member whose store was rolled back', () => {
  test('gets fresh keys in its groups by itself: it reads and is read, by its own other device, too', async () => {
    const [alice, bob, bobTwo, carol] = await join(world, 'alice', 'bob', 'bob/two', 'carol');
    if (alice === undefined || bob === undefined || bobTwo === undefined || carol === undefined) throw new Error('nobody there');
    const group = await alice.client.createGroup({ name: 'friends', members: [bob.user, carol.user] });
    await areReady(world, alice, bob, bobTwo, carol);
    await allTalk(world, group, [alice, bob, bobTwo, carol], 'first');
    const tables = await backup(bob);
    await allTalk(world, group, [alice, bob, bobTwo, carol], 'second');
    await bob.isQuiet();
    const restored = await restore(world, bob, tables);
    await isRecovered(restored);
    await areReady(world, restored);
    await allTalk(world, group, [alice, restored, bobTwo, carol], 'third');
    await allTalk(world, group, [alice, restored, bobTwo, carol], 'fourth');
    for (const device of [alice, bobTwo, carol]) {
      expect(device.eventsOf('device-restored')).toMatchObject([{ device: bob.address }]);
      expect(lost(device)).toEqual([]);
      expect(device.eventsOf('identity-changed')).toEqual([]);
      expect(
        device.eventsOf('device-added').filter(({ device: added }) => added.userId === 'bob' && added.deviceId === 'one').length,
      ).toBeLessThan(2);
    }
    expect(lost(restored)).toEqual([]);
  });

  test('reads what was sent to it while it was away, and what it had asked to send goes out once, in order', async () => {
    const [alice, bob, carol] = await join(world, 'alice', 'bob', 'carol');
    if (alice === undefined || bob === undefined || carol === undefined) throw new Error('nobody there');
    const group = await alice.client.createGroup({ name: 'friends', members: [bob.user, carol.user] });
    await areReady(world, alice, bob, carol);
    await allTalk(world, group, [alice, bob, carol], 'first');
    await bob.send(alice, 'hello');
    await alice.send(bob, 'hello');
    await world.passes(() => alice.texts.includes('hello') && bob.texts.includes('hello'), 'they have a session');
    await bob.isQuiet();
    await world.stopRelay();
    await say(bob, group, 'waiting 1');
    await say(bob, group, 'waiting 2');
    await bob.send(alice, 'direct');
    await bob.close();
    const tables = bob.snapshot();
    await world.startRelay();
    await bob.open();
    await world.passes(() => alice.texts.includes('direct') && carol.texts.includes('waiting 2'), 'the original sends it all');
    await bob.isQuiet();
    await bob.close();
    await say(alice, group, 'in the mailbox');
    await alice.send(bob, 'direct in the mailbox');
    await alice.isQuiet();
    const restored = await restore(world, bob, tables);
    await say(restored, group, 'waiting 3');
    await isRecovered(restored);
    await world.passes(() => restored.texts.length >= 2, 'the mailbox is read');
    expect([...restored.texts].sort()).toEqual(['direct in the mailbox', 'in the mailbox']);
    await world.passes(() => alice.texts.includes('waiting 3') && carol.texts.includes('waiting 3'), 'what was asked for arrives');
    for (const device of [alice, carol]) {
      expect(device.texts.filter((text) => text.startsWith('waiting'))).toEqual(['waiting 1', 'waiting 2', 'waiting 3']);
      expect(device.texts.filter((text) => text === 'direct').length).toBe(device === alice ? 1 : 0);
    }
    await allTalk(world, group, [alice, restored, carol], 'then');
    expect(lost(alice, carol, restored)).toEqual([]);
  });

  test('is taken in again also when its store knows nothing of the group, and when the group was changed meanwhile', async () => {
    const [alice, bob, carol, dave] = await join(world, 'alice', 'bob', 'carol', 'dave');
    if (alice === undefined || bob === undefined || carol === undefined || dave === undefined) throw new Error('nobody there');
    const known = await alice.client.createGroup({ name: 'known', members: [bob.user, carol.user] });
    await areReady(world, alice, bob, carol);
    await allTalk(world, known, [alice, bob, carol], 'first');
    const tables = await backup(bob);
    const group = await alice.client.createGroup({ name: 'new', members: [bob.user, carol.user] });
    await allTalk(world, group, [alice, bob, carol], 'new');
    await alice.client.addGroupMembers(known, [dave.user]);
    await allTalk(world, known, [alice, bob, carol, dave], 'second');
    await alice.client.removeGroupMembers(known, [carol.user]);
    await allTalk(world, known, [alice, bob, dave], 'third');
    const restored = await restore(world, bob, tables);
    await isRecovered(restored);
    await world.passes(() => restored.eventsOf('group-ready').length >= 2, 'keys of both groups');
    await allTalk(world, known, [alice, restored, dave], 'fourth');
    await allTalk(world, group, [alice, restored, carol], 'fifth');
    expect((await restored.client.groups()).map(({ name, state }) => `${name} ${state}`).sort()).toEqual(['known ready', 'new ready']);
  });

  test('is not in the list of an epoch that is opened meanwhile, and comes into it after that', async () => {
    const [alice, bob, carol, dave] = await join(world, 'alice', 'bob', 'carol', 'dave');
    if (alice === undefined || bob === undefined || carol === undefined || dave === undefined) throw new Error('nobody there');
    const group = await alice.client.createGroup({ name: 'friends', members: [bob.user, carol.user, dave.user] });
    await areReady(world, alice, bob, carol, dave);
    await allTalk(world, group, [alice, bob, carol, dave], 'first');
    const tables = await backup(bob);
    await allTalk(world, group, [alice, bob, carol, dave], 'second');
    for (const device of [alice, carol, dave]) {
      await device.isQuiet();
      await device.close();
    }
    const restored = await restore(world, bob, tables);
    await isRecovered(restored);
    await restored.isQuiet();
    await alice.open();
    const removed = alice.client.removeGroupMembers(group, [dave.user]);
    await carol.open();
    await removed;
    await areReady(world, restored);
    await allTalk(world, group, [alice, restored, carol], 'third');
    expect(lost(alice)).toEqual([]);
  });

  test('is healed when it is rolled back again in the middle of it', async () => {
    const [alice, bob, carol] = await join(world, 'alice', 'bob', 'carol');
    if (alice === undefined || bob === undefined || carol === undefined) throw new Error('nobody there');
    const group = await alice.client.createGroup({ name: 'friends', members: [bob.user, carol.user] });
    await areReady(world, alice, bob, carol);
    await allTalk(world, group, [alice, bob, carol], 'first');
    const tables = await backup(bob);
    await allTalk(world, group, [alice, bob, carol], 'second');
    const once = await restore(world, bob, tables, 'once');
    await isRecovered(once);
    await once.sees('connection');
    const halfway = once.snapshot();
    await areReady(world, once);
    await say(once, group, 'once');
    await world.passes(() => alice.texts.includes('once') && carol.texts.includes('once'), 'it is read');
    await once.isQuiet();
    const twice = await restore(world, once, halfway, 'twice');
    await isRecovered(twice);
    await areReady(world, twice);
    await allTalk(world, group, [alice, twice, carol], 'third');
    expect(lost(alice, carol)).toEqual([]);
  });
});

describe('groups of several devices that were rolled back', () => {
  test('several devices of one user, the only manager among them, are healed by the other members', async () => {
    const [alice, aliceTwo, bob] = await join(world, 'alice', 'alice/two', 'bob');
    if (alice === undefined || aliceTwo === undefined || bob === undefined) throw new Error('nobody there');
    const group = await alice.client.createGroup({ name: 'friends', members: [bob.user] });
    await areReady(world, alice, aliceTwo, bob);
    await allTalk(world, group, [alice, aliceTwo, bob], 'first');
    const tables = await backup(alice);
    const tablesTwo = await backup(aliceTwo);
    await allTalk(world, group, [alice, aliceTwo, bob], 'second');
    await alice.isQuiet();
    await aliceTwo.isQuiet();
    await aliceTwo.close();
    const restored = await restore(world, alice, tables);
    const restoredTwo = await restore(world, aliceTwo, tablesTwo);
    await isRecovered(restored, restoredTwo);
    await areReady(world, restored, restoredTwo);
    await allTalk(world, group, [restored, restoredTwo, bob], 'third');
    expect(lost(bob)).toEqual([]);
  });

  test('when all devices were rolled back, a manager begins the group anew and takes the others in', async () => {
    const [alice, bob, carol] = await join(world, 'alice', 'bob', 'carol');
    if (alice === undefined || bob === undefined || carol === undefined) throw new Error('nobody there');
    const group = await alice.client.createGroup({ name: 'friends', members: [bob.user, carol.user] });
    await areReady(world, alice, bob, carol);
    await allTalk(world, group, [alice, bob, carol], 'first');
    const devices = [bob, alice, carol];
    const copies: MemoryTables[] = [];
    for (const device of devices) copies.push(await backup(device));
    await allTalk(world, group, [alice, bob, carol], 'second');
    for (const device of devices) {
      await device.isQuiet();
      await device.close();
    }
    const restored: Device[] = [];
    for (const [position, device] of devices.entries()) restored.push(await restore(world, device, copies[position] ?? device.tables));
    await isRecovered(...restored);
    await areReady(world, ...restored);
    await allTalk(world, group, restored, 'third');
    expect(lost(...restored)).toEqual([]);
  });
});
