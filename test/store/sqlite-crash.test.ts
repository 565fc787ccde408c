import { describe, expect, test } from '@jest/globals';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GroupCommit } from '../../lib/store/group-commit.js';
import { openSqliteStore } from '../../lib/store/sqlite/index.js';
import { openInWorker } from '../../lib/store/sqlite/sqlite-store.js';
import { bytes, put, shown } from './contract.js';
import { all, useSqlite } from './sqlite-fixture.js';
import { killDuring, runChild } from './sqlite-process.js';

describe('sqlite store and processes', () => {
  const sqlite = useSqlite();
  const dyingWorker = join(import.meta.dirname, 'dying-worker.mjs');
  const opening = { path: '', checkpointDelay: 1, maxPages: 0, sharedAccess: false };

  test('a second process is refused', async () => {
    await sqlite().open();
    expect(await runChild(['hold', sqlite().path])).toMatchObject({ code: 3, output: 'locked\n' });
  });

  test.each([1, 2, 3, 4])('killed during commits, it leaves whole commits and every acknowledged one (round %i)', async (round) => {
    const acknowledged = await killDuring(['write', sqlite().path], 20 * round);
    expect(existsSync(`${sqlite().path}.owner`)).toBe(true);
    const store = await sqlite().open();
    const rows = await store.list('meta', all);
    const copies = await store.list('account', all);
    expect(shown(copies)).toEqual(shown(rows));
    expect(rows.length).toBeGreaterThanOrEqual(acknowledged);
    // Nothing in between is missing: commits became durable in their order.
    expect(rows.map(({ key }) => Buffer.from(key).readUInt32BE())).toEqual(rows.map((_, i) => i + 1));
    await store.commit([put('after', '1')]);
  });

  test('killed while it makes the database, it leaves nothing that stops the next one', async () => {
    writeFileSync(`${sqlite().path}.creating-left-behind`, 'half a database');
    await sqlite().open();
    expect(sqlite().scratch.names()).toEqual(['store.db', 'store.db-wal', 'store.db.owner']);
  });

  test('a commit whose writing fails half-way is reported as unknown, and the store closes', async () => {
    // The limit on the size of files makes the write-ahead log fail in the middle of a COMMIT.
    const result = await runChild(['unknown', sqlite().path], {}, 'ulimit -f 1200');
    expect(result).toEqual({ code: 0, output: 'outcome-unknown closed\n' });
    const store = await sqlite().open();
    const [row, ...others] = await store.list('meta', all);
    expect(others).toEqual([]);
    expect(row!.value.length).toBe(10);
  });

  test.each([
    ['ends', 'value'],
    ['fails', 'throw'],
  ])('a worker that %s during a commit leaves its outcome unknown and closes the store', async (_, value) => {
    const store = await openInWorker(dyingWorker, opening);
    expect(await store.get('meta', bytes('a'))).toBeUndefined();
    const calls = await Promise.allSettled([
      store.commit([put('a', value)]),
      store.commit([put('b', value)]),
      store.get('meta', bytes('a')),
    ]);
    expect(calls.map((call) => (call.status === 'rejected' ? (call.reason as { code: string }).code : 'fulfilled'))).toEqual([
      'outcome-unknown',
      'outcome-unknown',
      'closed',
    ]);
    await expect(store.get('meta', bytes('a'))).rejects.toMatchObject({ code: 'closed' });
    await store.close();
  });

  test('a commit that was running when the caller closed is not called undone when the worker dies', async () => {
    const store = await openInWorker(dyingWorker, opening);
    const [committed, closed] = await Promise.allSettled([store.commit([put('a', '1')]), store.close()]);
    expect(committed).toMatchObject({ status: 'rejected', reason: { code: 'outcome-unknown' } });
    expect(closed).toMatchObject({ status: 'rejected', reason: { code: 'closed' } });
  });

  test('a worker that cannot start makes the store unavailable', async () => {
    await expect(openInWorker(join(import.meta.dirname, 'no-such-worker.mjs'), opening)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('group commit opens the store again after its worker has died', async () => {
    let file = dyingWorker;
    const group = new GroupCommit(() => (file === dyingWorker ? openInWorker(file, opening) : openSqliteStore({ path: sqlite().path })));
    await group.ready();
    file = 'the real one';
    const lost = group.commit([put('a', '1')]);
    await expect(lost).rejects.toMatchObject({ code: 'outcome-unknown' });
    expect(group.generation).toBe(1);
    await group.commit([put('a', '2')]);
    expect(shown(await group.list('meta', all))).toEqual(['a=2']);
    await group.close();
  });
});
