/** Changes that are asked for again, and changes by devices that do not know the group's state yet. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { GroupAddress } from '../../lib/base/address.js';
import { groupRoles } from '../../lib/wire/group.js';
import { settled } from '../transport/fake-clock.js';
import {
  add,
  addDevice,
  consume,
  create,
  expectRefused,
  found,
  manager,
  member,
  remove,
  rowsOf,
  say,
  startGroupRelay,
  stored,
  take,
} from './group-fixture.js';
import type { RelayFixture, TestDevice } from './relay-fixture.js';
import { expectOk, join } from './relay-fixture.js';

let fixture: RelayFixture;
let alice: TestDevice;
let bob: TestDevice;
let carol: TestDevice;
let dave: TestDevice;
/** Managed by alice and bob. */
let group: GroupAddress;

beforeEach(async () => {
  fixture = await startGroupRelay();
  alice = await join(fixture, 'alice');
  bob = await join(fixture, 'bob');
  carol = await join(fixture, 'carol');
  dave = await join(fixture, 'dave');
  group = await found(alice, [bob], [manager(alice), manager(bob)]);
});

afterEach(async () => {
  await fixture.relay.close();
});

async function restart(): Promise<void> {
  fixture = await fixture.restart();
  for (const device of [alice, bob, carol, dave]) {
    device.pushes.length = 0;
    await device.connect(fixture.network.transport);
  }
}

describe('a change that is asked for again', () => {
  test('creates no second group, also after a restart', async () => {
    const ask = () => create(alice, [manager(alice), member(carol)], 'another');
    const [first, second] = (await Promise.all([ask(), ask()])).map(expectOk<'create_group'>);
    expect(second).toEqual(first);
    await restart();
    const before = stored(fixture.tables);
    expect(expectOk(await ask())).toEqual(first);
    expect(stored(fixture.tables)).toBe(before);
  });

  test.each(['add', 'add device', 'remove'] as const)('by %s gets the same answer and has no further effect', async (kind) => {
    const watch = await join(fixture, 'bob', 'watch');
    await take(bob, 1);
    const ask = () => {
      if (kind === 'add') return add(alice, group, [member(carol)], 3);
      return kind === 'remove' ? remove(alice, group, [member(bob)]) : addDevice(alice, group, watch, 3);
    };
    const first = await ask();
    expect(first.ok).toBe(true);
    const before = stored(fixture.tables);
    expect(await ask()).toEqual(first);
    expect(stored(fixture.tables)).toBe(before);
    await restart();
    expect(await ask()).toEqual(first);
    expect(stored(fixture.tables)).toBe(before);
  });

  test('is answered although others have changed the group in the meantime and the device has not seen it', async () => {
    const first = await add(alice, group, [member(carol)], 3);
    await take(bob, 1);
    expectOk(await add(bob, group, [member(dave)]));
    await alice.received(1);
    expect(await add(alice, group, [member(carol)], 3)).toEqual(first);
  });

  test('by other words or by another device is a change of its own', async () => {
    expectOk(await add(alice, group, [member(carol)], 3));
    await expectRefused(fixture, () => add(alice, group, [member(carol)], 4), 409);
    await take(bob, 1);
    await expectRefused(fixture, () => add(bob, group, [member(carol)], 3), 409);
  });

  test('is a new change when the earlier one was undone by somebody else', async () => {
    expectOk(await add(alice, group, [member(carol)], 3));
    await take(bob, 1);
    expectOk(await remove(bob, group, [member(carol)]));
    await take(alice, 1);
    expectOk(await add(alice, group, [member(carol)], 3));
    const kinds = (await take(carol, 3)).map(({ payload }) => payload.kind);
    expect(kinds).toEqual(['add-group-members', 'remove-group-members', 'add-group-members']);
  });

  test('gets its answer also when somebody else has undone it before the answer came, if it has a name; another name is a new change', async () => {
    expectOk(await add(alice, group, [member(dave)]));
    const watch = await join(fixture, 'dave', 'watch');
    const ask = (name: number) => addDevice(alice, group, watch, 3, new Uint8Array(16).fill(name));
    const first = await ask(1);
    expect(first.ok).toBe(true);
    await take(bob, 2);
    expectOk(await remove(bob, group, [member(dave)]));
    expect(await ask(1)).toEqual(first);
    await expectRefused(fixture, () => ask(2), 404);
  });

  test('whose first try could not be stored is done', async () => {
    fixture.failure = 'unavailable';
    await expectRefused(fixture, () => add(alice, group, [member(carol)]), 503);
    fixture.failure = undefined;
    expectOk(await add(alice, group, [member(carol)]));
  });

  test('is remembered for the last 16 groups of a device, and not longer than the device', async () => {
    const replies = (): number => rowsOf(fixture.tables, 'group').filter(([key]) => key.startsWith(hex('reply'))).length;
    const groups: GroupAddress[] = [];
    for (let number = 0; number < 20; number += 1) groups.push(expectOk(await create(alice, [manager(alice)], `${number}`)).group);
    expect(replies()).toBe(16);
    expect(expectOk(await create(alice, [manager(alice)], '4')).group).toEqual(groups[4]);
    expect(expectOk(await create(alice, [manager(alice)], '3')).group).not.toEqual(groups[3]);
    await fixture.relay.removeDevice('alice', 'phone');
    expect(replies()).toBe(0);
  });
});

