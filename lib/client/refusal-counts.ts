/** How often something received could not be used, by code, since the store was made. */
import type { ClientStore } from '../store/client-store.js';
import { putRefusalCounts } from '../store/client/trouble-rows.js';
import { LateChange } from './late-change.js';
import type { BookChange } from './session-book.js';

/** The counters of one client. */
export class RefusalCounts {
  readonly #store: ClientStore;
  #counts = new Map<string, number>();

  constructor(store: ClientStore) {
    this.#store = store;
  }

  /** Forgets everything and loads it anew. */
  async load(): Promise<void> {
    this.#counts = await this.#store.loadRefusalCounts();
  }

  /** The counters that are not zero. */
  get all(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  /** The change that counts one more. It counts when its step commits: other steps may do so in between. */
  add(code: string): BookChange {
    const counted = (): ReadonlyMap<string, number> => this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1);
    return new LateChange(
      () => [putRefusalCounts(counted())],
      () => undefined,
    );
  }
}
