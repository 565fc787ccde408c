/**
 * How much waits for each group: messages to be sealed, messages and keys that came too early.
 *
 * Owns: counts and numbers. Does not own: the rows' content, which is read from the store when its time has come. Locks are those of the group.
 */
import { type GroupAddress, groupKey } from '../base/address.js';
import type { ClientStore } from '../store/client-store.js';
import { deleteFromGroupQueue } from '../store/client/group-queue-rows.js';
import type { Write } from '../store/store.js';
import type { BookChange } from './session-book.js';

/** Names of the queues. */
export type GroupQueue = 'waiting' | 'held' | 'keys';

interface Count {
  readonly group: GroupAddress;
  count: number;
  next: number;
}

/** One queue of every group. */
export class GroupQueueBook {
  readonly #store: ClientStore;
  readonly #queue: GroupQueue;
  readonly #counts = new Map<string, Count>();
  #total = 0;

  constructor(store: ClientStore, queue: GroupQueue) {
    this.#store = store;
    this.#queue = queue;
  }

  /** Forgets everything and loads it anew. */
  async load(): Promise<void> {
    this.#counts.clear();
    this.#total = 0;
    await this.#store.walkGroupQueue(this.#queue, (group, sequence) => {
      const count = this.#of(group);
      count.count += 1;
      count.next = Math.max(count.next, sequence + 1);
      this.#total += 1;
    });
  }

  /** Rows of all groups. */
  get total(): number {
    return this.#total;
  }

  /** Rows of `group`. */
  count(group: GroupAddress): number {
    return this.#counts.get(groupKey(group))?.count ?? 0;
  }

  /** The number that the next row of `group` will have. */
  next(group: GroupAddress): number {
    return this.#counts.get(groupKey(group))?.next ?? 0;
  }

  /** The groups for which something waits. */
  groups(): GroupAddress[] {
    return [...this.#counts.values()].filter(({ count }) => count > 0).map(({ group }) => group);
  }

  /**
   * The change that adds rows behind those that wait; `put` makes the row of a number. Numbers are taken at once: steps that share no lock may add
   * at the same time.
   */
  add(group: GroupAddress, count: number, put: (sequence: number, position: number) => Write): BookChange {
    const taken = this.#of(group);
    const first = taken.next;
    taken.next += count;
    return {
      writes: Array.from({ length: count }, (_, position) => put(first + position, position)),
      apply: () => {
        const found = this.#of(group);
        found.count += count;
        this.#total += count;
      },
    };
  }

  /** The change that takes rows out. */
  remove(group: GroupAddress, sequences: readonly number[]): BookChange {
    return {
      writes: sequences.map((sequence) => deleteFromGroupQueue(this.#queue, group, sequence)),
      apply: () => {
        // The counter goes on: a number is not used twice while rows of it may still be on their way out.
        this.#of(group).count -= sequences.length;
        this.#total -= sequences.length;
      },
    };
  }

  #of(group: GroupAddress): Count {
    const key = groupKey(group);
    let count = this.#counts.get(key);
    if (count === undefined) {
      count = { group, count: 0, next: 0 };
      this.#counts.set(key, count);
    }
    return count;
  }
}
