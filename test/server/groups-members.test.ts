import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { GroupAddress } from '../../lib/base/address.js';
import { limits } from '../../lib/base/limits.js';
import { groupRoles } from '../../lib/wire/group.js';
import {
  add,
  addDevice,
  expectRefused,
  found,
  getGroup,
  groupText,
  manager,
  member,
  names,
  remove,
  say,
  startGroupRelay,
  stored,
  take,
} from './group-fixture.js';
import type { RelayFixture, TestDevice } from './relay-fixture.js';
import { domain, expectOk, join, payloadOf } from './relay-fixture.js';

let fixture: RelayFixture;
let alice: TestDevice;
let bob: TestDevice;
let tablet: TestDevice;
let carol: TestDevice;
let dave: TestDevice;
/** Of alice, who manages it, and carol. */
let group: GroupAddress;

async function start(bounds = {}): Promise<void> {
  fixture = await startGroupRelay(bounds);
  alice = await join(fixture, 'alice');
  bob = await join(fixture, 'bob');
  tablet = await join(fixture, 'bob', 'tablet');
  carol = await join(fixture, 'carol');
  dave = await join(fixture, 'dave');
  await take(bob, 1);
  group = await found(alice, [carol]);
}

beforeEach(() => start());

afterEach(async () => {
  await fixture.relay.close();
});

describe('add_group_members', () => {
  test('appends users and tells all devices, old and new, in one order', async () => {
    const answer = expectOk(await add(alice, group, [member(dave), member(bob)], 17));
    const members = [manager(alice), member(carol), member(dave), member(bob)];
    expect(answer.members).toEqual(members);
    expect(answer.addedMembers).toEqual([member(dave), member(bob)]);
    expect(names(answer.addingDevices)).toEqual(['dave/phone', 'bob/phone', 'bob/tablet']);
    for (const device of [carol, dave, bob, tablet]) {
      const [push] = await take(device, 1);
      const told = payloadOf(push, 'add-group-members');
      // The sender’s name of the group and list of members were wrong.
      expect(told.group).toEqual({ name: 'club', address: group, members });
      expect(told).toMatchObject({ sequence: 17, addingMembers: [member(dave), member(bob)] });
      expect(told.addingDevices).toEqual(answer.addingDevices);
      expect(push?.signatures).toHaveLength(1);
    }
    expect(alice.pushes).toEqual([]);
    expect(expectOk(await getGroup(bob, group)).members).toEqual(members);
  });

  test('can add a manager, who can add others', async () => {
    expectOk(await add(alice, group, [manager(dave)]));
    await take(dave, 1);
    expectOk(await add(dave, group, [member(bob)]));
  });

  test('is refused with 404 for members that do not manage and for strangers', async () => {
    await expectRefused(fixture, () => add(carol, group, [member(bob)]), 404);
    await expectRefused(fixture, () => add(dave, group, [member(bob)]), 404);
    await expectRefused(fixture, () => add(alice, { ...group, groupId: 'another' }, [member(bob)]), 404);
    await expectRefused(fixture, () => add(alice, { ...group, domain: 'other.test' }, [member(bob)]), 404);
  });

  test('is refused for a user who is a member, who does not exist, who is named twice, and for nobody', async () => {
    await expectRefused(fixture, () => add(alice, group, [member(carol)]), 409);
    await expectRefused(fixture, () => add(alice, group, [member(bob), manager(alice)]), 409);
    await expectRefused(fixture, () => add(alice, group, [{ domain, userId: 'nobody', role: groupRoles.member }]), 404);
    await expectRefused(fixture, () => add(alice, group, [member(bob), member(bob)]), 400);
    await expectRefused(fixture, () => add(alice, group, []), 400);
  });

  test('is refused with more devices or members than a group may have', async () => {
    await fixture.relay.close();
    await start({ groupDevices: 3 });
    expect(await expectRefused(fixture, () => add(alice, group, [member(bob)]), 400)).toContain('4 devices are more than the 3');
    const many = Array.from({ length: limits.groupMembers }, (_, index) => ({ domain, userId: `user ${index}`, role: 0 }));
    expect(await expectRefused(fixture, () => add(alice, group, many), 400)).toContain(`more than the ${limits.groupMembers}`);
    expectOk(await add(alice, group, [member(dave)]));
  });

  test('is refused in the name of another device and without the group’s address', async () => {
    const { suite } = alice.account;
    const request = { suite, sequence: 0, addingMembers: [member(bob)], addingDevices: [] };
    const info = { name: 'club', address: group, members: [] };
    await expectRefused(fixture, () => carol.request('add_group_members', { ...request, sender: alice.address, group: info }), 403);
    const nameless = { ...info, address: undefined };
    await expectRefused(fixture, () => alice.request('add_group_members', { ...request, sender: alice.address, group: nameless }), 400);
  });
});

