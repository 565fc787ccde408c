import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { GroupAddress } from '../../lib/base/address.js';
import { encodeEnvelope } from '../../lib/wire/message.js';
import { settled } from '../transport/fake-clock.js';
import { addDevice, expectRefused, found, groupEnvelope, groupText, member, remove, say, startGroupRelay, take } from './group-fixture.js';
import type { RelayFixture, TestDevice } from './relay-fixture.js';
import { expectOk, join, textOf } from './relay-fixture.js';

let fixture: RelayFixture;
let alice: TestDevice;
let laptop: TestDevice;
let bob: TestDevice;
let carol: TestDevice;
let group: GroupAddress;

async function start(limits = {}): Promise<void> {
  fixture = await startGroupRelay(limits);
  alice = await join(fixture, 'alice');
  laptop = await join(fixture, 'alice', 'laptop');
  await take(alice, 1);
  bob = await join(fixture, 'bob');
  carol = await join(fixture, 'carol');
  group = await found(alice, [laptop, bob, carol]);
}

beforeEach(() => start());

afterEach(async () => {
  await fixture.relay.close();
});

test('a message reaches every device but the sender’s, its owner’s other ones included, unchanged and unsigned', async () => {
  const envelope = encodeEnvelope(groupEnvelope(alice, group, 'hello'));
  expectOk(await alice.request('send_group_msg', { envelope, allow: [], deny: [] }));
  for (const device of [laptop, bob, carol]) {
    const [push] = await take(device, 1);
    expect(push?.payload.bytes).toEqual(envelope);
    expect(push?.to).toEqual({ ...device.address, userName: undefined });
    expect(push?.from).toEqual(alice.address);
    expect(push?.signatures).toEqual([]);
  }
  expect(alice.pushes).toEqual([]);
});

test('a device that is not made known yet gets nothing; it gets what is sent after its add', async () => {
  const watch = await join(fixture, 'bob', 'watch');
  await take(bob, 1);
  expectOk(await say(alice, group, 'before'));
  expectOk(await addDevice(alice, group, watch));
  expectOk(await say(alice, group, 'after'));
  const [added, after] = await take(watch, 2);
  expect(added?.payload.kind).toBe('add-group-member-device');
  expect(groupText(after)).toBe('after');
});

test('an allow list leaves only its devices over, a deny list takes devices away, and only then', async () => {
  expectOk(await say(alice, group, 'allowed', { allow: [bob, laptop] }));
  expectOk(await say(alice, group, 'not denied', { deny: [bob] }));
  expectOk(await say(alice, group, 'both', { allow: [bob, carol], deny: [carol] }));
  expectOk(await say(alice, group, 'to myself', { allow: [alice] }));
  expect((await take(bob, 2)).map(groupText)).toEqual(['allowed', 'both']);
  expect((await take(laptop, 2)).map(groupText)).toEqual(['allowed', 'not denied']);
  expect((await take(carol, 1)).map(groupText)).toEqual(['not denied']);
  await settled();
  expect([bob, laptop, carol, alice].flatMap(({ pushes }) => pushes)).toEqual([]);
});

test('an allow list gives nothing to devices outside the group', async () => {
  const dave = await join(fixture, 'dave');
  expectOk(await say(alice, group, 'psst', { allow: [dave, bob] }));
  await take(bob, 1);
  await settled();
  expect(dave.pushes).toEqual([]);
});

test('a message that is sent again after a lost answer is answered and not pushed again', async () => {
  const request = { envelope: encodeEnvelope(groupEnvelope(alice, group, 'once')), allow: [], deny: [] };
  const answers = await Promise.all([1, 2, 3].map(() => alice.request('send_group_msg', request)));
  expect(answers.map(({ ok }) => ok)).toEqual([true, true, true]);
  await alice.connect(fixture.network.transport);
  expectOk(await alice.request('send_group_msg', request));
  await take(bob, 1);
  await settled();
  expect(bob.pushes).toEqual([]);
});

test('strangers and removed members get 404, as for a group that does not exist', async () => {
  const dave = await join(fixture, 'dave');
  await expectRefused(fixture, () => say(dave, group, 'let me in'), 404);
  await expectRefused(fixture, () => say(alice, { ...group, groupId: 'another' }, 'hello'), 404);
  await expectRefused(fixture, () => say(alice, { ...group, domain: 'other.test' }, 'hello'), 404);
  expectOk(await remove(alice, group, [member(bob)]));
  await take(bob, 1);
  await expectRefused(fixture, () => say(bob, group, 'one more thing'), 404);
});

test('a device of a member that is not made known yet may not send', async () => {
  const watch = await join(fixture, 'bob', 'watch');
  await expectRefused(fixture, () => say(watch, group, 'who am I?'), 403);
  expectOk(await addDevice(alice, group, watch));
  expectOk(await say(watch, group, 'here I am'));
});

test('a message in the name of another device, to a user, or of another kind is refused', async () => {
  const envelope = groupEnvelope(alice, group, 'x');
  const send = (changed: object) => () =>
    alice.request('send_group_msg', { envelope: encodeEnvelope({ ...envelope, ...changed }), allow: [], deny: [] });
  await expectRefused(fixture, send({ from: bob.address }), 403);
  await expectRefused(fixture, send({ to: bob.address }), 400);
  await expectRefused(fixture, send({ payload: alice.envelope(bob.address, 'x').payload }), 400);
});

test('a full mailbox costs its own device the message and nobody else', async () => {
  await fixture.relay.close();
  await start({ mailboxRows: 2 });
  for (const text of ['one', 'two']) expectOk(await alice.send(bob.address, text));
  expectOk(await say(alice, group, 'hello'));
  expect(groupText((await take(carol, 1))[0])).toBe('hello');
  expect((await take(bob, 2)).map(textOf)).toEqual(['one', 'two']);
  expectOk(await say(alice, group, 'again'));
  expect(groupText((await take(bob, 1))[0])).toBe('again');
});

test('a message whose commit failed is not pushed and goes through when it is sent again', async () => {
  const request = { envelope: encodeEnvelope(groupEnvelope(alice, group, 'stubborn')), allow: [], deny: [] };
  for (const failure of ['unavailable', 'outcome-unknown-lost'] as const) {
    fixture.failure = failure;
    await expectRefused(fixture, () => alice.request('send_group_msg', request), 503);
  }
  fixture.failure = undefined;
  await settled();
  expect(bob.pushes).toEqual([]);
  expectOk(await alice.request('send_group_msg', request));
  expect(groupText((await take(bob, 1))[0])).toBe('stubborn');
});
