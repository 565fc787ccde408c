/** The SQLite driver, a sub-path of its own: who does not use it does not load it. */
export { openSqliteStore, type SqliteStoreOptions } from './sqlite-store.js';
