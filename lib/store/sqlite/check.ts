import Database from 'better-sqlite3';
import { StoreError } from '../../base/errors.js';
import { applicationId, schemaVersion } from './migrations.js';
import { sqlTables } from './sql-tables.js';

/**
 * Refuses a file that this driver cannot use, without changing a byte of it: opening it for writing could already roll back or checkpoint.
 * Throws `StoreError` `damaged` or `newer-schema`, and what SQLite throws when the file is locked or no database.
 *
 * Only SQLite opens the file: POSIX ends all locks that a process holds on a file when it closes any handle of it, and another thread of this
 * process may have the store open.
 */
export function checkDatabase(path: string, timeout: number): void {
  const db = new Database(path, { readonly: true, fileMustExist: true, timeout });
  try {
    // An empty file, too, is a database for SQLite; it has no application.
    if (Number(db.pragma('application_id', { simple: true })) !== applicationId) {
      throw new StoreError('damaged', 'the database was not made by this package');
    }
    const version = Number(db.pragma('user_version', { simple: true }));
    if (version > schemaVersion()) {
      throw new StoreError('newer-schema', `the store has schema ${version}, this version of the package knows ${schemaVersion()}`);
    }
    if (db.pragma('quick_check(1)', { simple: true }) !== 'ok')
      throw new StoreError('damaged', 'the store fails the check of its structure');
    const present = new Set(db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all());
    if (version === schemaVersion() && !sqlTables.every((name) => present.has(name))) {
      throw new StoreError('damaged', 'the store lacks a table');
    }
  } finally {
    db.close();
  }
}
