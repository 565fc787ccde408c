import Database from 'better-sqlite3';
import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, linkSync, openSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { migrate } from './migrations.js';

/**
 * Bytes of a page. A row of more than a quarter of one does not fit into its leaf and takes a page of its own: a request with a message of the default
 * suite has 2 kB and more, and costs three times as much to write then.
 */
const pageSize = 16_384;

/** Prefix of the name under which a database is made before it gets its own. */
function unfinished(path: string): string {
  return `${basename(path)}.creating-`;
}

/**
 * Makes an empty database at `path`, readable by its owner only. It is made under another name first, so that at any time there is either a
 * complete database at `path` or none; when two processes do it, the first wins and the second finds the first one's.
 */
export function createDatabase(path: string): void {
  const temporary = join(dirname(path), `${unfinished(path)}${randomUUID()}`);
  closeSync(openSync(temporary, 'wx', 0o600));
  try {
    const db = new Database(temporary);
    try {
      db.pragma(`page_size = ${pageSize}`);
      db.pragma('synchronous = FULL');
      db.pragma('fullfsync = ON');
      migrate(db);
      db.pragma('journal_mode = WAL');
    } finally {
      db.close();
    }
    linkSync(temporary, path);
  } catch (error) {
    // Another process was first, and may already have cleared this one's file away.
    if (!existsSync(path)) throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
  syncDirectory(dirname(path));
}

/** Removes what a process left that died while it made the database; to be called under the database's exclusive lock. */
export function removeUnfinished(path: string): void {
  for (const name of readdirSync(dirname(path))) {
    if (name.startsWith(unfinished(path))) rmSync(join(dirname(path), name), { force: true });
  }
}

/** Makes the new name durable. Where a directory cannot be opened (Windows) the file system does that itself. */
function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
