import type { MemoryTables } from '../../lib/store/memory/memory-store.js';
import { type Table, tables } from '../../lib/store/store.js';

/** One row that is not as it was; `after` is missing when the row is gone, `before` when it is new. */
export interface Change {
  readonly table: Table;
  /** One character per byte. */
  readonly key: string;
  readonly before: Uint8Array | undefined;
  readonly after: Uint8Array | undefined;
}

/** Compares everything a memory store holds, byte for byte, with what it held before. */
export class StoreWatch {
  readonly #tables: MemoryTables;
  readonly #known = new Map<Table, Map<string, Uint8Array>>(tables.map((table) => [table, new Map<string, Uint8Array>()]));

  constructor(watched: MemoryTables) {
    this.#tables = watched;
    this.changes();
  }

  /** What has changed since the last call. */
  changes(): Change[] {
    const found: Change[] = [];
    for (const [table, known] of this.#known) {
      const rows = this.#tables.rows(table);
      for (const [key, value] of rows.entries({ prefix: '' })) {
        const before = known.get(key);
        if (before !== undefined && Buffer.compare(before, value) === 0) continue;
        found.push({ table, key, before, after: value.slice() });
      }
      if (known.size > rows.size || found.length > 0) {
        for (const [key, before] of known) if (rows.get(key) === undefined) found.push({ table, key, before, after: undefined });
      }
    }
    for (const { table, key, after } of found) {
      if (after === undefined) this.#known.get(table)?.delete(key);
      else this.#known.get(table)?.set(key, after);
    }
    return found;
  }
}
