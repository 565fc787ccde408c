import Database from 'better-sqlite3';
import { closeSync, openSync, readSync } from 'node:fs';
import { StoreError } from '../../base/errors.js';
import { applicationId, schemaVersion } from './migrations.js';
import { sqlTables } from './sql-tables.js';

/** The header of a database file: 100 bytes, magic text first, application id at byte 68. Source: SQLite file format §1.3. */
const headerLength = 100;
const magic = 'SQLite format 3\0';
const applicationIdOffset = 68;

/**
 * Refuses a file that this driver cannot use, without changing a byte of it: opening it for writing could already roll back or checkpoint.
 * Throws `StoreError` `damaged` or `newer-schema`, and what SQLite throws when the file is locked.
 */
export function checkDatabase(path: string, timeout: number): void {
  checkHeader(path);
  const db = new Database(path, { readonly: true, fileMustExist: true, timeout });
  try {
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

function checkHeader(path: string): void {
  const header = Buffer.alloc(headerLength);
  const file = openSync(path, 'r');
  try {
    const length = readSync(file, header);
    if (length < headerLength || header.toString('latin1', 0, magic.length) !== magic) {
      throw new StoreError('damaged', 'the file is not a database');
    }
  } finally {
    closeSync(file);
  }
  if (header.readUInt32BE(applicationIdOffset) !== applicationId)
    throw new StoreError('damaged', 'the database was not made by this package');
}
