/** What many devices get alike is stored once, for as long as one of them has not consumed it. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { GroupAddress } from '../../lib/base/address.js';
import { equalBytes, noBytes } from '../../lib/base/bytes.js';
import { settled } from '../transport/fake-clock.js';
import {
  add,
  consume,
  create,
  found,
  groupText,
  manager,
  member,
  names,
  remove,
  rowsOf,
  say,
  startGroupRelay,
  take,
} from './group-fixture.js';
import type { RelayFixture, TestDevice } from './relay-fixture.js';
import { device, expectOk, join, payloadOf } from './relay-fixture.js';

let fixture: RelayFixture;

afterEach(async () => {
  await fixture.relay.close();
});

/** Bytes of the bodies, and how many rows name each. */
function bodies(): { bytes: number; counts: number[] } {
  const rows = rowsOf(fixture.tables, 'body');
  const isCount = ([key]: [string, Uint8Array]): boolean => key.startsWith(Buffer.from('count').toString('hex'));
  return {
    bytes: rows.filter((row) => !isCount(row)).reduce((sum, [, value]) => sum + value.length, 0),
    // A record: one byte of version, then the number.
    counts: rows.filter(isCount).map(([, value]) => value[1] ?? 0),
  };
}

function mailboxBytes(): number {
  return rowsOf(fixture.tables, 'mailbox').reduce((sum, [, value]) => sum + value.length, 0);
}

describe('a body', () => {
  let alice: TestDevice;
  let bob: TestDevice;
  let carol: TestDevice;
  let group: GroupAddress;

  async function start(limits = {}): Promise<void> {
    fixture = await startGroupRelay(limits);
    alice = await join(fixture, 'alice');
    bob = await join(fixture, 'bob');
    carol = await join(fixture, 'carol');
    group = await found(alice, [bob, carol]);
  }

  beforeEach(() => start());

  test('is stored once and goes with the last device that consumes it', async () => {
    expectOk(await say(alice, group, 'x'.repeat(5_000)));
    expect(bodies().counts).toEqual([2]);
    expect(bodies().bytes).toBeGreaterThan(5_000);
    expect(mailboxBytes()).toBeLessThan(1_000);
    await take(bob, 1);
    expect(bodies().counts).toEqual([1]);
    await take(carol, 1);
    expect(rowsOf(fixture.tables, 'body')).toEqual([]);
    expect(rowsOf(fixture.tables, 'mailbox')).toEqual([]);
  });

  test('goes when its devices consume it at the same time', async () => {
    for (const text of ['one', 'two', 'three']) expectOk(await say(alice, group, text));
    await Promise.all([bob, carol].map((one) => one.received(3)));
    await Promise.all([bob, carol].flatMap((one) => one.pushes.map((push) => consume(one, push))));
    expect(rowsOf(fixture.tables, 'body')).toEqual([]);
  });

  test('goes with the removal of a device that has not consumed it', async () => {
    for (const text of ['one', 'two']) expectOk(await say(alice, group, text));
    await take(bob, 1);
    await fixture.relay.removeDevice('carol', 'phone');
    expect(bodies().counts).toEqual([1]);
    await take(bob, 2);
    expect(rowsOf(fixture.tables, 'body')).toEqual([]);
  });

  test('is not made for one device, and not for a few bytes', async () => {
    expectOk(await say(alice, group, 'for one', { allow: [bob] }));
    expect(rowsOf(fixture.tables, 'body')).toEqual([]);
    await take(bob, 1);
    await fixture.relay.notifyGroup(group, { modified: 1, noticeId: 'n', group, groupName: 'club', operation: 0, change: undefined });
    await Promise.all([alice, bob, carol].map((one) => take(one, 1)));
    expect(rowsOf(fixture.tables, 'body')).toEqual([]);
  });

  test('is counted when a mailbox is full', async () => {
    const limit = 10_000;
    await fixture.relay.close();
    await start({ mailboxBytes: limit });
    expectOk(await say(alice, group, 'x'.repeat(limit)));
    expectOk(await say(alice, group, 'does not fit'));
    expect((await take(bob, 1)).map(groupText)).toEqual(['x'.repeat(limit)]);
    expectOk(await say(alice, group, 'fits'));
    expect((await take(bob, 1)).map(groupText)).toEqual(['fits']);
  });

  test('is read again after a restart, and by a device that was away, in order with other pushes', async () => {
    await carol.connection?.close();
    await settled();
    expectOk(await say(alice, group, 'one'));
    expectOk(await alice.send(carol.address, 'in between'));
    expectOk(await say(alice, group, 'two'));
    const sent = await bob.received(2);
    fixture = await fixture.restart();
    for (const one of [alice, bob, carol]) await one.connect(fixture.network.transport);
    const [first, second, third] = await carol.received(3);
    expect([first, third].map(groupText)).toEqual(['one', 'two']);
    expect(second?.payload.bytes.length).toBeLessThan(500);
    expect(first?.payload.bytes).toEqual(sent[0]?.payload.bytes);
    await take(carol, 3);
    bob.pushes.length = 0;
    await bob.connect(fixture.network.transport);
    await take(bob, 2);
    expect(rowsOf(fixture.tables, 'body')).toEqual([]);
  });

  test('is read from the store when memory has no room for it', async () => {
    await fixture.relay.close();
    await start({ bodyCacheBytes: 0 });
    for (const text of ['one', 'two', 'three']) expectOk(await say(alice, group, text));
    expect((await take(bob, 3)).map(groupText)).toEqual(['one', 'two', 'three']);
    expect((await take(carol, 3)).map(groupText)).toEqual(['one', 'two', 'three']);
    expect(rowsOf(fixture.tables, 'body')).toEqual([]);
  });

  test('keeps its count when a consume could not be stored', async () => {
    expectOk(await say(alice, group, 'hello'));
    await Promise.all([bob, carol].map((one) => one.received(1)));
    fixture.failure = 'unavailable';
    const pushId = bob.pushes[0]?.tag?.id ?? '';
    expect(await bob.request('consume_proto_msg', { pushId, outcome: 1 })).toMatchObject({ ok: false, code: 503 });
    fixture.failure = undefined;
    expect(bodies().counts).toEqual([2]);
    await take(bob, 1);
    expect(bodies().counts).toEqual([1]);
    await take(carol, 1);
    expect(rowsOf(fixture.tables, 'body')).toEqual([]);
  });
});

