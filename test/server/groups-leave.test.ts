import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { GroupAddress } from '../../lib/base/address.js';
import { settled } from '../transport/fake-clock.js';
import {
  add,
  addDevice,
  expectRefused,
  found,
  getGroup,
  leave,
  manager,
  member,
  remove,
  say,
  startGroupRelay,
  stored,
  take,
} from './group-fixture.js';
import type { RelayFixture, TestDevice } from './relay-fixture.js';
import { expectOk, join, payloadOf } from './relay-fixture.js';

let fixture: RelayFixture;
let alice: TestDevice;
let bob: TestDevice;
let carol: TestDevice;
/** Managed by alice and carol. */
let group: GroupAddress;

beforeEach(async () => {
  fixture = await startGroupRelay();
  alice = await join(fixture, 'alice');
  bob = await join(fixture, 'bob');
  carol = await join(fixture, 'carol');
  group = await found(alice, [bob, carol], [manager(alice), member(bob), manager(carol)]);
});

afterEach(async () => {
  await fixture.relay.close();
});

function kinds({ pushes }: TestDevice): string[] {
  return pushes.map(({ payload }) => payload.kind);
}

test('one device of one manager is asked to remove who wants to leave', async () => {
  const answer = expectOk(await leave(bob, group));
  expect(answer.group).toEqual(group);
  expect(answer.leaver).toEqual(bob.address);
  const [push] = await take(alice, 1);
  expect(payloadOf(push, 'leave-group')).toMatchObject({ group, leaver: { userId: 'bob', deviceId: 'phone' } });
  expect(push?.signatures).toHaveLength(1);
  await settled();
  expect(carol.pushes).toEqual([]);
});

test('a connected manager is preferred', async () => {
  await alice.connection?.close();
  await settled();
  expectOk(await leave(bob, group));
  await take(carol, 1);
});

test('who is leaving stays a member without a voice until a manager has removed him', async () => {
  expectOk(await leave(bob, group));
  await expectRefused(fixture, () => say(bob, group, 'wait'), 403);
  const watch = await join(fixture, 'bob', 'watch');
  await expectRefused(fixture, () => addDevice(bob, group, watch), 403);
  await expectRefused(fixture, () => addDevice(alice, group, watch), 404);
  expect(expectOk(await getGroup(bob, group)).members).toHaveLength(3);
  // The wish to leave is no change that would have to be consumed first.
  expectOk(await remove(alice, group, [member(bob)]));
  await expectRefused(fixture, () => leave(bob, group), 404);
  expectOk(await add(alice, group, [member(bob)]));
  expectOk(await say(bob, group, 'I am back'));
});

test('the same wish again, from any device of the user, is answered and asks nobody else', async () => {
  const watch = await join(fixture, 'bob', 'watch');
  expectOk(await leave(bob, group));
  await alice.received(1);
  const before = stored(fixture.tables);
  expectOk(await leave(bob, group));
  expectOk(await leave(watch, group));
  expect(stored(fixture.tables)).toBe(before);
});

test('when the manager’s device has acknowledged without removing the user, his next wish asks again', async () => {
  expectOk(await leave(bob, group));
  await take(alice, 1);
  expectOk(await leave(bob, group));
  payloadOf((await take(alice, 1))[0], 'leave-group');
});

test('without another manager nobody may leave', async () => {
  expectOk(await leave(carol, group));
  await take(alice, 1);
  await expectRefused(fixture, () => leave(alice, group), 409);
  expectOk(await remove(alice, group, [manager(carol)]));
  await expectRefused(fixture, () => leave(alice, group), 409);
  expectOk(await leave(bob, group));
});

test('a manager without a device cannot be asked', async () => {
  await fixture.relay.removeDevice('carol', 'phone');
  await expectRefused(fixture, () => leave(alice, group), 409);
});

test('strangers, and devices that speak for others, are refused', async () => {
  const dave = await join(fixture, 'dave');
  await expectRefused(fixture, () => leave(dave, group), 404);
  await expectRefused(fixture, () => leave(bob, { ...group, groupId: 'another' }), 404);
  await expectRefused(fixture, () => bob.request('leave_group', { leaver: carol.address, group }), 403);
});

test('when the device that was asked is removed, another manager is asked', async () => {
  expectOk(await leave(bob, group));
  await alice.received(1);
  await fixture.relay.removeDevice('alice', 'phone');
  await carol.received(2);
  expect(kinds(carol).sort()).toEqual(['leave-group', 'remove-user-device']);
});

test('when the manager who was asked is removed, another one is asked', async () => {
  expectOk(await leave(bob, group));
  await alice.received(1);
  expectOk(await remove(carol, group, [manager(alice)]));
  payloadOf((await take(carol, 1))[0], 'leave-group');
});

test('when the manager who was asked wants to leave as well, another one is asked for both', async () => {
  expectOk(await leave(bob, group));
  await alice.received(1);
  expectOk(await leave(alice, group));
  const leavers = (await take(carol, 2)).map((push) => payloadOf(push, 'leave-group').leaver.userId);
  expect(leavers).toEqual(['bob', 'alice']);
});

test('a wish that nobody could be asked for waits for the next device of a manager', async () => {
  expectOk(await leave(bob, group));
  await alice.received(1);
  await fixture.relay.removeDevice('carol', 'phone');
  const laptop = await join(fixture, 'alice', 'laptop');
  expectOk(await addDevice(alice, group, laptop));
  await fixture.relay.removeDevice('alice', 'phone');
  await laptop.received(3);
  expect(kinds(laptop)).toContain('leave-group');
});

test('what is pending survives a restart', async () => {
  expectOk(await leave(bob, group));
  fixture = await fixture.restart();
  for (const device of [alice, bob, carol]) {
    device.pushes.length = 0;
    await device.connect(fixture.network.transport);
  }
  payloadOf((await alice.received(1))[0], 'leave-group');
  await expectRefused(fixture, () => say(bob, group, 'still here'), 403);
  await fixture.relay.removeDevice('alice', 'phone');
  await carol.received(2);
  expect(kinds(carol)).toContain('leave-group');
});
