import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { GroupAddress } from '../../lib/index.js';
import { type Device, World } from '../support/scenario.js';
import { allTalk, areReady, join, say } from '../support/scenario-groups.js';

let world: World;

beforeEach(async () => {
  world = await World.create('groups');
});

afterEach(async () => {
  expect(await world.end()).toEqual([]);
});

async function create(creator: Device, ...others: Device[]): Promise<GroupAddress> {
  return creator.client.createGroup({ name: 'friends', members: others.map(({ user }) => user) });
}

/** Lets time pass until `work` is done. */
async function during(work: Promise<unknown>): Promise<void> {
  let isDone = false;
  const end = (): void => {
    isDone = true;
  };
  work.then(end, end);
  await world.passes(() => isDone, 'the call ends');
  await work;
}

describe('groups', () => {
  test('every member reads what every other member sends, once', async () => {
    const devices = await join(world, 'alice', 'bob', 'carol', 'dave');
    const [alice, ...others] = devices;
    if (alice === undefined) throw new Error('nobody there');
    const group = await create(alice, ...others);
    await areReady(world, ...devices);
    await allTalk(world, group, devices, 'first');
    for (const device of devices) {
      expect(await device.client.groups()).toMatchObject([{ name: 'friends', state: 'ready', isManager: device === alice }]);
      expect(device.received.every(({ kind, group: to }) => kind === 'group-message' && to?.groupId === group.groupId)).toBe(true);
      expect(device.eventsOf('undecryptable')).toEqual([]);
    }
  });

  test('who is added reads what follows, who is removed does not', async () => {
    const [alice, bob, carol, dave] = await four();
    const group = await create(alice, bob, carol);
    await areReady(world, alice, bob, carol);
    await allTalk(world, group, [alice, bob, carol], 'first');
    await alice.client.addGroupMembers(group, [dave.user]);
    await areReady(world, dave);
    await allTalk(world, group, [alice, bob, carol, dave], 'second');
    expect(dave.texts.filter((text) => text.startsWith('first'))).toEqual([]);
    await alice.client.removeGroupMembers(group, [carol.user]);
    await carol.sees('group-members-removed');
    expect(await carol.client.groups()).toEqual([]);
    await allTalk(world, group, [alice, bob, dave], 'third');
    expect(carol.texts.filter((text) => text.startsWith('third'))).toEqual([]);
    await expect(say(carol, group, 'still here')).rejects.toMatchObject({ code: 'no-such-group' });
  });

  test('messages that are on their way while somebody is added are read by those who were in the group', async () => {
    const [alice, bob, carol, dave] = await four();
    const group = await create(alice, bob, carol);
    await areReady(world, alice, bob, carol);
    const adding = alice.client.addGroupMembers(group, [dave.user]);
    const saying = ['one', 'two', 'three'].flatMap((text) =>
      [alice, bob, carol].map((device) => say(device, group, `${text} ${device.userId}`)),
    );
    await Promise.all([adding, ...saying]);
    await areReady(world, dave);
    for (const device of [alice, bob, carol]) {
      await world.passes(() => device.texts.length === 6, `${device.userId} reads everything`);
      for (const sender of ['alice', 'bob', 'carol']) {
        const heard = device.texts.filter((text) => text.endsWith(sender));
        expect(heard).toEqual(sender === device.userId ? [] : ['one', 'two', 'three'].map((text) => `${text} ${sender}`));
      }
    }
    await allTalk(world, group, [alice, bob, carol, dave], 'then');
    for (const device of [alice, bob, carol]) expect(device.eventsOf('undecryptable')).toEqual([]);
  });

  test('two managers who change the group at once both succeed, one after the other', async () => {
    const [alice, bob, carol, dave] = await four();
    const group = await alice.client.createGroup({ name: 'friends', members: [bob.user], managers: [bob.user] });
    await areReady(world, alice, bob);
    await during(Promise.all([alice.client.addGroupMembers(group, [carol.user]), bob.client.addGroupMembers(group, [dave.user])]));
    await areReady(world, carol, dave);
    await allTalk(world, group, [alice, bob, carol, dave], 'all');
    await during(Promise.all([alice.client.removeGroupMembers(group, [carol.user]), bob.client.removeGroupMembers(group, [dave.user])]));
    for (const device of [carol, dave]) {
      const isOut = (): boolean =>
        device.eventsOf('group-members-removed').some(({ removed }) => removed.some(({ userId }) => userId === device.userId));
      await world.passes(isOut, `${device.userId} is out`);
    }
    await allTalk(world, group, [alice, bob], 'left');
    for (const device of [alice, bob])
      expect((await device.client.groups())[0]?.members.map(({ userId }) => userId)).toEqual(['alice', 'bob']);
  });

  test('a member who leaves is removed by a manager, and reads nothing any more', async () => {
    const [alice, bob, carol, dave] = await four();
    const group = await create(alice, bob, carol, dave);
    await areReady(world, alice, bob, carol, dave);
    await carol.client.leaveGroup(group);
    expect(await carol.client.groups()).toEqual([]);
    await bob.sees('group-members-removed');
    await allTalk(world, group, [alice, bob, dave], 'without carol');
    expect(carol.texts).toEqual([]);
  });

  test('all devices of all members take part, and what one device sends its own others read, too', async () => {
    const devices = await join(world, 'alice/1', 'alice/2', 'bob/1', 'bob/2', 'carol/1');
    const [a1, a2, b1, b2, c1] = devices;
    if (a1 === undefined || a2 === undefined || b1 === undefined || b2 === undefined || c1 === undefined) throw new Error('nobody there');
    const group = await create(a1, b1, c1);
    await areReady(world, ...devices);
    await allTalk(world, group, devices, 'first');
    expect((await b2.client.groups())[0]?.devices).toHaveLength(5);
  });

  test('a device that registers later is taken into the groups of its user, once', async () => {
    const devices = await join(world, 'alice/1', 'bob/1', 'carol/1');
    const [a1, b1, c1] = devices;
    if (a1 === undefined || b1 === undefined || c1 === undefined) throw new Error('nobody there');
    const group = await create(a1, b1, c1);
    const other = await create(b1, a1);
    await areReady(world, ...devices);
    await allTalk(world, group, devices, 'first');
    const [a2] = await join(world, 'alice/2');
    if (a2 === undefined) throw new Error('nobody there');
    await world.passes(() => a2.eventsOf('group-ready').length === 2, 'the new device has the keys of both groups');
    await allTalk(world, group, [...devices, a2], 'second');
    await allTalk(world, other, [a1, b1, a2], 'other');
    expect(a2.texts.filter((text) => text.startsWith('first'))).toEqual([]);
    for (const device of [a1, b1, c1]) {
      const added = device.eventsOf('group-device-added').filter(({ group: where }) => where.groupId === group.groupId);
      expect(added).toMatchObject([{ device: { userId: 'alice', deviceId: '2' } }]);
    }
  });

  test('who was away reads everything that was sent, in the order of each sender, through adds and removals', async () => {
    const [alice, bob, carol, dave] = await four();
    const group = await create(alice, bob, carol);
    await areReady(world, alice, bob, carol);
    await carol.close();
    await say(alice, group, 'a1');
    await say(bob, group, 'b1');
    await alice.client.addGroupMembers(group, [dave.user]);
    await areReady(world, dave);
    await say(dave, group, 'd1');
    await say(bob, group, 'b2');
    await alice.client.removeGroupMembers(group, [dave.user]);
    await world.passes(() => bob.eventsOf('group-ready').length === 2, 'bob has the new keys');
    await say(bob, group, 'b3');
    await say(alice, group, 'a2');
    await alice.client.flush();
    await bob.client.flush();
    await carol.open();
    await world.passes(() => ['a1', 'a2', 'b1', 'b2', 'b3', 'd1'].every((text) => carol.texts.includes(text)), 'carol reads all');
    expect(carol.texts.filter((text) => text.startsWith('b'))).toEqual(['b1', 'b2', 'b3']);
    expect(carol.texts.filter((text) => text.startsWith('a'))).toEqual(['a1', 'a2']);
    await allTalk(world, group, [alice, bob, carol], 'together');
  });

  test('a group, what waits for it and what was asked for survive a restart at any time', async () => {
    const [alice, bob, carol, dave] = await four();
    const creating = alice.client.createGroup({ name: 'friends', members: [bob.user, carol.user] });
    const given = expect(creating).rejects.toMatchObject({ code: 'client-closed' });
    await alice.restart();
    await given;
    await areReady(world, alice, bob, carol);
    const group = (await alice.client.groups())[0]?.address;
    if (group === undefined) throw new Error('there is no group');
    for (const device of [alice, bob, carol]) await device.restart();
    await allTalk(world, group, [alice, bob, carol], 'first');
    await alice.client.addGroupMembers(group, [dave.user]);
    await areReady(world, dave);
    await allTalk(world, group, [alice, bob, carol, dave], 'second');
  });
});

async function four(): Promise<[Device, Device, Device, Device]> {
  const [a, b, c, d] = await join(world, 'alice', 'bob', 'carol', 'dave');
  if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error('nobody there');
  return [a, b, c, d];
}
