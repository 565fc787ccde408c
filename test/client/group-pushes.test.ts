import { expect, test } from '@jest/globals';
import type { GroupAddress } from '../../lib/base/address.js';
import { type Begun, GroupPushes } from '../../lib/client/group-pushes.js';

const group: GroupAddress = { domain: 'example.test', groupId: 'one' };
const other: GroupAddress = { domain: 'example.test', groupId: 'another' };

class Pushes {
  readonly begun: string[] = [];
  readonly idle: string[] = [];
  isBlocked = false;
  readonly queue = new GroupPushes<string>({
    isBlocked: () => this.isBlocked,
    isChange: (push) => push.startsWith('change'),
    carryOut: (push) => {
      this.begun.push(push);
      return new Promise((resolve) => {
        this.#ends.push(resolve);
      });
    },
    onIdle: ({ groupId }) => this.idle.push(groupId),
  });
  readonly #ends: ((what: Begun) => void)[] = [];

  /** The push that began first ends. */
  async end(what: Begun = 'carried-out'): Promise<void> {
    this.#ends.shift()?.(what);
    await Promise.resolve();
    await Promise.resolve();
  }
}

test('a group is changing from the moment a change has come until it is carried out, whatever stands before it', async () => {
  const pushes = new Pushes();
  pushes.queue.add(group, 'message 1');
  expect(pushes.queue.isChanging(group)).toBe(false);
  pushes.queue.add(group, 'change 1');
  pushes.queue.add(group, 'message 2');
  expect([pushes.queue.isChanging(group), pushes.queue.isChanging(other)]).toEqual([true, false]);
  await pushes.end();
  expect(pushes.begun).toEqual(['message 1', 'change 1']);
  expect(pushes.queue.isChanging(group)).toBe(true);
  await pushes.end();
  expect(pushes.begun).toEqual(['message 1', 'change 1', 'message 2']);
  expect(pushes.queue.isChanging(group)).toBe(false);
  expect(pushes.idle).toEqual([]);
  await pushes.end();
  expect(pushes.idle).toEqual(['one']);
});

test('a change that has to wait keeps its place, and the group is changing meanwhile', async () => {
  const pushes = new Pushes();
  pushes.queue.add(group, 'change 1');
  pushes.queue.add(group, 'change 2');
  pushes.isBlocked = true;
  await pushes.end('blocked');
  expect([pushes.begun, pushes.idle, pushes.queue.isChanging(group)]).toEqual([['change 1'], [], true]);
  pushes.isBlocked = false;
  pushes.queue.release();
  await pushes.end();
  await pushes.end();
  expect(pushes.begun).toEqual(['change 1', 'change 1', 'change 2']);
  expect([pushes.idle, pushes.queue.isChanging(group)]).toEqual([['one'], false]);
});

test('what was given up tells nobody that its group is idle', async () => {
  const pushes = new Pushes();
  pushes.queue.add(group, 'change 1');
  pushes.queue.clear();
  expect(pushes.queue.isChanging(group)).toBe(false);
  await pushes.end();
  expect(pushes.idle).toEqual([]);
});
