import { describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { openSqliteStore } from '../../lib/store/sqlite/index.js';
import { put } from './contract.js';
import { useSqlite } from './sqlite-fixture.js';

describe('files the sqlite store cannot use are refused and left byte for byte as they are', () => {
  const sqlite = useSqlite();

  const change = (sql: string): void => {
    const db = new Database(sqlite().path);
    db.exec(sql);
    db.close();
  };

  const refused = async (code: string): Promise<void> => {
    const before = readFileSync(sqlite().path);
    await expect(openSqliteStore({ path: sqlite().path })).rejects.toMatchObject({ name: 'StoreError', code });
    expect(readFileSync(sqlite().path).equals(before)).toBe(true);
    expect(existsSync(`${sqlite().path}.owner`)).toBe(false);
  };

  test('a file that is no database', async () => {
    writeFileSync(sqlite().path, 'Dear diary, '.repeat(1_000));
    await refused('damaged');
  });

  test('an empty file, which is what a lost database may look like', async () => {
    writeFileSync(sqlite().path, '');
    await refused('damaged');
  });

  test("another program's database", async () => {
    change('CREATE TABLE account (key, value); PRAGMA application_id = 7');
    await refused('damaged');
  });

  test('a database of a newer version of the package', async () => {
    await (await sqlite().open()).close();
    change('PRAGMA user_version = 999');
    await refused('newer-schema');
  });

  test('a database of a newer version whose log was not emptied', async () => {
    await (await sqlite().open()).close();
    const crashed = sqlite().scratch.path('crashed.db');
    const db = new Database(sqlite().path);
    db.exec('PRAGMA user_version = 999');
    copyFileSync(sqlite().path, crashed);
    copyFileSync(`${sqlite().path}-wal`, `${crashed}-wal`);
    db.close();
    sqlite().path = crashed;
    const log = readFileSync(`${sqlite().path}-wal`);
    await refused('newer-schema');
    expect(readFileSync(`${sqlite().path}-wal`).equals(log)).toBe(true);
  });

  test('a database that lacks a table', async () => {
    await (await sqlite().open()).close();
    change('DROP TABLE session');
    await refused('damaged');
  });

  test('a database with overwritten pages', async () => {
    const store = await sqlite().open();
    await store.commit(Array.from({ length: 200 }, (_, i) => put(`key ${i}`, 'v'.repeat(1_000))));
    await store.close();
    const content = readFileSync(sqlite().path);
    content.fill(0xa5, Math.floor(content.length / 2), Math.floor(content.length / 2) + 32_768);
    writeFileSync(sqlite().path, content);
    await refused('damaged');
  });

  test('a database cut short', async () => {
    const store = await sqlite().open();
    await store.commit([put('a', 'v'.repeat(100_000))]);
    await store.close();
    const content = readFileSync(sqlite().path);
    writeFileSync(sqlite().path, content.subarray(0, content.length - 50_000));
    await refused('damaged');
  });
});
