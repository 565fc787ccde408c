/**
 * Messages that wait for a session: with a device, or with a user none of whose devices is known yet.
 *
 * Owns: their order and whom they wait for. Does not own: encrypting them. Locks are those of the user.
 */
import { type UserAddress, deviceKey, userKey } from '../base/address.js';
import type { ClientStore } from '../store/client-store.js';
import { type MessageOrigin, type PendingMessage, type PendingTarget, deletePending, putPending } from '../store/client/queue-rows.js';
import type { Write } from '../store/store.js';
import type { BookChange } from './session-book.js';

interface Waiting {
  readonly target: PendingTarget;
  count: number;
  next: number;
}

function keyOf(target: PendingTarget): string {
  return 'deviceId' in target ? deviceKey(target) : userKey(target);
}

/** The waiting messages of one account. */
export class PendingBook {
  readonly #store: ClientStore;
  readonly #waiting = new Map<string, Waiting>();

  constructor(store: ClientStore) {
    this.#store = store;
  }

  /** Forgets everything and loads it anew. */
  async load(): Promise<void> {
    this.#waiting.clear();
    await this.#store.walkPending((target, sequence) => {
      const waiting = this.#of(target);
      waiting.count += 1;
      waiting.next = Math.max(waiting.next, sequence + 1);
    });
  }

  /** How many messages wait for `target`. */
  count(target: PendingTarget): number {
    return this.#waiting.get(keyOf(target))?.count ?? 0;
  }

  /** How many messages wait. */
  get total(): number {
    let total = 0;
    for (const { count } of this.#waiting.values()) total += count;
    return total;
  }

  /** Whom messages wait for. */
  targets(): PendingTarget[] {
    return [...this.#waiting.values()].filter(({ count }) => count > 0).map(({ target }) => target);
  }

  /** Users for whom, or for one of whose devices, something waits. */
  users(): UserAddress[] {
    const users = new Map<string, UserAddress>();
    for (const { target, count } of this.#waiting.values()) {
      if (count > 0) users.set(userKey(target), { domain: target.domain, userId: target.userId });
    }
    return [...users.values()];
  }

  /** The change that lets `messages` wait for `target`, behind those that already do. */
  add(target: PendingTarget, messages: readonly MessageOrigin[]): BookChange {
    const first = this.#waiting.get(keyOf(target))?.next ?? 0;
    const writes = messages.map((message, position) => putPending(target, { ...message, sequence: first + position }));
    return {
      writes,
      apply: () => {
        const waiting = this.#of(target);
        waiting.count += messages.length;
        waiting.next = first + messages.length;
      },
    };
  }

  /** What waits for `target`, in order, and the change that takes it out. Throws `StoreError`. */
  async take(target: PendingTarget): Promise<{ readonly messages: readonly PendingMessage[]; readonly change: BookChange }> {
    const messages = this.count(target) === 0 ? [] : await this.#store.loadPending(target);
    const writes: Write[] = messages.map(({ sequence }) => deletePending(target, sequence));
    return {
      messages,
      change: {
        writes,
        apply: () => {
          // The counter goes on: a number is not used twice while rows of it may still be on their way out.
          const waiting = this.#waiting.get(keyOf(target));
          if (waiting !== undefined) waiting.count -= messages.length;
        },
      },
    };
  }

  #of(target: PendingTarget): Waiting {
    const key = keyOf(target);
    let waiting = this.#waiting.get(key);
    if (waiting === undefined) {
      waiting = { target, count: 0, next: 0 };
      this.#waiting.set(key, waiting);
    }
    return waiting;
  }
}
