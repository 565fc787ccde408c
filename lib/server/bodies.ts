/**
 * The bodies that pushes of several devices share.
 *
 * Owns: how many mailbox rows name each body, so that it is deleted with the last of them, and the bytes of the latest ones in memory, so that
 * hundreds of connected devices do not each read them from disk. Does not own: transactions; writes are values for the commit that changes
 * the rows. Design D9.
 */
import { copyBytes } from '../base/bytes.js';
import { StoreError } from '../base/errors.js';
import type { RandomSource } from '../base/random.js';
import { randomId } from '../base/random.js';
import type { RelayStore } from '../store/relay-store.js';
import type { Write } from '../store/store.js';

/** Bodies whose count is kept in memory, some 200 bytes each. */
const countsInMemory = 20_000;

interface Count {
  /** What the rows say, or will when what is queued is durable; `undefined`: not loaded, or lost by a failed commit. */
  value: number | undefined;
  /** Steps that hold or await it. */
  users: number;
}

/** All bodies of a relay. */
export class Bodies {
  readonly #store: RelayStore;
  readonly #random: RandomSource;
  readonly #maxBytes: number;
  readonly #counts = new Map<string, Count>();
  readonly #bytes = new Map<string, Uint8Array>();
  readonly #reading = new Map<string, Promise<Uint8Array | undefined>>();
  #size = 0;

  /** `maxBytes`: of bodies in memory. */
  constructor(store: RelayStore, random: RandomSource, maxBytes: number) {
    this.#store = store;
    this.#random = random;
    this.#maxBytes = maxBytes;
    store.onReset(() => {
      for (const count of this.#counts.values()) count.value = undefined;
    });
  }

  /** A name for a new body. */
  newId(): string {
    return randomId(this.#random);
  }

  /** Takes a new body that `count` rows will name; the commit that holds those rows must hold the result. */
  add(id: string, bytes: Uint8Array, count: number): Write[] {
    this.#counts.set(id, { value: count, users: 0 });
    this.#forgetCounts();
    // A copy: a message is a view of the frame in which it came.
    this.#remember(id, copyBytes(bytes));
    return this.#store.mailbox.putBody(id, bytes, count);
  }

  /** Runs `work`, in which {@link drop} may be called for `ids`. */
  async holding<T>(ids: Iterable<string>, work: () => T): Promise<T> {
    const held = [...ids];
    for (const id of held) this.#countOf(id).users += 1;
    try {
      await Promise.all(held.map((id) => this.#load(id)));
      return work();
    } finally {
      for (const id of held) this.#countOf(id).users -= 1;
      this.#forgetCounts();
    }
  }

  /**
   * `rows` rows that named the body go: what else the commit that deletes them must hold. Only inside {@link holding}. Throws `StoreError('stale')`
   * when a failed commit has come in between, then nothing was counted.
   */
  drop(id: string, rows: number): Write[] {
    const count = this.#countOf(id);
    if (count.value === undefined) throw new StoreError('stale', 'the state this step builds on was lost');
    count.value = Math.max(0, count.value - rows);
    if (count.value > 0) return [this.#store.mailbox.putBodyCount(id, count.value)];
    this.#forget(id);
    return this.#store.mailbox.deleteBody(id);
  }

  /** The bytes of a body, at once when they are in memory; `undefined` when it is gone. Shared: do not change them. */
  read(id: string): Uint8Array | Promise<Uint8Array | undefined> {
    const known = this.#bytes.get(id);
    if (known !== undefined) {
      // Moved to the end: the map keeps the order of insertion.
      this.#bytes.delete(id);
      this.#bytes.set(id, known);
      return known;
    }
    const reading = this.#reading.get(id) ?? this.#readStored(id);
    this.#reading.set(id, reading);
    return reading;
  }

  async #readStored(id: string): Promise<Uint8Array | undefined> {
    try {
      const bytes = await this.#store.mailbox.body(id);
      if (bytes !== undefined) this.#remember(id, bytes);
      return bytes;
    } finally {
      this.#reading.delete(id);
    }
  }

  #remember(id: string, bytes: Uint8Array): void {
    if (bytes.length > this.#maxBytes) return;
    this.#forget(id);
    this.#bytes.set(id, bytes);
    this.#size += bytes.length;
    for (const oldest of this.#bytes.keys()) {
      if (this.#size <= this.#maxBytes) return;
      this.#forget(oldest);
    }
  }

  #forget(id: string): void {
    this.#size -= this.#bytes.get(id)?.length ?? 0;
    this.#bytes.delete(id);
  }

  #countOf(id: string): Count {
    const known = this.#counts.get(id);
    if (known !== undefined) return known;
    const count = { value: undefined, users: 0 };
    this.#counts.set(id, count);
    return count;
  }

  async #load(id: string): Promise<void> {
    const count = this.#countOf(id);
    while (count.value === undefined) {
      const { generation } = this.#store;
      const stored = await this.#store.mailbox.bodyCount(id);
      if (stored === undefined) throw new StoreError('damaged', 'a mailbox row names a body that is not there');
      // Another step may have loaded and changed it, and what was read before a failed commit may never have become durable.
      if (generation === this.#store.generation) count.value ??= stored;
    }
  }

  #forgetCounts(): void {
    for (const [id, count] of this.#counts) {
      if (this.#counts.size <= countsInMemory) return;
      if (count.users === 0) this.#counts.delete(id);
    }
  }
}