function hex(word: string): string {
  return Buffer.from(`${word}\0\x01`).toString('hex');
}

describe('a device that has not consumed the last change of a group', () => {
  test('may not change it, and may when it has', async () => {
    const watch = await join(fixture, 'alice', 'watch');
    await take(alice, 1);
    expectOk(await add(alice, group, [member(carol)]));
    await bob.received(1);
    const refusals = [
      await expectRefused(fixture, () => add(bob, group, [member(dave)]), 409),
      await expectRefused(fixture, () => remove(bob, group, [member(carol)]), 409),
      await expectRefused(fixture, () => addDevice(bob, group, watch), 409),
    ];
    expect(refusals).toEqual(['group-changed', 'group-changed', 'group-changed']);
    await consume(bob, bob.pushes.shift());
    expectOk(await add(bob, group, [member(dave)]));
  });

  test('may send messages, and change other groups', async () => {
    const other = await found(bob, [carol]);
    expectOk(await add(alice, group, [member(dave)]));
    await bob.received(1);
    expectOk(await say(bob, group, 'hello'));
    expectOk(await add(bob, other, [{ ...member(dave), role: groupRoles.manager }]));
  });

  test('is also one that was just added', async () => {
    expectOk(await add(alice, group, [manager(carol)]));
    await expectRefused(fixture, () => add(carol, group, [member(dave)]), 409);
    await take(carol, 1);
    expectOk(await add(carol, group, [member(dave)]));
  });

  test('is one still after a restart', async () => {
    expectOk(await add(alice, group, [member(carol)]));
    await restart();
    await expectRefused(fixture, () => add(bob, group, [member(dave)]), 409);
    await take(bob, 1);
    expectOk(await add(bob, group, [member(dave)]));
  });

  test('is only one of two that ask at the same time', async () => {
    const answers = await Promise.all([add(alice, group, [member(carol)]), add(bob, group, [member(dave)])]);
    expect(answers.map((answer) => (answer.ok ? 200 : answer.code)).sort()).toEqual([200, 409]);
    await settled();
  });
});

test('a device changes groups at a bounded rate, and again when time has passed', async () => {
  await fixture.relay.close();
  fixture = await startGroupRelay({ groupChanges: { count: 2, per: 60_000 } });
  alice = await join(fixture, 'alice');
  bob = await join(fixture, 'bob');
  group = expectOk(await create(alice, [manager(alice)])).group;
  expectOk(await add(alice, group, [member(bob)]));
  await expectRefused(fixture, () => remove(alice, group, [member(bob)]), 503);
  expectOk(await create(bob, [manager(bob)]));
  await fixture.clock.advance(60_000);
  expectOk(await remove(alice, group, [member(bob)]));
});
