/** A device that goes on with an earlier store under a new name, as the relay sees it. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { GroupAddress } from '../../lib/base/address.js';
import type { HelloAck } from '../../lib/wire/frame.js';
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
import { settled } from '../transport/fake-clock.js';
import { type RelayFixture, type TestDevice, expectOk, join, payloadOf, startRelay } from './relay-fixture.js';

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
async function connectAs(device: TestDevice, store: number): Promise<HelloAck> {
  // What was not consumed comes again.
  device.pushes.length = 0;
  const shown = { incarnation: new Uint8Array(16).fill(store), commitCounter: 1 };
  const { welcome } = await device.connect(fixture.network.transport, device.hello({ kind: 'token', token: device.token }, shown));
  return welcome;
}

test('everybody who has a group with it is told once; it gets messages, sends none, and can be added again by one', async () => {
  await connectAs(bob, 2);
  for (const device of [alice, carol]) {
    const [push] = await take(device, 1);
    expect(payloadOf(push, 'add-user-device')).toMatchObject({ device: { deviceId: 'phone' }, oldDevices: [{ deviceId: 'phone' }] });
  }
  await expectRefused(fixture, () => say(bob, group, 'sealed with an old key'), 403);
  expectOk(await say(alice, group, 'meanwhile'));
  const [told, message] = await take(bob, 2);
  expect(payloadOf(told, 'create-group')).toMatchObject({
    sender: bob.address,
    group: { address: group, members: [manager(alice), member(bob), member(carol)] },
    devices: [{ address: bob.address }],
  });
  expect(groupText(message)).toBe('meanwhile');
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

test('who was invited by the store that is lost and has not answered is told as well, and changes no group before', async () => {
  const [dave, erin] = [await join(fixture, 'dave'), await join(fixture, 'erin')];
  expectOk(await bob.request('invite', { invite: bob.invite(dave.address) }));
  await take(dave, 1);
  await connectAs(bob, 2);
  await settled();
  expect(erin.pushes).toEqual([]);
  expect(dave.pushes.map(({ payload }) => payload.kind)).toEqual(['add-user-device']);
  await expectRefused(fixture, () => create(dave, [manager(dave), member(bob)]), 409);
  expect(payloadOf((await take(dave, 1))[0], 'add-user-device')).toMatchObject({
    device: { userId: 'bob' },
    oldDevices: [{ userId: 'bob' }],
  });
  expectOk(await create(dave, [manager(dave), member(bob)]));
});

test('a new epoch is opened for it, too, by whoever has heard of it, and it need not be added then', async () => {
  await connectAs(bob, 2);
  await alice.received(1);
  await expectRefused(fixture, () => remove(alice, group, [member(carol)]), 409);
  await take(alice, 1);
  const { devices } = expectOk(await remove(alice, group, [member(carol)]));
  expect(names(devices)).toEqual(['alice/phone', 'bob/phone']);
  await expectRefused(fixture, () => addDevice(alice, group, bob), 404);
  expectOk(await say(bob, group, 'sealed with a new key'));
});

test('it opens an epoch itself, if it manages the group and has heard what the group is; it changes nothing else', async () => {
  const dave = await join(fixture, 'dave');
  await connectAs(alice, 1);
  await connectAs(alice, 2);
  await alice.received(1);
  await expectRefused(fixture, () => add(alice, group, [member(dave)]), 409);
  await expectRefused(fixture, () => remove(alice, group, []), 409);
  await take(alice, 1);
  await expectRefused(fixture, () => add(alice, group, [member(dave)]), 409);
  await take(bob, 1);
  await expectRefused(fixture, () => remove(bob, group, []), 404);
  const { devices } = expectOk(await remove(alice, group, []));
  expect(names(devices)).toEqual(['alice/phone', 'bob/phone', 'carol/phone']);
  expectOk(await say(alice, group, 'the first of the new epoch'));
});

test('an invite that comes after it is stamped later than it, also by a clock that stands still; the same invite from before keeps its time', async () => {
  const invited = async (invite: ReturnType<TestDevice['invite']>): Promise<number> => {
    const answer = expectOk<'invite'>(await alice.request('invite', { invite }));
    expect((await take(bob, 1)).map((push) => payloadOf(push, 'invite').inviteTime)).toEqual([answer.inviteTime]);
    return answer.inviteTime;
  };
  const before = alice.invite(bob.address, 'before');
  expect(await invited(before)).toBe(fixture.clock.now());
  const since: number[] = [];
  for (const store of [2, 3]) {
    const { storeSince } = await connectAs(bob, store);
    await take(bob, 1);
    expect(await invited(alice.invite(bob.address, `after ${store}`))).toBeGreaterThan(storeSince);
    since.push(storeSince);
  }
  expect(since).toEqual([fixture.clock.now(), fixture.clock.now() + 1]);
  expect(await invited(before)).toBe(fixture.clock.now());
});

test('its one-time pre-keys are forgotten with the old store, and it is asked for as many as it may have', async () => {
  const other = await startRelay();
  try {
    const dave = await join(other, 'dave');
    const erin = await join(other, 'erin');
    const connect = async (store: number): Promise<void> => {
      const shown = { incarnation: new Uint8Array(16).fill(store), commitCounter: 1 };
      dave.pushes.length = 0;
      await dave.connect(other.network.transport, dave.hello({ kind: 'token', token: dave.token }, shown));
    };
    const look = async (): Promise<number | undefined> => {
      const { domain, userId, deviceId } = dave.address;
      const { bundles } = expectOk(await erin.request('get_pre_key_bundle', { domain, userId, deviceId }));
      return bundles[0]?.bundle.oneTimePreKey?.id;
    };
    await connect(1);
    expect(await look()).toBe(1);
    await connect(2);
    expect(await look()).toBeUndefined();
    await dave.received(2);
    const asked = dave.pushes.flatMap(({ payload }) => (payload.kind === 'supply-one-time-pre-keys' ? [payload] : []));
    expect(asked.length).toBeGreaterThan(0);
  } finally {
    await other.relay.close();
  }
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
