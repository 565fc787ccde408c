import Database from 'better-sqlite3';
import { randomInt } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { StoreError } from '../../base/errors.js';
import { type Row, type Table, tables } from '../store.js';
import type { KeyInterval, Opening } from './call.js';
import { checkDatabase } from './check.js';
import { createDatabase, removeUnfinished } from './create.js';
import { isBusy, isFull, storeError } from './failure.js';
import { migrate } from './migrations.js';
import { describeOwner, removeOwner, writeOwner } from './owner-file.js';
import { unpack } from './packed.js';
import { sqlTable } from './sql-tables.js';

/** Time for which a file in use is tried again, ms: another process may be just checking or closing it. */
const openingPatience = 500;

/**
 * Longest pause between two attempts, ms. Pauses are random: two that check the file at the same time keep each other from the exclusive lock, SQLite
 * refuses both at once, and in step they would go on like that.
 */
const longestPause = 40;

/** Wait for another connection's transaction when the file is shared, ms. */
const sharedTimeout = 5_000;

/** Pages in the write-ahead log at which a commit copies them into the database itself: 32 MiB, so that the log stays bounded under load. */
const logPages = 2_048;

interface TableStatements {
  readonly get: Database.Statement;
  readonly forwards: Database.Statement;
  readonly backwards: Database.Statement;
  readonly set: Database.Statement;
  readonly remove: Database.Statement;
}

/** The database of one store, synchronous; lives in the worker. All methods throw `StoreError`. */
export class StoreDatabase {
  readonly #db: Database.Database;
  readonly #opening: Opening;
  readonly #statements: ReadonlyMap<Table, TableStatements>;
  readonly #begin: Database.Statement;
  readonly #commit: Database.Statement;

  private constructor(db: Database.Database, opening: Opening) {
    this.#db = db;
    this.#opening = opening;
    this.#statements = new Map(tables.map((table) => [table, prepare(db, sqlTable(table))]));
    this.#begin = db.prepare('BEGIN IMMEDIATE');
    this.#commit = db.prepare('COMMIT');
  }

  /**
   * Opens the database, making it when there is none; blocks the thread for a while when somebody has it open. Throws `locked`, `damaged`,
   * `newer-schema`, `disk-full` or `unavailable`.
   */
  static open(opening: Opening): StoreDatabase {
    const { path } = opening;
    if (!existsSync(dirname(path))) throw new StoreError('unavailable', `the directory of ${path} does not exist`);
    const end = performance.now() + openingPatience;
    for (;;) {
      try {
        return StoreDatabase.#openNow(opening);
      } catch (error) {
        if (!isBusy(error)) throw storeError(error);
        if (performance.now() >= end)
          throw new StoreError('locked', `the store ${path} is in use by ${describeOwner(path)}`, { cause: error });
      }
      pause(randomInt(1, longestPause));
    }
  }

  static #openNow(opening: Opening): StoreDatabase {
    const { path } = opening;
    if (!existsSync(path)) createDatabase(path);
    checkDatabase(path, timeoutOf(opening));
    const db = new Database(path, { fileMustExist: true, timeout: timeoutOf(opening) });
    try {
      configure(db, opening);
      return new StoreDatabase(db, opening);
    } catch (error) {
      db.close();
      throw error;
    }
  }

  /** The value of a row, or `undefined`. */
  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    return attempt(() => this.#of(table).get.get(key) as Uint8Array | undefined);
  }

  /** The rows of an interval. */
  list(table: Table, { from, to, limit, reverse }: KeyInterval): Row[] {
    const { forwards, backwards } = this.#of(table);
    return attempt(() => (reverse ? backwards : forwards).all(from, to, limit) as Row[]);
  }

  /** Applies packed writes in one transaction. With code `outcome-unknown` the database must be closed; otherwise nothing was changed. */
  commit(packed: Uint8Array): void {
    try {
      this.#begin.run();
      for (const { table, key, value } of unpack(packed)) {
        if (value === undefined) this.#of(table).remove.run(key);
        else this.#of(table).set.run(key, value);
      }
    } catch (error) {
      this.#rollBack();
      throw storeError(error);
    }
    try {
      this.#commit.run();
    } catch (error) {
      // Only these two say for certain that the last frame, which makes the transaction valid, was not written.
      if (!isBusy(error) && !isFull(error)) throw outcomeUnknown(error);
      this.#rollBack();
      throw storeError(error);
    }
  }

  /** Copies the write-ahead log into the database and empties it, so that replaced values are gone from it. */
  checkpoint(): void {
    attempt(() => this.#db.pragma('wal_checkpoint(TRUNCATE)'));
  }

  /** Closes the database, which also checkpoints. */
  close(): void {
    if (!this.#opening.sharedAccess) removeOwner(this.#opening.path);
    attempt(() => this.#db.close());
  }

  #rollBack(): void {
    // SQLite has ended the transaction itself after some errors.
    if (!this.#db.inTransaction) return;
    try {
      this.#db.exec('ROLLBACK');
    } catch (error) {
      throw outcomeUnknown(error);
    }
  }

  #of(table: Table): TableStatements {
    const statements = this.#statements.get(table);
    if (statements === undefined) throw new StoreError('unavailable', 'unknown table');
    return statements;
  }
}

/** Who has the file to himself waits for nobody. */
function timeoutOf(opening: Opening): number {
  return opening.sharedAccess ? sharedTimeout : 0;
}

/** Blocks this thread, which does nothing else yet. */
function pause(duration: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, duration);
}

function configure(db: Database.Database, { path, sharedAccess, maxPages }: Opening): void {
  // Before anything is read: then the index of the log stays in memory and no second process can ever come in between.
  if (!sharedAccess) db.pragma('locking_mode = EXCLUSIVE');
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma('fullfsync = ON');
  db.pragma('checkpoint_fullfsync = ON');
  db.pragma('secure_delete = ON');
  db.pragma('temp_store = MEMORY');
  db.pragma('trusted_schema = OFF');
  db.pragma(`wal_autocheckpoint = ${logPages}`);
  if (maxPages > 0) db.pragma(`max_page_count = ${maxPages}`);
  // Takes the lock now and not with the first commit.
  db.exec('BEGIN IMMEDIATE; COMMIT');
  migrate(db);
  if (sharedAccess) return;
  // What the check for reading, or a process that died, has left; nobody else can be using it under the exclusive lock.
  rmSync(`${path}-shm`, { force: true });
  removeUnfinished(path);
  writeOwner(path);
}

function prepare(db: Database.Database, table: string): TableStatements {
  const select = `SELECT key, value FROM "${table}" WHERE key >= ? AND key < ? ORDER BY key`;
  return {
    get: db.prepare(`SELECT value FROM "${table}" WHERE key = ?`).pluck(),
    forwards: db.prepare(`${select} LIMIT ?`),
    backwards: db.prepare(`${select} DESC LIMIT ?`),
    set: db.prepare(`INSERT INTO "${table}" (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`),
    remove: db.prepare(`DELETE FROM "${table}" WHERE key = ?`),
  };
}

function outcomeUnknown(cause: unknown): StoreError {
  const reason = cause instanceof Error ? cause.message : 'unknown';
  return new StoreError('outcome-unknown', `whether the commit was stored is unknown (${reason})`, { cause });
}

function attempt<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw storeError(error);
  }
}
