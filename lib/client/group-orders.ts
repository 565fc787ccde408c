/**
 * Changes of groups that were asked for, until the relay has answered. They are stored before anything else happens, so that a crash forgets none.
 *
 * Owns: their order in each group, and who waits for them. Does not own: their requests. Locks are those of the group.
 */
import { type GroupAddress, groupKey } from '../base/address.js';
import { StoreError } from '../base/errors.js';
import type { ClientStore } from '../store/client-store.js';
import { type GroupOrder, type GroupWish, deleteFromGroupQueue, putGroupOrder } from '../store/client/group-queue-rows.js';
import type { BookChange } from './session-book.js';

interface Waiter {
  readonly resolve: (group: GroupAddress) => void;
  readonly reject: (error: unknown) => void;
}

/** The orders of one account. */
export class GroupOrders {
  readonly #store: ClientStore;
  readonly #byGroup = new Map<string, GroupOrder[]>();
  readonly #waiters = new Map<number, Waiter>();
  readonly #watchers = new Set<() => void>();
  #next = 1;

  constructor(store: ClientStore) {
    this.#store = store;
  }

  /** Forgets everything and loads it anew. Who waits for an order that has ended meanwhile, in a commit of unknown outcome, is told so. */
  async load(): Promise<void> {
    this.#byGroup.clear();
    const stored = new Set<number>();
    for (const order of await this.#store.loadGroupOrders()) {
      this.#enter(order);
      stored.add(order.sequence);
      this.#next = Math.max(this.#next, order.sequence + 1);
    }
    for (const [sequence, waiter] of this.#waiters) if (!stored.has(sequence)) waiter.reject(endedUnseen());
    this.#ended();
  }

  /** The orders of `group`, oldest first. */
  of(group: GroupAddress): readonly GroupOrder[] {
    return this.#byGroup.get(groupKey(group)) ?? [];
  }

  /** The groups with orders. */
  groups(): GroupAddress[] {
    return [...this.#byGroup.values()].flatMap(([first]) => (first === undefined ? [] : [first.group]));
  }

  /** Number of orders. */
  get size(): number {
    let size = 0;
    for (const orders of this.#byGroup.values()) size += orders.length;
    return size;
  }

  /** The order whose request is in the outbox. */
  sent(group: GroupAddress): GroupOrder | undefined {
    return this.of(group).find(({ isSent }) => isSent);
  }

  /** Whether a group that the relay has made for us may not be known here yet. */
  get isCreating(): boolean {
    for (const orders of this.#byGroup.values()) if (orders.some(({ wish, isSent }) => isSent && wish.kind === 'create')) return true;
    return false;
  }

  /** The change that adds an order. */
  add(group: GroupAddress, wish: GroupWish): BookChange & { readonly order: GroupOrder } {
    const order = { sequence: this.#next, group, wish, isSent: false };
    this.#next += 1;
    return { order, writes: [putGroupOrder(order)], apply: () => this.#enter(order) };
  }

  /** The change that notes whether the order's request is in the outbox. */
  mark(order: GroupOrder, isSent: boolean): BookChange {
    const next = { ...order, isSent };
    return {
      writes: [putGroupOrder(next)],
      apply: () => {
        const orders = this.#byGroup.get(groupKey(order.group));
        const position = orders?.findIndex(({ sequence }) => sequence === order.sequence) ?? -1;
        if (position >= 0) orders?.splice(position, 1, next);
      },
    };
  }

  /** The change that ends an order. */
  drop(order: GroupOrder): BookChange {
    const { group, sequence } = order;
    return {
      writes: [deleteFromGroupQueue('order', group, sequence)],
      apply: () => {
        const key = groupKey(group);
        const left = (this.#byGroup.get(key) ?? []).filter((other) => other.sequence !== sequence);
        if (left.length === 0) this.#byGroup.delete(key);
        else this.#byGroup.set(key, left);
      },
    };
  }

  /** Resolves with the group's address when the order has been carried out; rejects with why not, and with the signal's reason. */
  outcome({ sequence }: GroupOrder, signals: readonly (AbortSignal | undefined)[]): Promise<GroupAddress> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        this.#waiters.delete(sequence);
        for (const signal of signals) signal?.removeEventListener('abort', giveUp);
        act();
      };
      const giveUp = (): void => {
        const reason: unknown = signals.find((signal) => signal?.aborted === true)?.reason;
        settle(() => reject(reason instanceof Error ? reason : new Error('aborted', { cause: reason })));
      };
      this.#waiters.set(sequence, {
        resolve: (group) => settle(() => resolve(group)),
        reject: (error) => settle(() => reject(error instanceof Error ? error : new Error('refused', { cause: error }))),
      });
      for (const signal of signals) signal?.addEventListener('abort', giveUp, { once: true });
      if (signals.some((signal) => signal?.aborted === true)) giveUp();
    });
  }

  /** Calls `watcher` whenever an order has ended; returns what removes it. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => {
      this.#watchers.delete(watcher);
    };
  }

  /** The order was carried out. */
  done({ sequence }: GroupOrder, group: GroupAddress): void {
    this.#waiters.get(sequence)?.resolve(group);
    this.#ended();
  }

  /** The order will not be carried out. */
  failed({ sequence }: GroupOrder, error: unknown): void {
    this.#waiters.get(sequence)?.reject(error);
    this.#ended();
  }

  #ended(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  #enter(order: GroupOrder): void {
    const key = groupKey(order.group);
    const orders = this.#byGroup.get(key);
    if (orders === undefined) this.#byGroup.set(key, [order]);
    else orders.push(order);
  }
}

function endedUnseen(): StoreError {
  return new StoreError('outcome-unknown', 'the change has ended while the store failed: the groups tell whether it was carried out');
}
