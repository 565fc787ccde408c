import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { Dice } from '../stories/dice.js';
import { tearLastWrite, walState } from './wal.js';

let directory: string;
let path: string;
let database: Database.Database;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'skissm-wal-'));
  path = join(directory, 'store.db');
  database = new Database(path);
  database.pragma('journal_mode = WAL');
  database.pragma('wal_autocheckpoint = 0');
  database.exec('CREATE TABLE rows (name TEXT)');
  insert('durable');
});

afterEach(() => {
  database.close();
  rmSync(directory, { recursive: true, force: true });
});

function insert(name: string): void {
  database.prepare('INSERT INTO rows VALUES (?)').run(name);
}

/** Does `work`, then what a power failure does to what it has written; gives the rows that are left, too. */
function torn(seed: number, work: () => void): { readonly what: string; readonly rows: readonly unknown[] } {
  const before = walState(path);
  if (before === undefined) throw new Error('there is no log');
  work();
  const what = tearLastWrite(path, before, new Dice(seed));
  // As after a power failure: what this process has of the log in memory is gone.
  const copy = join(directory, 'copy.db');
  for (const suffix of ['', '-wal']) copyFileSync(`${path}${suffix}`, `${copy}${suffix}`);
  const again = new Database(copy);
  expect(again.pragma('integrity_check', { simple: true })).toBe('ok');
  const rows = again.prepare('SELECT name FROM rows').pluck().all();
  again.close();
  return { what, rows };
}

test.each([1, 2, 3, 4, 6])('a write that is torn is as if it had not been, and nothing before it is lost (seed %i)', (seed) => {
  const { what, rows } = torn(seed, () => {
    insert('torn');
  });
  expect(what).toMatch(/^(?:cut off|zeros|rubbish) at byte/u);
  expect(rows).toEqual(['durable']);
});

test('what has been copied into the database can not be torn any more', () => {
  const { what, rows } = torn(1, () => {
    insert('safe');
    database.pragma('wal_checkpoint(PASSIVE)');
  });
  expect(what).toBe('nothing: it has been copied into the database');
  expect(rows).toEqual(['durable', 'safe']);
});
