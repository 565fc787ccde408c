/**
 * Messages that came before the accept of their session: stored and acknowledged, opened in order when the session is ready.
 *
 * Owns: how many there are, of whom, and which comes first. Does not own: opening them (open-early.ts). Locks are those of the user who sent them.
 */
import { type DeviceAddress, sameUser } from '../base/address.js';
import type { SessionId } from '../base/brand.js';
import { limits } from '../base/limits.js';
import type { ClientStore } from '../store/client-store.js';
import { type EarlyMessage, deleteEarlyMessage, putEarlyMessage } from '../store/client/trouble-rows.js';
import type { BookChange } from './session-book.js';

/** A message that waits, without what it says. */
export type WaitingEarly = Omit<EarlyMessage, 'envelope'>;

interface Queue {
  readonly from: DeviceAddress;
  readonly waiting: WaitingEarly[];
  next: number;
}

/** The early messages of one client. */
export class EarlyMessages {
  readonly #store: ClientStore;
  readonly #open: (sessionId: SessionId) => void;
  readonly #queues = new Map<SessionId, Queue>();
  #total = 0;

  /** `open` opens what waits for a session, as far as it can be. */
  constructor(store: ClientStore, open: (sessionId: SessionId) => void) {
    this.#store = store;
    this.#open = open;
  }

  /** Forgets everything and loads it anew. */
  async load(): Promise<void> {
    this.#queues.clear();
    this.#total = 0;
    await this.#store.walkEarlyMessages(({ sessionId, sequence, from, heldAt }) => {
      const queue = this.#of(sessionId, from);
      queue.next = sequence + 1;
      this.#put(queue, { sessionId, sequence, from, heldAt });
    });
  }

  /** Messages that wait. */
  get total(): number {
    return this.#total;
  }

  /** Messages that wait for one session. */
  count(sessionId: SessionId): number {
    return this.#queues.get(sessionId)?.waiting.length ?? 0;
  }

  /** The messages that wait for a session, in order. */
  waiting(sessionId: SessionId): readonly WaitingEarly[] {
    return [...(this.#queues.get(sessionId)?.waiting ?? [])];
  }

  /** The message that has waited longest for a session. */
  first(sessionId: SessionId): WaitingEarly | undefined {
    return this.#queues.get(sessionId)?.waiting[0];
  }

  /** The change that lets a message wait; `undefined` when there is no room: for its session, its sender, or at all. */
  hold(message: Omit<EarlyMessage, 'sequence'>): BookChange | undefined {
    const { sessionId, from, heldAt } = message;
    const isFull =
      this.count(sessionId) >= limits.earlyMessages ||
      this.#ofUser(from) >= limits.earlyMessagesPerUser ||
      this.#total >= limits.earlyMessagesInAll;
    if (isFull) return undefined;
    const queue = this.#of(sessionId, from);
    const sequence = queue.next;
    queue.next += 1;
    return {
      writes: [putEarlyMessage({ ...message, sequence })],
      apply: () => {
        this.#put(this.#of(sessionId, from), { sessionId, sequence, from, heldAt });
      },
    };
  }

  /** The change that ends the wait of a message. */
  remove({ sessionId, sequence }: WaitingEarly): BookChange {
    return {
      writes: [deleteEarlyMessage(sessionId, sequence)],
      apply: () => {
        const waiting = this.#queues.get(sessionId)?.waiting ?? [];
        const position = waiting.findIndex((each) => each.sequence === sequence);
        if (position === -1) return;
        waiting.splice(position, 1);
        this.#total -= 1;
        // While nothing waits under a number, none can be met twice.
        if (waiting.length === 0) this.#queues.delete(sessionId);
      },
    };
  }

  /** The session may be ready now: what waits for it is opened. */
  wake(sessionId: SessionId): void {
    if (this.count(sessionId) > 0) this.#open(sessionId);
  }

  /** Any session may be ready, or gone; messages may have waited for too long. */
  wakeAll(): void {
    for (const sessionId of [...this.#queues.keys()]) this.wake(sessionId);
  }

  #ofUser(user: DeviceAddress): number {
    let count = 0;
    for (const { from, waiting } of this.#queues.values()) if (sameUser(from, user)) count += waiting.length;
    return count;
  }

  #of(sessionId: SessionId, from: DeviceAddress): Queue {
    let queue = this.#queues.get(sessionId);
    if (queue === undefined) {
      queue = { from, waiting: [], next: 0 };
      this.#queues.set(sessionId, queue);
    }
    return queue;
  }

  #put(queue: Queue, message: WaitingEarly): void {
    queue.waiting.push(message);
    this.#total += 1;
  }
}
