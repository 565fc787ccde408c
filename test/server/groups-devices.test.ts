/** Devices that come and go while their users are in groups. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { GroupAddress } from '../../lib/base/address.js';
import { settled } from '../transport/fake-clock.js';
import {
  addDevice,
  create,
  expectRefused,
  found,
  getGroup,
  groupText,
  manager,
  member,
  names,
  rowsOf,
  say,
  startGroupRelay,
  take,
} from './group-fixture.js';
import type { RelayFixture, TestDevice } from './relay-fixture.js';
import { device, expectOk, join, payloadOf } from './relay-fixture.js';

let fixture: RelayFixture;
let alice: TestDevice;
let bob: TestDevice;
let carol: TestDevice;
let group: GroupAddress;

beforeEach(async () => {
  fixture = await startGroupRelay();
  alice = await join(fixture, 'alice');
  bob = await join(fixture, 'bob');
  carol = await join(fixture, 'carol');
  group = await found(alice, [bob, carol]);
});

afterEach(async () => {
  await fixture.relay.close();
});

test('a new device is told of all groups of its user and of no others', async () => {
  const other = await found(bob, [carol]);
  await found(alice, [carol]);
  const { groups } = await device('bob', 'watch').register(fixture.network.transport, 'code', 'mailto:bob@example.org');
  expect(groups).toHaveLength(2);
  expect(groups).toContainEqual({ name: 'club', address: group, members: [manager(alice), member(bob), member(carol)] });
  expect(groups).toContainEqual({ name: 'club', address: other, members: [manager(bob), member(carol)] });
  const first = await device('dave').register(fixture.network.transport, 'code', 'mailto:dave@example.org');
  expect(first.groups).toEqual([]);
});

test('a device that is removed leaves nothing of itself in its groups; its user stays', async () => {
  await fixture.relay.removeDevice('bob', 'phone');
  const keys = rowsOf(fixture.tables, 'group').map(([key]) => Buffer.from(key, 'hex').toString('latin1'));
  expect(keys.filter((key) => key.startsWith('mark') && key.includes('bob'))).toEqual([]);
  expect(expectOk(await getGroup(alice, group)).members).toContainEqual(member(bob));
  const again = await join(fixture, 'bob');
  expectOk(await say(alice, group, 'not for a device without keys'));
  await settled();
  expect(again.pushes).toEqual([]);
  await take(alice, 1);
  expectOk(await addDevice(alice, group, again));
  expectOk(await say(alice, group, 'welcome back'));
  expect(groupText((await take(again, 2))[1])).toBe('welcome back');
});

test('the devices of the other members are told that it is gone, once each', async () => {
  await found(alice, [carol, bob]);
  await fixture.relay.removeDevice('bob', 'phone');
  for (const peer of [alice, carol]) {
    const [push] = await take(peer, 1);
    expect(payloadOf(push, 'remove-user-device').device).toMatchObject({ userId: 'bob', deviceId: 'phone' });
    await settled();
    expect(peer.pushes).toEqual([]);
  }
});

test('a removal that cannot be stored changes nothing', async () => {
  fixture.failure = 'unavailable';
  await expect(fixture.relay.removeDevice('bob', 'phone')).rejects.toMatchObject({ code: 'unavailable' });
  fixture.failure = undefined;
  expectOk(await say(alice, group, 'still there'));
  expect(groupText((await take(bob, 1))[0])).toBe('still there');
});

test('a device that registers while its user is taken into a group is in the list or is told of the group', async () => {
  const dave = await join(fixture, 'dave');
  for (let turns = 0; turns < 30; turns += 3) {
    const watch = device('dave', `watch ${turns}`);
    const creating = create(alice, [manager(alice), member(dave)], `group ${turns}`);
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    const [created, registered] = await Promise.all([
      creating,
      watch.register(fixture.network.transport, 'code', 'mailto:dave@example.org'),
    ]);
    const { group: made, devices } = expectOk(created);
    const isListed = names(devices).includes(`dave/watch ${turns}`);
    const isTold = registered.groups.some(({ address }) => address?.groupId === made.groupId);
    expect(isListed !== isTold).toBe(true);
  }
});

test('a device that is removed while a group is made of its user is in the group with its mark or not at all', async () => {
  for (let turns = 0; turns < 40; turns += 4) {
    const gone = await join(fixture, 'eve', `phone ${turns}`);
    const creating = create(alice, [manager(alice), member(gone)], `group ${turns}`);
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    const [created] = await Promise.all([creating, fixture.relay.removeDevice('eve', `phone ${turns}`)]);
    expectOk(created);
  }
  const keys = rowsOf(fixture.tables, 'group').map(([key]) => Buffer.from(key, 'hex').toString('latin1'));
  expect(keys.filter((key) => key.startsWith('mark') && key.includes('eve'))).toEqual([]);
});

test('a removed device’s token opens nothing of the group', async () => {
  const { connection } = bob;
  await fixture.relay.removeDevice('bob', 'phone');
  await settled();
  expect(connection).toBeDefined();
  await expect(bob.connect(fixture.network.transport)).rejects.toThrow();
  await expectRefused(fixture, () => addDevice(alice, group, bob), 404);
});
