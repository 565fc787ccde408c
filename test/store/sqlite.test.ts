import { describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { GroupCommit } from '../../lib/store/group-commit.js';
import { openSqliteStore } from '../../lib/store/sqlite/index.js';
import { type Store, tables } from '../../lib/store/store.js';
import { bytes, put, shown, storeContract } from './contract.js';
import { Scratch } from './scratch.js';
import { all, useSqlite } from './sqlite-fixture.js';

{
  let scratch: Scratch;
  const open = async (): Promise<Store> => {
    scratch = new Scratch();
    return openSqliteStore({ path: scratch.path('store.db') });
  };
  storeContract('sqlite', open, () => {
    scratch.remove();
  });
  storeContract(
    'group commit over sqlite',
    async () => {
      const first = await open();
      await first.close();
      return new GroupCommit(() => openSqliteStore({ path: scratch.path('store.db') }));
    },
    () => {
      scratch.remove();
    },
  );
}

describe('sqlite store', () => {
  const sqlite = useSqlite();

  test('what was committed is there after opening again, and close leaves one file', async () => {
    const first = await sqlite().open();
    await first.commit([put('a', '1'), { table: 'pre-key', key: bytes('k'), value: bytes('v') }]);
    await first.close();
    expect(sqlite().scratch.names()).toEqual(['store.db']);
    const second = await sqlite().open();
    expect(await second.get('meta', bytes('a'))).toEqual(bytes('1'));
    expect(await second.get('pre-key', bytes('k'))).toEqual(bytes('v'));
  });

  test('only the owner of the files may read them', async () => {
    const store = await sqlite().open();
    await store.commit([put('a', '1')]);
    for (const name of sqlite().scratch.names()) expect([name, statSync(sqlite().scratch.path(name)).mode & 0o777]).toEqual([name, 0o600]);
    expect(sqlite().scratch.names()).toEqual(['store.db', 'store.db-wal', 'store.db.owner']);
  });

  test('a commit is durable when it resolves: a second connection reads it', async () => {
    const store = await sqlite().open({ unsafeTestingSharedAccess: true });
    const observer = await sqlite().open({ unsafeTestingSharedAccess: true });
    await store.commit([put('a', '1')]);
    expect(shown(await observer.list('meta', all))).toEqual(['a=1']);
  });

  test('a second opener is refused and learns who holds the store', async () => {
    const store = await sqlite().open();
    const second = openSqliteStore({ path: sqlite().path });
    await expect(second).rejects.toMatchObject({ name: 'StoreError', code: 'locked' });
    await expect(second).rejects.toThrow(`process ${process.pid} on `);
    await store.close();
    await (await sqlite().open()).commit([put('a', '1')]);
  });

  test('of several openers at the same time on a new path exactly one wins', async () => {
    const attempts = await Promise.allSettled([1, 2, 3, 4].map(() => sqlite().open()));
    expect(attempts.filter(({ status }) => status === 'fulfilled').length).toBe(1);
    for (const attempt of attempts) {
      if (attempt.status === 'rejected') expect(attempt.reason).toMatchObject({ code: 'locked' });
    }
    expect(
      sqlite()
        .scratch.names()
        .filter((name) => name.includes('creating')),
    ).toEqual([]);
  });

  test('a missing directory is named', async () => {
    const opening = openSqliteStore({ path: sqlite().scratch.path('missing/store.db') });
    await expect(opening).rejects.toMatchObject({ code: 'unavailable' });
    await expect(opening).rejects.toThrow(sqlite().scratch.path('missing/store.db'));
  });

  test('a directory that is none is reported', async () => {
    writeFileSync(sqlite().scratch.path('file'), '');
    await expect(openSqliteStore({ path: sqlite().scratch.path('file/store.db') })).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('a full disk fails the commit, changes nothing and leaves the store usable', async () => {
    await (await sqlite().open()).close();
    // Where the header has the size of a page. Spec: sqlite.org/fileformat2.html §1.3.
    const pageCount = statSync(sqlite().path).size / readFileSync(sqlite().path).readUInt16BE(16);
    const store = await sqlite().open({ unsafeTestingMaxPages: pageCount + 20 });
    await store.commit([put('a', '1')]);
    await expect(store.commit([put('a', '2'), put('b', 'v'.repeat(1_000_000))])).rejects.toMatchObject({ code: 'disk-full' });
    expect(shown(await store.list('meta', all))).toEqual(['a=1']);
    await store.commit([put('a', '3')]);
    expect(shown(await store.list('meta', all))).toEqual(['a=3']);
  });

  test('replaced and deleted values are nowhere in the files after close', async () => {
    const store = await sqlite().open();
    for (let i = 0; i < 50; i += 1)
      await store.commit([put('chain', `spent secret ${i}`.repeat(40)), put('gone', 'deleted secret'.repeat(200))]);
    await store.commit([put('chain', 'current secret'), put('gone', undefined)]);
    await store.close();
    const content = Object.values(sqlite().scratch.snapshot()).join('');
    expect(content.includes('current secret')).toBe(true);
    expect(content.includes('spent secret')).toBe(false);
    expect(content.includes('deleted secret')).toBe(false);
  });

  test('the write-ahead log is emptied while the store stays open', async () => {
    const store = await sqlite().open({ checkpointDelay: 1 });
    await store.commit([put('chain', 'first secret'.repeat(40))]);
    await store.commit([put('chain', 'second secret')]);
    // Each read is a turn of the worker's event loop, in which its timer can fire.
    while (statSync(`${sqlite().path}-wal`).size > 0) await store.get('meta', bytes('chain'));
    const content = Object.values(sqlite().scratch.snapshot()).join('');
    expect(content.includes('second secret')).toBe(true);
    expect(content.includes('first secret')).toBe(false);
  });

  test('values are wiped after their commit', async () => {
    const store = await sqlite().open();
    const value = bytes('secret');
    await store.commit([{ table: 'meta', key: bytes('a'), value }]);
    await new Promise(setImmediate);
    expect([...value]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('opening can be given up', async () => {
    await expect(openSqliteStore({ path: sqlite().path, signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
    const aborter = new AbortController();
    const opening = openSqliteStore({ path: sqlite().path, signal: aborter.signal });
    aborter.abort(new Error('enough'));
    await expect(opening).rejects.toThrow('enough');
    await sqlite().open();
  });

  test('every table of the store has a table in the database', async () => {
    await (await sqlite().open()).close();
    const db = new Database(sqlite().path, { readonly: true });
    const names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").pluck().all();
    db.close();
    expect(names).toEqual(tables.map((table) => table.replaceAll('-', '_')).sort());
  });
});