describe('add_group_member_device', () => {
  test('makes a new device known once: the first member that asks wins, later ones get 404', async () => {
    const watch = await join(fixture, 'carol', 'watch');
    await take(carol, 1);
    const [won, lost] = await Promise.all([addDevice(alice, group, watch, 4), addDevice(carol, group, watch, 5)]);
    expect(lost).toMatchObject({ ok: false, code: 404 });
    const answer = expectOk(won);
    expect(answer.members).toEqual([manager(alice), member(carol)]);
    expect(names([answer.addingDevice])).toEqual(['carol/watch']);
    for (const device of [carol, watch]) {
      const told = payloadOf((await take(device, 1))[0], 'add-group-member-device');
      expect(told).toMatchObject({ sequence: 4, group: { name: 'club', address: group, members: answer.members } });
      expect(told.addingDevice).toEqual(answer.addingDevice);
    }
    expectOk(await say(alice, group, 'to all'));
    expect(groupText((await take(watch, 1))[0])).toBe('to all');
  });

  test('of members that were added with the group is refused with 404', async () => {
    await expectRefused(fixture, () => addDevice(alice, group, carol), 404);
    await expectRefused(fixture, () => addDevice(alice, group, alice), 404);
  });

  test('is refused for devices that do not exist or whose user is no member, and by strangers', async () => {
    const ghost = Object.assign(Object.create(carol) as TestDevice, { address: { ...carol.address, deviceId: 'ghost' } });
    await expectRefused(fixture, () => addDevice(alice, group, ghost), 404);
    await expectRefused(fixture, () => addDevice(alice, group, bob), 404);
    const watch = await join(fixture, 'carol', 'watch');
    await expectRefused(fixture, () => addDevice(dave, group, watch), 404);
  });

  test('is refused when the group is full, and by a device that was not made known itself', async () => {
    await fixture.relay.close();
    await start({ groupDevices: 2 });
    const watch = await join(fixture, 'carol', 'watch');
    expect(await expectRefused(fixture, () => addDevice(alice, group, watch), 400)).toContain('3 devices are more than the 2');
    const laptop = await join(fixture, 'alice', 'laptop');
    await expectRefused(fixture, () => addDevice(laptop, group, watch), 409);
  });

  test('puts the devices of a user into the order of their ids, whenever they came', async () => {
    const early = await join(fixture, 'carol', 'a');
    await take(carol, 1);
    expectOk(await addDevice(alice, group, early));
    expectOk(await add(alice, group, [member(dave)]));
    const { devices } = expectOk(await remove(alice, group, [member(dave)]));
    expect(names(devices)).toEqual(['alice/phone', 'carol/a', 'carol/phone']);
  });
});

describe('remove_group_members', () => {
  beforeEach(async () => {
    expectOk(await add(alice, group, [member(bob), manager(dave)]));
    await Promise.all([carol, bob, tablet, dave].map((device) => take(device, 1)));
  });

  test('tells those who stay which devices stay, and those who go that they go', async () => {
    // Order and roles of the request do not matter.
    const answer = expectOk(await remove(alice, group, [member(dave), manager(carol)]));
    const members = [manager(alice), member(bob)];
    expect(answer.members).toEqual(members);
    expect(answer.removedMembers).toEqual([member(carol), manager(dave)]);
    expect(names(answer.devices)).toEqual(['alice/phone', 'bob/phone', 'bob/tablet']);
    for (const device of [bob, tablet]) {
      const told = payloadOf((await take(device, 1))[0], 'remove-group-members');
      expect(told.devices).toEqual(answer.devices);
      expect(told.group).toEqual({ name: 'club', address: group, members });
      expect(told.removingMembers).toEqual(answer.removedMembers);
    }
    for (const device of [carol, dave]) {
      const told = payloadOf((await take(device, 1))[0], 'remove-group-members');
      expect(told.devices).toEqual([]);
      expect(told.removingMembers).toEqual(answer.removedMembers);
    }
    expectOk(await say(alice, group, 'among us'));
    expect(groupText((await take(tablet, 1))[0])).toBe('among us');
    expect(carol.pushes).toEqual([]);
    expect(await getGroup(carol, group)).toMatchObject({ code: 404 });
  });

  test('lists only devices that were made known: the others are announced later', async () => {
    const watch = await join(fixture, 'bob', 'watch');
    expect(names(expectOk(await remove(alice, group, [member(carol)])).devices)).not.toContain('bob/watch');
    expectOk(await addDevice(alice, group, watch));
  });

  test('lets a removed user be added again, in the same words as before', async () => {
    expectOk(await remove(alice, group, [member(bob)]));
    expectOk(await add(alice, group, [member(bob)]));
    expectOk(await remove(alice, group, [member(bob)]));
    expectOk(await add(alice, group, [member(bob)]));
    const kinds = (await take(bob, 4)).map(({ payload }) => payload.kind);
    expect(kinds).toEqual(['remove-group-members', 'add-group-members', 'remove-group-members', 'add-group-members']);
  });

  test('is refused with 404 for members that do not manage, for strangers to the group and for oneself', async () => {
    await expectRefused(fixture, () => remove(bob, group, [member(carol)]), 404);
    await expectRefused(fixture, () => remove(alice, group, [member(alice)]), 404);
    const stranger = await join(fixture, 'stranger');
    await expectRefused(fixture, () => remove(alice, group, [member(carol), member(stranger)]), 404);
    await expectRefused(fixture, () => remove(stranger, group, [member(carol)]), 404);
  });

  test('of nobody opens an epoch for everybody: only for a manager who knows the last change, and once for the same words', async () => {
    const { devices, members } = expectOk(await remove(alice, group, []));
    expect(members).toContainEqual(manager(dave));
    const [push] = await take(dave, 1);
    expect(payloadOf(push, 'remove-group-members')).toMatchObject({ removingMembers: [], devices });
    const again = stored(fixture.tables);
    expect(expectOk(await remove(alice, group, [])).devices).toEqual(devices);
    expect(stored(fixture.tables)).toBe(again);
    await expectRefused(fixture, () => remove(carol, group, []), 404);
    expectOk(await remove(dave, group, []));
    expect(await expectRefused(fixture, () => remove(alice, group, [member(carol)]), 409)).toBe('group-changed');
  });

  test('can remove another manager, who then manages nothing', async () => {
    expectOk(await remove(dave, group, [manager(alice)]));
    await expectRefused(fixture, () => add(alice, group, [manager(alice)]), 404);
  });
});
