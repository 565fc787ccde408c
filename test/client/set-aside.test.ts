import { expect, test } from '@jest/globals';
import { limits } from '../../lib/base/limits.js';
import { SetAside } from '../../lib/client/set-aside.js';
import type { BookChange } from '../../lib/client/session-book.js';
import { ClientStore } from '../../lib/store/client-store.js';
import type { SetAsideRow } from '../../lib/store/client/trouble-rows.js';
import { GroupCommit } from '../../lib/store/group-commit.js';
import { openMemoryStore } from '../../lib/store/memory/memory-store.js';

function push(length: number): Omit<SetAsideRow, 'sequence'> {
  return { pushId: 'id', kind: 'message', code: 'test', from: undefined, setAsideAt: 1, bytes: new Uint8Array(length) };
}

class Bench {
  readonly store = new ClientStore(new GroupCommit(() => openMemoryStore()));
  readonly book = new SetAside(this.store);

  async commit(change: BookChange): Promise<void> {
    const durable = this.store.commits.commit(change.writes);
    change.apply();
    await durable;
  }

  async stored(): Promise<number[]> {
    const found: number[] = [];
    await this.store.walkSetAside(({ sequence }) => found.push(sequence));
    return found;
  }
}

test('so many pushes are set aside, and the oldest give way', async () => {
  const bench = new Bench();
  await Promise.all(Array.from({ length: limits.setAsidePushes + 2 }, () => bench.commit(bench.book.add(push(1)))));
  expect(bench.book.count).toBe(limits.setAsidePushes);
  expect((await bench.stored())[0]).toBe(3);
});

test('so many bytes are set aside, the oldest give way, and a push larger than all of that is only named', async () => {
  const bench = new Bench();
  const half = limits.setAsideBytes / 2;
  for (let number = 0; number < 3; number += 1) await bench.commit(bench.book.add(push(half)));
  expect(await bench.stored()).toEqual([2, 3]);
  await bench.commit(bench.book.add(push(limits.setAsideBytes + 1)));
  expect(await bench.stored()).toEqual([2, 3, 4]);
  expect((await bench.store.loadSetAside(4))?.bytes.length).toBe(0);
  await bench.commit(bench.book.remove(3));
  const loaded = new SetAside(bench.store);
  await loaded.load();
  expect([loaded.count, await bench.stored()]).toEqual([2, [2, 4]]);
});

test('tries are loaded again, and of too many the oldest are forgotten', async () => {
  const bench = new Bench();
  for (let number = 0; number <= limits.pushWindow; number += 1) await bench.commit(bench.book.noteTry(`id ${number}`, 1));
  await bench.commit(bench.book.noteTry('id 7', 2));
  await bench.commit(bench.book.forget('id 8'));
  const loaded = new SetAside(bench.store);
  await loaded.load();
  expect(['id 0', 'id 1', 'id 7', 'id 8'].map((id) => loaded.triesOf(id))).toEqual([0, 1, 2, 0]);
  expect(await bench.store.loadPushTries()).toHaveLength(limits.pushWindow - 1);
});
