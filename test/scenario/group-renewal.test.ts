import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { TransportError } from '../../lib/base/errors.js';
import { utf8 } from '../../lib/base/bytes.js';
import { limits } from '../../lib/base/limits.js';
import type { GroupAddress } from '../../lib/index.js';
import { type Device, World } from '../support/scenario.js';
import { allTalk, areReady, backup, join, restore } from '../support/scenario-groups.js';

let world: World;

beforeEach(async () => {
  world = await World.create('lost keys', { limits: { lowOneTimePreKeys: 0 } });
});

afterEach(async () => {
  expect(await world.end()).toEqual([]);
});

/** Lets no keys leave the device, and no session that could carry them begin. */
function keepsKeys(device: Device): void {
  device.traffic.interfere = ({ name }) =>
    ['send_one2one_msg', 'invite', 'accept', 'get_pre_key_bundle'].includes(name)
      ? { error: new TransportError('offline', 'kept back'), deliver: false }
      : undefined;
}

async function isTold(type: 'group-created' | 'group-members-added' | 'group-members-removed', devices: readonly Device[]): Promise<void> {
  for (const device of devices)
    await world.passes(() => device.eventsOf(type).length > 0, `${device.userId}/${device.deviceId} sees ${type}`);
}

/** Waits until each device has got the keys of so many epochs from others; what is said in a group before that may be lost with the keys. */
async function getKeys(...expected: readonly (readonly [Device, number])[]): Promise<void> {
  for (const [device, times] of expected)
    await world.passes(() => device.eventsOf('group-ready').length >= times, `${device.userId}/${device.deviceId} has keys ${times} times`);
}

/** A group that its members know of, and whose keys nobody but its opener has. */
async function announced(opener: Device, others: readonly Device[], managers: readonly Device[] = []): Promise<GroupAddress> {
  keepsKeys(opener);
  const members = [...new Map(others.filter(({ userId }) => userId !== opener.userId).map(({ user }) => [user.userId, user])).values()];
  const group = await opener.client.createGroup({ name: 'friends', members, managers: managers.map(({ user }) => user) });
  await isTold('group-created', others);
  return group;
}

