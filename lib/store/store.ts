/**
 * What a storage driver offers: tables of bytes and one transaction. Typed records stand above it, written once for every driver.
 *
 * A driver knows no secrets and no protocol. Keys are ordered by their bytes (`memcmp`). Design D8.
 */

/** The tables of either side; a driver creates all of them. */
export const tables = [
  'meta',
  'account',
  'pre-key',
  'peer',
  'session',
  'ratchet',
  'skipped-key',
  'group',
  'outbox',
  'pending',
  'inbox',
  'push',
  'device',
  'relation',
  'mailbox',
  'body',
  'token',
  'invitation',
] as const;

/** Name of a table. */
export type Table = (typeof tables)[number];

/** One row: its key within the table, 1 to 1,024 bytes, and its value. */
export interface Row {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/**
 * One change of a transaction: sets or deletes a row. The driver takes ownership of `value`: it leaves it unchanged until the commit has
 * settled and its caller has been told, a turn of the event loop later: until then readers are shown it. Afterwards the driver may keep or wipe
 * it, so the caller does not use it again and gives it for one row only. `key` stays the caller's and must not change until then.
 */
export interface Write {
  readonly table: Table;
  readonly key: Uint8Array;
  /** The new value; `undefined` deletes. */
  readonly value: Uint8Array | undefined;
}

/** Selects rows whose key begins with `prefix` (an empty prefix selects all), in key order. */
export interface Range {
  readonly prefix: Uint8Array;
  /** Only keys greater than this one. */
  readonly after?: Uint8Array;
  /** At most so many rows. */
  readonly limit?: number;
  /** From the greatest key down (then `after` means smaller than). */
  readonly reverse?: boolean;
}

/**
 * A storage driver. Calls take effect in the order in which they are made. All methods throw `StoreError` with code `unavailable`, `locked`,
 * `damaged`, `newer-schema`, `disk-full` or `closed`, and `UsageError` for an argument out of bounds (`key-length`, `value-length`, `limit`).
 */
export interface Store {
  /** The row's value in memory of its own, or `undefined`. */
  get(table: Table, key: Uint8Array): Promise<Uint8Array | undefined>;
  /** The rows of a range in key order. */
  list(table: Table, range: Range): Promise<Row[]>;
  /**
   * Applies all of `writes` in one transaction and resolves when it is durable. On rejection nothing was changed, except with code
   * `outcome-unknown`: then the driver has closed itself and the caller must open the store again and reload.
   */
  commit(writes: readonly Write[]): Promise<void>;
  /** Waits for what is running, checkpoints and closes. A second call does nothing. */
  close(): Promise<void>;
}
