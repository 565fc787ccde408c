import { afterEach, beforeEach } from '@jest/globals';
import { type SqliteStoreOptions, openSqliteStore } from '../../lib/store/sqlite/index.js';
import type { Store } from '../../lib/store/store.js';
import { bytes } from './contract.js';
import { Scratch } from './scratch.js';

/** The range of all rows of a table. */
export const all = { prefix: bytes('') };

/** A scratch directory with the path of one store; stores opened through it are closed after each test. */
export class SqliteFixture {
  scratch = new Scratch();
  path = this.scratch.path('store.db');
  readonly #opened: Store[] = [];

  async open(options: Partial<SqliteStoreOptions> = {}): Promise<Store> {
    const store = await openSqliteStore({ path: this.path, ...options });
    this.#opened.push(store);
    return store;
  }

  async end(): Promise<void> {
    for (const store of this.#opened) await store.close();
    this.scratch.remove();
  }
}

/** A new fixture before each test of the enclosing `describe`. */
export function useSqlite(): () => SqliteFixture {
  let fixture: SqliteFixture;
  beforeEach(() => {
    fixture = new SqliteFixture();
  });
  afterEach(async () => {
    await fixture.end();
  });
  return () => fixture;
}