test('a group of 250 devices is made, changed and written to with one copy of each list', async () => {
  fixture = await startGroupRelay();
  const alice = await join(fixture, 'alice');
  const others: TestDevice[] = [];
  for (let number = 0; number < 249; number += 1) {
    const other = device(`user ${number}`, 'phone', 1);
    await other.register(fixture.network.transport, 'code', `mailto:${number}@example.org`);
    others.push(other);
  }
  const near = others.slice(0, 20);
  await Promise.all(near.map((other) => other.connect(fixture.network.transport)));
  const last = others.at(-1) ?? alice;
  const members = [manager(alice), ...others.slice(0, -1).map(member)];
  const { group, devices } = expectOk(await create(alice, members));
  expect(devices).toHaveLength(249);
  // 248 pointers with a signature of 5 kB each, instead of 650 kB each.
  expect(bodies()).toMatchObject({ counts: [248] });
  expect(bodies().bytes).toBeGreaterThan(600_000);
  expect(bodies().bytes).toBeLessThan(800_000);
  expect(mailboxBytes()).toBeLessThan(248 * 6_000);
  const news = (await Promise.all(near.map((other) => take(other, 1)))).flat();
  const listed = payloadOf(news[0], 'create-group').devices;
  expect(names(listed)).toEqual(names(devices));
  expect(listed.every(({ signingKey }, index) => equalBytes(signingKey, devices[index]?.signingKey ?? noBytes))).toBe(true);
  for (const push of news) expect(equalBytes(push.payload.bytes, news[0]?.payload.bytes ?? noBytes)).toBe(true);
  expect(bodies().counts).toEqual([228]);

  expectOk(await add(alice, group, [member(last)]));
  const commits = fixture.commits;
  const before = mailboxBytes();
  expectOk(await say(alice, group, 'x'.repeat(10_000)));
  expect(fixture.commits).toBe(commits + 1);
  expect(mailboxBytes() - before).toBeLessThan(249 * 300);
  for (const other of near) expect((await take(other, 2)).map(({ payload }) => payload.kind)).toEqual(['add-group-members', 'message']);
  expectOk(await remove(alice, group, [member(last)]));
  expect(bodies().counts.length).toBe(4);

  for (const other of others) {
    if (!near.includes(other)) await other.connect(fixture.network.transport);
    await take(other, other === last ? 3 : near.includes(other) ? 1 : 4);
  }
  expect(rowsOf(fixture.tables, 'body')).toEqual([]);
  expect(rowsOf(fixture.tables, 'mailbox')).toEqual([]);
}, 60_000);
