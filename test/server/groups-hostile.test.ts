/** Damaged requests about a group that exists: a typed answer each, no crash, and no commit for what is refused. */
import { afterEach, expect, test } from '@jest/globals';
import type { GroupAddress } from '../../lib/base/address.js';
import { encodeEnvelope } from '../../lib/wire/message.js';
import type { RequestName } from '../../lib/wire/request.js';
import { requestRowOf } from '../../lib/wire/request.js';
import { seededBytes } from '../support/seeded-jobs.js';
import { expectRefused, found, groupEnvelope, manager, member, say, startGroupRelay } from './group-fixture.js';
import type { RelayFixture, TestDevice } from './relay-fixture.js';
import { expectOk, join } from './relay-fixture.js';

const manyEvents = { count: 1_000_000, per: 60_000 };

let fixture: RelayFixture;

afterEach(async () => {
  await fixture.relay.close();
});

type Maker = (alice: TestDevice, others: { bob: TestDevice; carol: TestDevice; watch: TestDevice }, group: GroupAddress) => Uint8Array;

function info(group: GroupAddress): { name: string; address: GroupAddress; members: [] } {
  return { name: 'club', address: group, members: [] };
}

const makers: readonly (readonly [RequestName, Maker])[] = [
  [
    'create_group',
    (alice, { bob }) =>
      requestRowOf('create_group').encodeRequest({
        suite: alice.account.suite,
        sender: alice.address,
        group: { name: 'another', address: undefined, members: [manager(alice), member(bob)] },
        devices: [],
      }),
  ],
  [
    'add_group_members',
    (alice, { carol }, group) =>
      requestRowOf('add_group_members').encodeRequest({
        suite: alice.account.suite,
        sender: alice.address,
        sequence: 3,
        group: info(group),
        addingMembers: [member(carol)],
        addingDevices: [],
      }),
  ],
  [
    'add_group_member_device',
    (alice, { watch }, group) =>
      requestRowOf('add_group_member_device').encodeRequest({
        suite: alice.account.suite,
        sender: alice.address,
        sequence: 3,
        group: info(group),
        addingDevice: { address: watch.address, signingKey: new Uint8Array(0) },
      }),
  ],
  [
    'remove_group_members',
    (alice, { bob }, group) =>
      requestRowOf('remove_group_members').encodeRequest({
        suite: alice.account.suite,
        sender: alice.address,
        group: info(group),
        removingMembers: [member(bob)],
        devices: [],
      }),
  ],
  ['leave_group', (alice, _others, group) => requestRowOf('leave_group').encodeRequest({ leaver: alice.address, group })],
  [
    'send_group_msg',
    (alice, { bob, carol }, group) =>
      requestRowOf('send_group_msg').encodeRequest({
        envelope: encodeEnvelope(groupEnvelope(alice, group, 'hello')),
        allow: [bob.address],
        deny: [carol.address],
      }),
  ],
  ['get_group', (alice, _others, group) => requestRowOf('get_group').encodeRequest({ group, sender: alice.address })],
];

test.each(makers)('%s survives 300 damaged requests', async (name, make) => {
  fixture = await startGroupRelay({ requests: manyEvents, groupChanges: manyEvents });
  const alice = await join(fixture, 'alice');
  const bob = await join(fixture, 'bob');
  const carol = await join(fixture, 'carol');
  const group = await found(alice, [bob]);
  const watch = await join(fixture, 'bob', 'watch');
  const request = make(alice, { bob, carol, watch }, group);
  const draw = seededBytes(`hostile group ${name}`);
  const roll = (bound: number): number => new DataView(draw(4).buffer).getUint32(0) % bound;
  const row = requestRowOf(name);
  const codes = new Set<number>();
  for (let count = 0; count < 300; count += 1) {
    const bytes = Uint8Array.from(request);
    for (let change = roll(3); change >= 0; change -= 1) bytes[roll(bytes.length)] = roll(256);
    const before = fixture.commits;
    const answer = await alice.connection?.request(name, roll(8) === 0 ? bytes.subarray(0, roll(bytes.length)) : bytes);
    const response = row.decodeResponse(answer ?? new Uint8Array(0));
    const code = response.ok ? 200 : response.code;
    codes.add(code);
    if (code !== 200) expect(fixture.commits).toBe(before);
  }
  expect([...codes].filter((code) => ![200, 400, 403, 404, 409].includes(code))).toEqual([]);
  expect(codes).toContain(400);
  expect(fixture.logs.filter(({ level }) => level === 'error')).toEqual([]);
  await alice.send(bob.address, 'still here');
});

test('lists that are longer than any group are refused before anything is looked up', async () => {
  fixture = await startGroupRelay();
  const alice = await join(fixture, 'alice');
  const bob = await join(fixture, 'bob');
  const group = await found(alice, [bob]);
  const many = Array.from({ length: 4_097 }, () => bob.address);
  const envelope = encodeEnvelope(groupEnvelope(alice, group, 'hello'));
  for (const lists of [
    { allow: many, deny: [] },
    { allow: [], deny: many },
  ]) {
    await expectRefused(fixture, () => alice.request('send_group_msg', { envelope, ...lists }), 400);
  }
  const members = Array.from({ length: 1_025 }, (_, index) => ({ ...member(bob), userId: `user ${index}` }));
  const request = { suite: alice.account.suite, sender: alice.address, devices: [] };
  await expectRefused(
    fixture,
    () => alice.request('create_group', { ...request, group: { name: 'x', address: undefined, members: [manager(alice), ...members] } }),
    400,
  );
  expectOk(await say(alice, group, 'still here'));
});
