/**
 * Which messages of groups wait to be opened, and which of them have been tried in the group's present state.
 */
import { type GroupAddress, groupKey } from '../base/address.js';
import type { ClientStore } from '../store/client-store.js';
import { GroupQueueBook } from './group-queues.js';

interface Tried {
  readonly shape: number;
  /** Every row below this number. */
  readonly below: number;
}

/** The held messages of one client. */
export class HeldMessages extends GroupQueueBook {
  readonly #tried = new Map<string, Tried>();

  constructor(store: ClientStore) {
    super(store, 'held');
  }

  /** Forgets everything and loads it anew. */
  override async load(): Promise<void> {
    this.#tried.clear();
    await super.load();
  }

  /** Whether nothing waits that has not been tried while the group had this shape (0: it is not known). */
  isTried(group: GroupAddress, shape: number): boolean {
    if (this.count(group) === 0) return true;
    const tried = this.#tried.get(groupKey(group));
    return tried?.shape === shape && tried.below >= this.next(group);
  }

  /** Everything below the number was tried. */
  markTried(group: GroupAddress, shape: number, below: number): void {
    this.#tried.set(groupKey(group), { shape, below });
  }
}
