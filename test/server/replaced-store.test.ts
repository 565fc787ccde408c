/** A device that goes on with an earlier store under a new name, as the relay sees it. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { GroupAddress } from '../../lib/base/address.js';
import {
  add,
  addDevice,
  create,
  expectRefused,
  found,
  groupText,
  manager,
  member,
  names,
  remove,
  say,
  startGroupRelay,
  take,
} from './group-fixture.js';
import { type RelayFixture, type TestDevice, expectOk, join, payloadOf } from './relay-fixture.js';

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
  await connectAs(bob, 1);
});

afterEach(async () => {
  await fixture.relay.close();
});

/** Says hello with the store of that number. */
async function connectAs(device: TestDevice, store: number): Promise<void> {
  // What was not consumed comes again.
  device.pushes.length = 0;
  const shown = { incarnation: new Uint8Array(16).fill(store), commitCounter: 1 };
  await device.connect(fixture.network.transport, device.hello({ kind: 'token', token: device.token }, shown));
}

test('everybody who has a group with it is told once; it gets messages, sends none, and can be added again by one', async () => {
  await connectAs(bob, 2);
  for (const device of [alice, carol]) {
    const [push] = await take(device, 1);
    expect(payloadOf(push, 'add-user-device')).toMatchObject({ device: { deviceId: 'phone' }, oldDevices: [{ deviceId: 'phone' }] });
  }
  await expectRefused(fixture, () => say(bob, group, 'sealed with an old key'), 403);
  expectOk(await say(alice, group, 'meanwhile'));
  expect(groupText((await take(bob, 1))[0])).toBe('meanwhile');
  await take(carol, 1);
  expectOk(await addDevice(alice, group, bob));
  await take(carol, 1);
  await expectRefused(fixture, () => addDevice(carol, group, bob), 404);
  expect(payloadOf((await take(bob, 1))[0], 'add-group-member-device').addingDevice.address.userId).toBe('bob');
  expectOk(await say(bob, group, 'sealed with a new key'));
  await connectAs(bob, 2);
  expect(alice.pushes.map(({ payload }) => payload.kind)).toEqual(['message']);
});

test('who has not heard of it changes no group, also none that it makes only now', async () => {
  await connectAs(bob, 2);
  await alice.received(1);
  await expectRefused(fixture, () => create(alice, [manager(alice), member(bob)]), 409);
  await expectRefused(fixture, () => addDevice(alice, group, bob), 409);
  await take(alice, 1);
  expectOk(await create(alice, [manager(alice), member(bob)]));
});

test('a new epoch is opened without it, and it may be added to that', async () => {
  await connectAs(bob, 2);
  await take(alice, 1);
  const { devices } = expectOk(await remove(alice, group, [member(carol)]));
  expect(names(devices)).toEqual(['alice/phone']);
  expectOk(await addDevice(alice, group, bob));
});

test('it changes no group itself, and begins one anew only when nobody has keys and it manages the group', async () => {
  const dave = await join(fixture, 'dave');
  await connectAs(alice, 1);
  await connectAs(alice, 2);
  await expectRefused(fixture, () => add(alice, group, [member(dave)]), 409);
  await expectRefused(fixture, () => remove(alice, group, []), 404);
  await connectAs(bob, 2);
  await connectAs(carol, 1);
  await connectAs(carol, 2);
  await take(bob, 2);
  await take(alice, 2);
  await expectRefused(fixture, () => remove(bob, group, []), 404);
  const { devices } = expectOk(await remove(alice, group, []));
  expect(names(devices)).toEqual(['alice/phone']);
  expectOk(await say(alice, group, 'the first of the new epoch'));
  await expectRefused(fixture, () => say(bob, group, 'not yet'), 403);
});

test('a copy of a store is refused when the other one has said hello since, whatever its counter', async () => {
  const say = (greeting: number, previous: number, commitCounter: number): Promise<unknown> => {
    const shown = {
      incarnation: new Uint8Array(16).fill(1),
      commitCounter,
      greeting: new Uint8Array(16).fill(greeting),
      previousGreeting: previous === 0 ? new Uint8Array(0) : new Uint8Array(16).fill(previous),
    };
    return bob.connect(fixture.network.transport, bob.hello({ kind: 'token', token: bob.token }, shown));
  };
  await say(11, 0, 1);
  // Its answer was lost: the same again.
  await say(11, 0, 2);
  await say(12, 11, 3);
  await expect(say(13, 11, 99)).rejects.toMatchObject({ code: 'store-rolled-back' });
  await say(14, 12, 4);
});