describe('an opener whose store is restored before its keys went out', () => {
  test('hears of the group that it made and forgot, and opens it anew; what waited for keys arrives', async () => {
    const [alice, bob, carol] = await join(world, 'alice', 'bob', 'carol');
    if (alice === undefined || bob === undefined || carol === undefined) throw new Error('nobody there');
    const tables = await backup(alice);
    const group = await announced(alice, [bob, carol]);
    await bob.client.sendToGroup(group, utf8('waiting'));
    const restored = await restore(world, alice, tables);
    await world.passes(() => restored.texts.includes('waiting') && carol.texts.includes('waiting'), 'what waited is read');
    await allTalk(world, group, [restored, bob, carol], 'then');
    expect((await restored.client.groups()).map(({ state, isManager }) => [state, isManager])).toEqual([['ready', true]]);
  });

  test('owed keys then and sends them still: nobody takes them for those of the new epoch', async () => {
    const [alice, bob, carol] = await join(world, 'alice', 'bob', 'carol');
    if (alice === undefined || bob === undefined || carol === undefined) throw new Error('nobody there');
    const group = await announced(alice, [bob, carol]);
    await alice.close();
    const tables = alice.snapshot();
    const before = alice.eventsOf('connection').length;
    await alice.open();
    await alice.sees('connection', before + 1);
    const restored = await restore(world, alice, tables);
    await world.passes(() => [bob, carol].every((device) => device.eventsOf('device-restored').length === 1), 'the others hear of it');
    await allTalk(world, group, [restored, bob, carol], 'then');
    await allTalk(world, group, [carol, restored, bob], 'again');
  });

  test('still hands out the keys that its earlier store has: to who was away they open what was sealed with them, and no later epoch', async () => {
    const [alice, bob, carol] = await join(world, 'alice', 'bob', 'carol');
    if (alice === undefined || bob === undefined || carol === undefined) throw new Error('nobody there');
    await bob.close();
    const group = await alice.client.createGroup({ name: 'friends', members: [bob.user, carol.user] });
    await areReady(world, alice, carol);
    await alice.close();
    const tables = alice.snapshot();
    await alice.open();
    await allTalk(world, group, [alice, carol], 'first');
    const restored = await restore(world, alice, tables);
    await getKeys([restored, 1], [carol, 2]);
    await bob.open();
    await world.passes(() => bob.texts.length >= 2, 'what was sealed before is read');
    expect([...bob.texts].sort()).toEqual(['first from alice/one', 'first from carol/one']);
    await allTalk(world, group, [restored, bob, carol], 'second');
    await allTalk(world, group, [restored, bob, carol], 'third');
  });

  test('still hands them out when another manager has opened the group anew', async () => {
    const [alice, bob, carol] = await join(world, 'alice', 'bob', 'carol');
    if (alice === undefined || bob === undefined || carol === undefined) throw new Error('nobody there');
    await bob.close();
    const group = await alice.client.createGroup({ name: 'friends', members: [bob.user, carol.user], managers: [carol.user] });
    await areReady(world, alice, carol);
    await alice.close();
    const tables = alice.snapshot();
    await alice.open();
    await allTalk(world, group, [alice, carol], 'first');
    await alice.close();
    const restored = world.device('alice', 'one', { seed: 'restored' }, tables);
    restored.traffic.interfere = ({ name }) =>
      name === 'remove_group_members' ? { error: new TransportError('offline', 'kept back'), deliver: false } : undefined;
    await restored.open();
    await bob.open();
    await world.passes(() => bob.texts.length >= 2, 'what was sealed before is read');
    expect([...bob.texts].sort()).toEqual(['first from alice/one', 'first from carol/one']);
    await isTold('group-members-removed', [bob]);
    expect(bob.eventsOf('group-members-removed')).toMatchObject([{ by: carol.address }]);
    restored.traffic.interfere = undefined;
    await allTalk(world, group, [restored, bob, carol], 'second');
  });

  test('is helped by another manager while it stays away from the group', async () => {
    const [alice, bob, carol] = await join(world, 'alice', 'bob', 'carol');
    if (alice === undefined || bob === undefined || carol === undefined) throw new Error('nobody there');
    const tables = await backup(alice);
    const group = await announced(alice, [bob, carol], [bob, carol]);
    const restored = await restore(world, alice, tables);
    await getKeys([restored, 1], [bob, 1], [carol, 1]);
    await allTalk(world, group, [restored, bob, carol], 'first');
    await allTalk(world, group, [restored, bob, carol], 'second');
    for (const device of [restored, bob, carol]) expect((await device.client.groups()).map(({ state }) => state)).toEqual(['ready']);
  });

  test('after it had added somebody: who was added gets keys', async () => {
    const [alice, bob, carol] = await join(world, 'alice', 'bob', 'carol');
    if (alice === undefined || bob === undefined || carol === undefined) throw new Error('nobody there');
    const group = await alice.client.createGroup({ name: 'friends', members: [bob.user] });
    await allTalk(world, group, [alice, bob], 'first');
    const tables = await backup(alice);
    keepsKeys(alice);
    await alice.client.addGroupMembers(group, [carol.user]);
    await isTold('group-members-added', [bob, carol]);
    const restored = await restore(world, alice, tables);
    await getKeys([restored, 1], [bob, 2], [carol, 1]);
    await allTalk(world, group, [restored, bob, carol], 'second');
  });

  test('after it had removed somebody: who stayed gets keys, who went does not', async () => {
    const [alice, bob, carol] = await join(world, 'alice', 'bob', 'carol');
    if (alice === undefined || bob === undefined || carol === undefined) throw new Error('nobody there');
    const group = await alice.client.createGroup({ name: 'friends', members: [bob.user, carol.user] });
    await allTalk(world, group, [alice, bob, carol], 'first');
    const tables = await backup(alice);
    keepsKeys(alice);
    await alice.client.removeGroupMembers(group, [carol.user]);
    await isTold('group-members-removed', [bob, carol]);
    const restored = await restore(world, alice, tables);
    await getKeys([restored, 1], [bob, 2]);
    await allTalk(world, group, [restored, bob], 'second');
    expect((await restored.client.groups()).map(({ members }) => members.map(({ userId }) => userId))).toEqual([['alice', 'bob']]);
    expect(carol.texts.filter((text) => text.startsWith('second'))).toEqual([]);
  });

  test('when some have its keys and some have not, all come into one epoch', async () => {
    const [alice, bob, carol] = await join(world, 'alice', 'bob', 'carol');
    if (alice === undefined || bob === undefined || carol === undefined) throw new Error('nobody there');
    await alice.send(bob, 'hello');
    await bob.hears(1);
    await bob.send(alice, 'hello');
    await alice.hears(1);
    const tables = await backup(alice);
    // Bob's session is ready, Carol's does not begin.
    alice.traffic.interfere = ({ name }) =>
      ['invite', 'accept', 'get_pre_key_bundle'].includes(name)
        ? { error: new TransportError('offline', 'kept back'), deliver: false }
        : undefined;
    const group = await alice.client.createGroup({ name: 'friends', members: [bob.user, carol.user] });
    await world.passes(() => bob.eventsOf('group-ready').length > 0, 'Bob has the keys');
    await isTold('group-created', [carol]);
    expect(carol.eventsOf('group-ready')).toEqual([]);
    const restored = await restore(world, alice, tables);
    await world.passes(() => carol.eventsOf('group-ready').length > 0, 'Carol gets keys');
    await allTalk(world, group, [restored, bob, carol], 'then');
  });

  test('what others have sealed with its keys is read by who had them, and reported by who had not; what comes after it is read', async () => {
    const [alice, bob, carol, dora] = await join(world, 'alice', 'bob', 'carol', 'dora');
    if (alice === undefined || bob === undefined || carol === undefined || dora === undefined) throw new Error('nobody there');
    for (const device of [bob, carol]) {
      await alice.send(device, 'hello');
      await device.hears(1);
    }
    const tables = await backup(alice);
    // With Dora no session begins.
    alice.traffic.interfere = ({ name }) =>
      ['invite', 'accept', 'get_pre_key_bundle'].includes(name)
        ? { error: new TransportError('offline', 'kept back'), deliver: false }
        : undefined;
    const group = await alice.client.createGroup({ name: 'friends', members: [bob.user, carol.user, dora.user] });
    await getKeys([bob, 1], [carol, 1]);
    const { messageId } = await bob.client.sendToGroup(group, utf8('sealed with lost keys'));
    await world.passes(() => carol.texts.includes('sealed with lost keys'), 'Carol reads it');
    expect(await dora.sees('group-message-held')).toMatchObject([{ from: bob.address, group, messageId, code: 'unknown-session' }]);
    const restored = await restore(world, alice, tables);
    await getKeys([dora, 1]);
    await allTalk(world, group, [restored, bob, carol, dora], 'then');
    world.clock.leap(limits.heldGroupTime + 1);
    await dora.restart();
    await world.passes(() => dora.eventsOf('undecryptable').length > 0, 'it is given up');
    expect(dora.eventsOf('undecryptable')).toMatchObject([{ from: bob.address, messageId, code: 'not-opened', recovery: 'dropped' }]);
    expect(dora.texts).not.toContain('sealed with lost keys');
  });

  test('when all devices of its user are restored, they open the group anew', async () => {
    const [alice, aliceTwo, bob] = await join(world, 'alice', 'alice/two', 'bob');
    if (alice === undefined || aliceTwo === undefined || bob === undefined) throw new Error('nobody there');
    const tables = await backup(alice);
    const tablesTwo = await backup(aliceTwo);
    const group = await announced(alice, [aliceTwo, bob]);
    await aliceTwo.close();
    const restored = await restore(world, alice, tables);
    const restoredTwo = await restore(world, aliceTwo, tablesTwo);
    await getKeys([restored, 1], [restoredTwo, 1], [bob, 1]);
    await allTalk(world, group, [restored, restoredTwo, bob], 'then');
  });

  test('when nobody else is left, the group goes on with it alone', async () => {
    const [alice, bob] = await join(world, 'alice', 'bob');
    if (alice === undefined || bob === undefined) throw new Error('nobody there');
    const group = await alice.client.createGroup({ name: 'friends', members: [bob.user] });
    await allTalk(world, group, [alice, bob], 'first');
    const tables = await backup(alice);
    await alice.client.removeGroupMembers(group, [bob.user]);
    await alice.isQuiet();
    const restored = await restore(world, alice, tables);
    await world.passes(() => restored.eventsOf('group-ready').length > 0, 'it has keys');
    await restored.client.addGroupMembers(group, [bob.user]);
    await allTalk(world, group, [restored, bob], 'second');
  });
});

