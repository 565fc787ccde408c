/** What a SQLite file holds at one moment, read through a connection of its own. */
import Database from 'better-sqlite3';
import { GroupCommit } from '../../lib/store/group-commit.js';
import { keyText } from '../../lib/store/key-text.js';
import { MemoryTables, openMemoryStore } from '../../lib/store/memory/memory-store.js';
import { sqlTable } from '../../lib/store/sqlite/sql-tables.js';
import { type Row, tables } from '../../lib/store/store.js';

/** Copies of all durable rows of the file at `path`, read now and synchronously. */
export function storedTables(path: string): MemoryTables {
  const copies = new MemoryTables();
  const file = new Database(path, { readonly: true, fileMustExist: true });
  try {
    // One transaction, one moment.
    file.exec('BEGIN');
    for (const table of tables) {
      for (const { key, value } of file.prepare(`SELECT key, value FROM "${sqlTable(table)}"`).all() as Row[]) {
        copies.rows(table).set(keyText(key), new Uint8Array(value));
      }
    }
  } finally {
    file.close();
  }
  return copies;
}

/** A database in memory with the rows of the file at `path`, read now and synchronously. */
export function storedCopy(path: string): GroupCommit {
  const copies = storedTables(path);
  return new GroupCommit(() => openMemoryStore({ unsafeTestingTables: copies }));
}
