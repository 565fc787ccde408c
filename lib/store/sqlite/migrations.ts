import type { Database } from 'better-sqlite3';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { InternalError } from '../../base/errors.js';
import { packageRoot } from '../../base/package-root.js';

/** Marks a database as ours in its header: "skis". */
export const applicationId = 0x736b_6973;

/** One step of the schema. */
interface Migration {
  readonly version: number;
  readonly sql: string;
}

let known: readonly Migration[] | undefined;

function migrations(): readonly Migration[] {
  known ??= readMigrations();
  return known;
}

function readMigrations(): Migration[] {
  const folders = ['dist/lib', 'lib'].map((tree) => join(packageRoot(), tree, 'store/sqlite/migrations'));
  const folder = folders.find((candidate) => existsSync(candidate));
  if (folder === undefined) throw new InternalError('no-migrations', 'the package lacks its SQL migrations');
  const names = readdirSync(folder).filter((name) => name.endsWith('.sql'));
  return names.sort().map((name, i) => {
    const version = Number(name.slice(0, 4));
    if (version !== i + 1) throw new InternalError('migration-number', `${name} is not migration ${i + 1}`);
    return { version, sql: readFileSync(join(folder, name), 'utf8') };
  });
}

/** The version of the schema after all migrations. */
export function schemaVersion(): number {
  return migrations().length;
}

/** Brings the database up to {@link schemaVersion} in one transaction; all of it or nothing. */
export function migrate(db: Database): void {
  const present = Number(db.pragma('user_version', { simple: true }));
  if (present >= schemaVersion()) return;
  db.transaction(() => {
    for (const { version, sql } of migrations()) if (version > present) db.exec(sql);
    db.pragma(`application_id = ${applicationId}`);
    db.pragma(`user_version = ${schemaVersion()}`);
  }).immediate();
}
