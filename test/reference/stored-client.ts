import { ClientStore } from '../../lib/store/client-store.js';
import { GroupCommit } from '../../lib/store/group-commit.js';
import { MemoryTables, openMemoryStore } from '../../lib/store/memory/memory-store.js';
import type { Table, Write } from '../../lib/store/store.js';

/** The records of a client in a store that is opened anew for every use: nothing but what is durable is seen. */
export class StoredClient {
  readonly #tables = new MemoryTables();

  /** Stores `writes` in one commit. */
  write(...writes: readonly Write[]): Promise<void> {
    return this.read((store) => store.commits.commit(writes));
  }

  /** What `use` makes of the records. */
  async read<T>(use: (store: ClientStore) => Promise<T>): Promise<T> {
    const commits = new GroupCommit(() => openMemoryStore({ unsafeTestingTables: this.#tables }));
    try {
      return await use(new ClientStore(commits));
    } finally {
      await commits.close();
    }
  }

  /** How many rows a table has. */
  count(table: Table): number {
    return [...this.#tables.rows(table).values()].length;
  }
}
