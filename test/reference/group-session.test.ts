/** The reference's test_group_session, with real clients and a real relay. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Device, World } from '../support/scenario.js';
import { Ledger, haveKeys, joined, newGroup } from './ledger.js';

let world: World;

beforeEach(async () => {
  world = await World.create('reference groups', { limits: { lowOneTimePreKeys: 0 } });
});

afterEach(async () => {
  expect(await world.end()).toEqual([]);
});

describe('groups', () => {
  test('test_group_session create_group: 4 members, and each reads what the other three send', async () => {
    const members = await joined(world, 'alice', 'bob', 'claire', 'david');
    const ledger = new Ledger(world, members);
    const group = await newGroup(world, 'four', members);
    await ledger.round(group, members, 'hello all');
    await ledger.holds();
  });

  test('test_group_session add_group_members: a fourth is added to 3 members, and all four read each other', async () => {
    const all = await joined(world, 'alice', 'bob', 'claire', 'david');
    const [alice, bob, claire, david] = all;
    const ledger = new Ledger(world, all);
    const group = await newGroup(world, 'three', [alice, bob, claire]);
    await ledger.round(group, [alice, bob, claire], 'before');
    await ledger.holds();
    await alice.client.addGroupMembers(group, [david.user]);
    await haveKeys(world, group, all);
    await ledger.round(group, all, 'after');
    await ledger.holds();
  });

  test('test_group_session remove_group_members: Claire is removed from 4, and reads nothing of what the other three send', async () => {
    const all = await joined(world, 'alice', 'bob', 'claire', 'david');
    const [alice, bob, claire, david] = all;
    const ledger = new Ledger(world, all);
    const group = await newGroup(world, 'four', all);
    await alice.client.removeGroupMembers(group, [claire.user]);
    await haveKeys(world, group, [alice, bob, david]);
    await claire.sees('group-members-removed');
    await ledger.round(group, [alice, bob, david], 'without Claire');
    await ledger.holds();
    expect(claire.received).toEqual([]);
    expect(await claire.client.groups()).toEqual([]);
    await expect(ledger.tells(claire, group, all, 'still here')).rejects.toMatchObject({ code: 'no-such-group' });
  });

  test('test_group_session create_add_remove: A sends to 2 members, to one more, and to one less', async () => {
    const all = await joined(world, 'alice', 'bob', 'claire');
    const [alice, bob, claire] = all;
    const ledger = new Ledger(world, all);
    const group = await newGroup(world, 'two', [alice, bob]);
    await ledger.tells(alice, group, [bob], 'to two');
    await alice.client.addGroupMembers(group, [claire.user]);
    await haveKeys(world, group, all);
    await ledger.tells(alice, group, [bob, claire], 'to three');
    await ledger.holds();
    await alice.client.removeGroupMembers(group, [claire.user]);
    await haveKeys(world, group, [alice, bob]);
    await ledger.tells(alice, group, [bob], 'to two again');
    await ledger.holds();
  });

  test('test_group_session leave_group: Claire leaves 4 members, and the others read each other without her', async () => {
    const all = await joined(world, 'alice', 'bob', 'claire', 'david');
    const [alice, bob, claire, david] = all;
    const ledger = new Ledger(world, all);
    const group = await newGroup(world, 'four', all);
    await ledger.round(group, all, 'with Claire');
    await ledger.holds();
    await claire.client.leaveGroup(group);
    expect(await claire.client.groups()).toEqual([]);
    await haveKeys(world, group, [alice, bob, david]);
    await ledger.round(group, [alice, bob, david], 'without Claire');
    await ledger.holds();
  });

  test('test_group_session continual: 3 members send 1000 messages each, and each reads the 2000 of the others in order', async () => {
    // The watched transport looks through all rows at every request, which is too much here.
    const direct = { client: { transport: world.relay.network.transport } };
    const members: Device[] = [];
    for (const name of ['alice', 'bob', 'claire']) members.push(await world.join(name, 'one', direct));
    const ledger = new Ledger(world, members);
    const group = await newGroup(world, 'three', members);
    for (let number = 0; number < 1000; number += 100) {
      const hundred = Array.from({ length: 100 }, (_, next) => `${number + next}`);
      await Promise.all(members.flatMap((member) => hundred.map((text) => ledger.tells(member, group, members, text))));
      await ledger.holds();
    }
    expect(members.map(({ received }) => received.length)).toEqual([2000, 2000, 2000]);
  }, 300_000);

  test('test_group_session multiple_devices: 3 members with 2 devices each, and all five others read what one of a user sends', async () => {
    const devices = await joined(world, 'alice/1', 'alice/2', 'bob/1', 'bob/2', 'claire/1', 'claire/2');
    const [a1, , b1, , c1] = devices;
    const ledger = new Ledger(world, devices);
    const group = await newGroup(world, 'six devices', devices);
    for (const sender of [a1, b1, c1]) await ledger.tells(sender, group, devices, 'from one of two');
    await ledger.holds();
  });

  test('test_group_session add_new_device: A registers a second device, which reads what A1 sends like the other members', async () => {
    const members = await joined(world, 'alice/1', 'bob', 'claire');
    const [a1] = members;
    const ledger = new Ledger(world, members);
    const group = await newGroup(world, 'three', members);
    await ledger.round(group, members, 'before');
    await ledger.holds();
    const a2 = await world.join('alice', '2');
    ledger.enter(a2);
    const all = [...members, a2];
    await haveKeys(world, group, all);
    await ledger.tells(a1, group, all, 'from A1');
    await ledger.round(group, all, 'after');
    await ledger.holds();
  });

  test('test_group_session medium_group: 10 members, 4 added, 4 removed of the old and the new, and messages after each change', async () => {
    const everybody = await joined(world, ...Array.from({ length: 14 }, (_, number) => `user${number}`));
    const ledger = new Ledger(world, everybody);
    const ten = everybody.slice(0, 10);
    const [manager] = ten;
    if (manager === undefined) throw new Error('nobody there');
    const group = await newGroup(world, 'ten', ten);
    await ledger.round(group, ten, 'ten');
    await ledger.holds();
    await manager.client.addGroupMembers(
      group,
      everybody.slice(10).map(({ user }) => user),
    );
    await haveKeys(world, group, everybody);
    await ledger.round(group, everybody, 'fourteen');
    await ledger.holds();
    const leaving = [3, 7, 11, 13];
    const left = everybody.filter((_, number) => !leaving.includes(number));
    await manager.client.removeGroupMembers(
      group,
      everybody.filter((_, number) => leaving.includes(number)).map(({ user }) => user),
    );
    await haveKeys(world, group, left);
    await ledger.round(group, left, 'ten again');
    await ledger.holds();
  }, 60_000);

  test('test_group_session create_group_time (disabled): 200 members have the keys, and all read what the first sends', async () => {
    const everybody = await joined(world, ...Array.from({ length: 200 }, (_, number) => `user${number}`));
    const [creator] = everybody;
    if (creator === undefined) throw new Error('nobody there');
    const ledger = new Ledger(world, everybody);
    const group = await newGroup(world, 'two hundred', everybody);
    await ledger.tells(creator, group, everybody, 'hello all');
    await ledger.holds();
  }, 300_000);
});
