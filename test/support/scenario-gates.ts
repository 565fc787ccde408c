import { MemoryTables, openMemoryStore } from '../../lib/store/memory/memory-store.js';
import type { Range, Row, Store, Table, Write } from '../../lib/store/store.js';

/** Lets a test decide when a store answers. */
export class Gates {
  readonly tables = new MemoryTables();
  beforeCommit: ((writes: readonly Write[]) => Promise<void>) | undefined;
  beforeList: ((table: Table, range: Range) => Promise<void>) | undefined;
  afterList: ((table: Table) => Promise<void>) | undefined;

  open = async (): Promise<Store> => {
    const inner = await openMemoryStore({ unsafeTestingTables: this.tables });
    return {
      get: (table, key) => inner.get(table, key),
      list: async (table, range): Promise<Row[]> => {
        await this.beforeList?.(table, range);
        const rows = await inner.list(table, range);
        await this.afterList?.(table);
        return rows;
      },
      commit: async (writes) => {
        await this.beforeCommit?.(writes);
        await inner.commit(writes);
      },
      close: () => inner.close(),
    };
  };
}

/** A promise to be opened by hand. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

/** Some turns of the event loop. */
export async function turns(count = 200): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
