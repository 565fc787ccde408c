import { copyBytes } from '../../base/bytes.js';
import { StoreError } from '../../base/errors.js';
import { checkKey, checkRange, checkWrites } from '../argument.js';
import { keyBytes, keyText } from '../key-text.js';
import { OrderedMap } from '../ordered-map.js';
import type { Range, Row, Store, Table, Write } from '../store.js';

/** What a commit of a memory store does when a test asks for it. */
export type UnsafeTestingFailure = 'unavailable' | 'disk-full' | 'outcome-unknown-applied' | 'outcome-unknown-lost';

/** The tables of one memory store. They outlive the store when a test hands them on to the next one. */
export class MemoryTables {
  readonly #tables = new Map<Table, OrderedMap<Uint8Array>>();

  /** The rows of `table`. */
  rows(table: Table): OrderedMap<Uint8Array> {
    let rows = this.#tables.get(table);
    if (rows === undefined) {
      rows = new OrderedMap();
      this.#tables.set(table, rows);
    }
    return rows;
  }

  /** Overwrites all values with zeros and lets go of them. */
  wipe(): void {
    for (const rows of this.#tables.values()) {
      for (const value of rows.values()) value.fill(0);
      rows.clear();
    }
  }
}

/** Options of {@link openMemoryStore}. */
export interface MemoryStoreOptions {
  /** Tables that a test keeps while it closes and opens stores over them, as a file would; they are not wiped at close. */
  readonly unsafeTestingTables?: MemoryTables;
  /** Asked before each commit: how this one fails, `undefined` for not at all. */
  readonly unsafeTestingFailure?: () => UnsafeTestingFailure | undefined;
}

/** A store that ends with the process: same semantics as the durable ones, for tests and for accounts that need no disk. */
class MemoryStore implements Store {
  readonly #tables: MemoryTables;
  readonly #options: MemoryStoreOptions;
  #closed = false;

  constructor(options: MemoryStoreOptions) {
    this.#tables = options.unsafeTestingTables ?? new MemoryTables();
    this.#options = options;
  }

  async get(table: Table, key: Uint8Array): Promise<Uint8Array | undefined> {
    checkKey(key);
    this.#assertOpen();
    const value = this.#tables.rows(table).get(keyText(key));
    return Promise.resolve(value === undefined ? undefined : copyBytes(value));
  }

  async list(table: Table, range: Range): Promise<Row[]> {
    checkRange(range);
    this.#assertOpen();
    const found: Row[] = [];
    const limit = range.limit ?? Infinity;
    const after = range.after === undefined ? undefined : keyText(range.after);
    for (const [key, value] of this.#tables.rows(table).entries({ prefix: keyText(range.prefix), after, reverse: range.reverse })) {
      if (found.length >= limit) break;
      found.push({ key: keyBytes(key), value: copyBytes(value) });
    }
    return Promise.resolve(found);
  }

  async commit(writes: readonly Write[]): Promise<void> {
    checkWrites(writes);
    this.#assertOpen();
    const failure = this.#options.unsafeTestingFailure?.();
    if (failure === undefined || failure === 'outcome-unknown-applied') this.#apply(writes);
    // Not at once: whoever waits for this commit may show the values to readers until it has been told.
    else setImmediate(wipeValues, writes);
    if (failure === 'unavailable' || failure === 'disk-full') throw new StoreError(failure, 'the test made this commit fail');
    if (failure !== undefined) {
      this.#end();
      throw new StoreError('outcome-unknown', 'the test left the outcome of this commit open');
    }
    return Promise.resolve();
  }

  async close(): Promise<void> {
    if (!this.#closed) this.#end();
    return Promise.resolve();
  }

  #apply(writes: readonly Write[]): void {
    const copied: Write[] = [];
    for (const write of writes) {
      const { table, key, value } = write;
      const rows = this.#tables.rows(table);
      const text = keyText(key);
      rows.get(text)?.fill(0);
      if (value === undefined) rows.delete(text);
      else if (value.length === value.buffer.byteLength) rows.set(text, value);
      else {
        // A view of memory that must not be kept: the rows of a whole block would stay with it.
        rows.set(text, copyBytes(value));
        copied.push(write);
      }
    }
    if (copied.length > 0) setImmediate(wipeValues, copied);
  }

  #end(): void {
    this.#closed = true;
    if (this.#options.unsafeTestingTables === undefined) this.#tables.wipe();
  }

  #assertOpen(): void {
    if (this.#closed) throw new StoreError('closed', 'the store is closed');
  }
}

function wipeValues(writes: readonly Write[]): void {
  for (const { value } of writes) value?.fill(0);
}

/** Opens an empty store in memory. Nothing of it is left after `close()`. */
export async function openMemoryStore(options: MemoryStoreOptions = {}): Promise<Store> {
  return Promise.resolve(new MemoryStore(options));
}