describe('a device that is removed', () => {
  test('before the keys of its group went out: another manager opens the group anew', async () => {
    const [alice, aliceTwo, bob, carol] = await join(world, 'alice', 'alice/two', 'bob', 'carol');
    if (alice === undefined || aliceTwo === undefined || bob === undefined || carol === undefined) throw new Error('nobody there');
    const group = await announced(alice, [aliceTwo, bob, carol]);
    await aliceTwo.client.removeDevice('one');
    await allTalk(world, group, [aliceTwo, bob, carol], 'then');
  });

  test('before the keys for somebody whom it added went out: a manager who has keys opens an epoch for all', async () => {
    const [alice, bob, bobTwo] = await join(world, 'alice', 'bob', 'bob/two');
    if (alice === undefined || bob === undefined || bobTwo === undefined) throw new Error('nobody there');
    const group = await alice.client.createGroup({ name: 'friends', members: [bob.user] });
    await allTalk(world, group, [alice, bob, bobTwo], 'first');
    for (const device of [alice, bobTwo]) await device.close();
    keepsKeys(bob);
    const bobThree = await world.join('bob', 'three');
    await world.passes(() => bobThree.eventsOf('group-device-added').length > 0, 'the new device is added');
    expect(bobThree.eventsOf('group-ready')).toEqual([]);
    await bobThree.client.removeDevice('one');
    await alice.open();
    await bobTwo.open();
    await getKeys([bobTwo, 2], [bobThree, 1]);
    await allTalk(world, group, [alice, bobTwo, bobThree], 'second');
  });
});

describe('a manager that dies while it opens a group anew', () => {
  for (const mode of ['before-commit', 'in-commit'] as const) {
    for (const commit of [1, 3, 5, 7]) {
      test(`dies ${mode} ${commit} after its store was restored: after a new start everybody has keys`, async () => {
        const [alice, bob] = await join(world, 'alice', 'bob');
        if (alice === undefined || bob === undefined) throw new Error('nobody there');
        const tables = await backup(alice);
        const group = await announced(alice, [bob]);
        await bob.client.sendToGroup(group, utf8('waiting'));
        await alice.close();
        const restored = world.device('alice', 'one', { seed: 'restored' }, tables);
        restored.dies(commit, mode);
        await restored.open();
        await world.passes(() => restored.isDead || bob.eventsOf('group-ready').length > 0, 'it dies or has healed the group');
        await restored.close();
        const revived = await world.device('alice', 'one', { seed: 'revived' }, restored.tables).open();
        await world.passes(() => [...restored.texts, ...revived.texts].includes('waiting'), 'what waited is read');
        await allTalk(world, group, [revived, bob], 'then');
      });
    }
  }
});
