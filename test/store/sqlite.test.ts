import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { type SpawnOptions, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GroupCommit } from '../../lib/store/group-commit.js';
import { type SqliteStoreOptions, openSqliteStore } from '../../lib/store/sqlite/index.js';
import { type Store, tables } from '../../lib/store/store.js';
import { bytes, put, shown, storeContract } from './contract.js';
import { Scratch } from './scratch.js';

const all = { prefix: bytes('') };
const childScript = join(import.meta.dirname, 'sqlite-child.mjs');

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
  let scratch: Scratch;
  let path: string;
  const opened: Store[] = [];

  const open = async (options: Partial<SqliteStoreOptions> = {}): Promise<Store> => {
    const store = await openSqliteStore({ path, ...options });
    opened.push(store);
    return store;
  };

  const change = (sql: string): void => {
    const db = new Database(path);
    db.exec(sql);
    db.close();
  };

  beforeEach(() => {
    scratch = new Scratch();
    path = scratch.path('store.db');
  });

  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
    scratch.remove();
  });

  test('what was committed is there after opening again, and close leaves one file', async () => {
    const first = await open();
    await first.commit([put('a', '1'), { table: 'pre-key', key: bytes('k'), value: bytes('v') }]);
    await first.close();
    expect(scratch.names()).toEqual(['store.db']);
    const second = await open();
    expect(await second.get('meta', bytes('a'))).toEqual(bytes('1'));
    expect(await second.get('pre-key', bytes('k'))).toEqual(bytes('v'));
  });

  test('only the owner of the files may read them', async () => {
    const store = await open();
    await store.commit([put('a', '1')]);
    for (const name of scratch.names()) expect([name, statSync(scratch.path(name)).mode & 0o777]).toEqual([name, 0o600]);
    expect(scratch.names()).toEqual(['store.db', 'store.db-wal', 'store.db.owner']);
  });

  test('a commit is durable when it resolves: a second connection reads it', async () => {
    const store = await open({ unsafeTestingSharedAccess: true });
    const observer = await open({ unsafeTestingSharedAccess: true });
    await store.commit([put('a', '1')]);
    expect(shown(await observer.list('meta', all))).toEqual(['a=1']);
  });

  test('a second opener is refused and learns who holds the store', async () => {
    const store = await open();
    const second = openSqliteStore({ path });
    await expect(second).rejects.toMatchObject({ name: 'StoreError', code: 'locked' });
    await expect(second).rejects.toThrow(`process ${process.pid} on `);
    await store.close();
    await (await open()).commit([put('a', '1')]);
  });

  test('a second process is refused', async () => {
    await open();
    expect(await runChild(['hold', path])).toMatchObject({ code: 3, output: 'locked\n' });
  });

  test('of several openers at the same time on a new path exactly one wins', async () => {
    const attempts = await Promise.allSettled([1, 2, 3, 4].map(() => open()));
    expect(attempts.filter(({ status }) => status === 'fulfilled').length).toBe(1);
    for (const attempt of attempts) {
      if (attempt.status === 'rejected') expect(attempt.reason).toMatchObject({ code: 'locked' });
    }
    expect(scratch.names().filter((name) => name.includes('creating'))).toEqual([]);
  });

  test('a missing directory is named', async () => {
    const opening = openSqliteStore({ path: scratch.path('missing/store.db') });
    await expect(opening).rejects.toMatchObject({ code: 'unavailable' });
    await expect(opening).rejects.toThrow(scratch.path('missing/store.db'));
  });

  describe('files it cannot use are refused and left byte for byte as they are', () => {
    const refused = async (code: string): Promise<void> => {
      const before = readFileSync(path);
      await expect(openSqliteStore({ path })).rejects.toMatchObject({ name: 'StoreError', code });
      expect(readFileSync(path).equals(before)).toBe(true);
      expect(existsSync(`${path}.owner`)).toBe(false);
    };

    test('a file that is no database', async () => {
      writeFileSync(path, 'Dear diary, '.repeat(1_000));
      await refused('damaged');
    });

    test('an empty file, which is what a lost database may look like', async () => {
      writeFileSync(path, '');
      await refused('damaged');
    });

    test("another program's database", async () => {
      change('CREATE TABLE account (key, value); PRAGMA application_id = 7');
      await refused('damaged');
    });

    test('a database of a newer version of the package', async () => {
      await (await open()).close();
      change('PRAGMA user_version = 999');
      await refused('newer-schema');
    });

    test('a database of a newer version whose log was not emptied', async () => {
      await (await open()).close();
      const crashed = scratch.path('crashed.db');
      const db = new Database(path);
      db.exec('PRAGMA user_version = 999');
      copyFileSync(path, crashed);
      copyFileSync(`${path}-wal`, `${crashed}-wal`);
      db.close();
      path = crashed;
      const log = readFileSync(`${path}-wal`);
      await refused('newer-schema');
      expect(readFileSync(`${path}-wal`).equals(log)).toBe(true);
    });

    test('a database that lacks a table', async () => {
      await (await open()).close();
      change('DROP TABLE session');
      await refused('damaged');
    });

    test('a database with overwritten pages', async () => {
      const store = await open();
      await store.commit(Array.from({ length: 200 }, (_, i) => put(`key ${i}`, 'v'.repeat(1_000))));
      await store.close();
      const content = readFileSync(path);
      content.fill(0xa5, Math.floor(content.length / 2), Math.floor(content.length / 2) + 8_192);
      writeFileSync(path, content);
      await refused('damaged');
    });

    test('a database cut short', async () => {
      const store = await open();
      await store.commit([put('a', 'v'.repeat(100_000))]);
      await store.close();
      const content = readFileSync(path);
      writeFileSync(path, content.subarray(0, content.length - 50_000));
      await refused('damaged');
    });
  });

  test('a full disk fails the commit, changes nothing and leaves the store usable', async () => {
    await (await open()).close();
    const pageCount = statSync(path).size / 8_192;
    const store = await open({ unsafeTestingMaxPages: pageCount + 20 });
    await store.commit([put('a', '1')]);
    await expect(store.commit([put('a', '2'), put('b', 'v'.repeat(1_000_000))])).rejects.toMatchObject({ code: 'disk-full' });
    expect(shown(await store.list('meta', all))).toEqual(['a=1']);
    await store.commit([put('a', '3')]);
    expect(shown(await store.list('meta', all))).toEqual(['a=3']);
  });

  test('replaced and deleted values are nowhere in the files after close', async () => {
    const store = await open();
    for (let i = 0; i < 50; i += 1)
      await store.commit([put('chain', `spent secret ${i}`.repeat(40)), put('gone', 'deleted secret'.repeat(200))]);
    await store.commit([put('chain', 'current secret'), put('gone', undefined)]);
    await store.close();
    const content = Object.values(scratch.snapshot()).join('');
    expect(content).toContain('current secret');
    expect(content).not.toContain('spent secret');
    expect(content).not.toContain('deleted secret');
  });

  test('the write-ahead log is emptied while the store stays open', async () => {
    const store = await open({ checkpointDelay: 1 });
    await store.commit([put('chain', 'first secret'.repeat(40))]);
    await store.commit([put('chain', 'second secret')]);
    // Each read is a turn of the worker's event loop, in which its timer can fire.
    while (statSync(`${path}-wal`).size > 0) await store.get('meta', bytes('chain'));
    const content = Object.values(scratch.snapshot()).join('');
    expect(content).toContain('second secret');
    expect(content).not.toContain('first secret');
  });

  test('values are wiped after their commit', async () => {
    const store = await open();
    const value = bytes('secret');
    await store.commit([{ table: 'meta', key: bytes('a'), value }]);
    await new Promise(setImmediate);
    expect([...value]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('opening can be given up', async () => {
    await expect(openSqliteStore({ path, signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
    const aborter = new AbortController();
    const opening = openSqliteStore({ path, signal: aborter.signal });
    aborter.abort(new Error('enough'));
    await expect(opening).rejects.toThrow('enough');
    await open();
  });

  test('every table of the store has a table in the database', async () => {
    await (await open()).close();
    const db = new Database(path, { readonly: true });
    const names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").pluck().all();
    db.close();
    expect(names).toEqual(tables.map((table) => table.replaceAll('-', '_')).sort());
  });

  test('a directory without write permission is reported, not crashed on', async () => {
    const locked = new Scratch();
    chmodSync(locked.directory, 0o500);
    const result = await runChild(['hold', locked.path('store.db')], process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {});
    chmodSync(locked.directory, 0o700);
    locked.remove();
    expect(result).toMatchObject({ code: 3, output: 'unavailable\n' });
  });

  describe('a process that dies', () => {
    test.each([1, 2, 3, 4])('killed during commits, it leaves whole commits and every acknowledged one (round %i)', async (round) => {
      const { acknowledged } = await killDuring(['write', path], 20 * round);
      expect(existsSync(`${path}.owner`)).toBe(true);
      const store = await open();
      const rows = await store.list('meta', all);
      const copies = await store.list('account', all);
      expect(shown(copies)).toEqual(shown(rows));
      expect(rows.length).toBeGreaterThanOrEqual(acknowledged);
      // Nothing in between is missing: commits became durable in their order.
      expect(rows.map(({ key }) => Buffer.from(key).readUInt32BE())).toEqual(rows.map((_, i) => i + 1));
      await store.commit([put('after', '1')]);
    });

    test('killed while it makes the database, it leaves nothing that stops the next one', async () => {
      writeFileSync(`${path}.creating-left-behind`, 'half a database');
      await open();
      expect(scratch.names()).toEqual(['store.db', 'store.db-wal', 'store.db.owner']);
    });

    test('a commit whose writing fails half-way is reported as unknown, and the store closes', async () => {
      // The limit on the size of files makes the write-ahead log fail in the middle of a COMMIT.
      const result = await runChild(['unknown', path], {}, 'ulimit -f 400');
      expect(result).toEqual({ code: 0, output: 'outcome-unknown closed\n' });
      const store = await open();
      const [row, ...others] = await store.list('meta', all);
      expect(others).toEqual([]);
      expect(row!.value.length).toBe(10);
    });
  });
});

interface ChildResult {
  readonly code: number | null;
  readonly output: string;
}

function runChild(args: readonly string[], options: SpawnOptions = {}, before = ':'): Promise<ChildResult> {
  const child = spawn('/bin/sh', ['-c', `${before}; exec "$@"`, 'sh', process.execPath, childScript, ...args], {
    ...options,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, output });
    });
  });
}

/** Kills the child without warning once it has acknowledged so many commits. */
function killDuring(args: readonly string[], commits: number): Promise<{ acknowledged: number }> {
  const child = spawn(process.execPath, [childScript, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    let acknowledged = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      acknowledged += chunk.toString().split('\n').length - 1;
      if (acknowledged >= commits) child.kill('SIGKILL');
    });
    child.on('error', reject);
    child.on('close', () => {
      resolve({ acknowledged });
    });
  });
}
