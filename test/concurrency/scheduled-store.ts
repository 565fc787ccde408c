/** A memory store whose calls take place when fast-check's scheduler says so, and whose commits fail as they are told. */
import type { Scheduler } from 'fast-check';
import { keyBytes } from '../../lib/store/key-text.js';
import { MemoryTables, type UnsafeTestingFailure, openMemoryStore } from '../../lib/store/memory/memory-store.js';
import type { Row, Store, Table } from '../../lib/store/store.js';

/** How a commit may end. */
export const endings: readonly (UnsafeTestingFailure | undefined)[] = [
  undefined,
  undefined,
  undefined,
  'disk-full',
  'unavailable',
  'outcome-unknown-applied',
  'outcome-unknown-lost',
];

/** Durable rows, and the driver over them. */
export class ScheduledStore {
  readonly tables = new MemoryTables();
  readonly #scheduler: Scheduler;
  readonly #endings: (UnsafeTestingFailure | undefined)[];

  /** `failures` says how the first commits end; those after them succeed. */
  constructor(scheduler: Scheduler, failures: readonly (UnsafeTestingFailure | undefined)[]) {
    this.#scheduler = scheduler;
    this.#endings = [...failures];
  }

  /** Opens the driver. */
  readonly open = async (): Promise<Store> => {
    const inner = await openMemoryStore({
      unsafeTestingTables: this.tables,
      unsafeTestingFailure: () => this.#endings.shift(),
    });
    const later = async <T>(what: string, call: () => Promise<T>): Promise<T> => {
      await this.#scheduler.schedule(Promise.resolve(), what);
      return call();
    };
    return {
      get: (table, key) => later('get', () => inner.get(table, key)),
      list: (table, range) => later('list', () => inner.list(table, range)),
      commit: async (writes) => {
        await later('commit', () => inner.commit(writes));
        // Durable, but nobody has been told.
        await this.#scheduler.schedule(Promise.resolve(), 'committed');
      },
      close: () => inner.close(),
    };
  };

  /** The durable rows of a table. */
  rows(table: Table): Row[] {
    return [...this.tables.rows(table).entries({ prefix: '', after: undefined, reverse: false })].map(([key, value]) => ({
      key: keyBytes(key),
      value: value.slice(),
    }));
  }
}
