/**
 * The one place where state changes: lock -> load -> transition -> commit -> release. Design D4, D5.
 *
 * Owns: that later steps build on queued state, that nothing leaves and no old secret is wiped before its commit is durable, and that memory
 * is loaded again after state was lost. Does not own: what a transition does, and which names it locks.
 */
import { StoreError, UsageError } from '../base/errors.js';
import { type Wipeable, wipeAll } from '../base/secret.js';
import { checkWrites } from '../store/argument.js';
import type { GroupCommit } from '../store/group-commit.js';
import type { Write } from '../store/store.js';
import { Locks } from '../base/locks.js';

/** What a transition gives. */
export interface Transition<T> {
  /** One transaction, read once when the step commits. None at all: nothing is committed, and the rest happens at once. */
  readonly writes: readonly Write[];
  readonly result: T;
  /** The commit counter stays: nothing that is sealed or sent depends on what is written. */
  readonly isUncounted?: boolean;
  /** Takes the new state into memory, as soon as it is queued. Must not throw. */
  readonly apply?: () => void;
  /** Secrets that the new state has made superfluous: wiped when it is durable. */
  readonly retired?: readonly Wipeable[];
  /** Secrets of the new state: wiped when it is refused. */
  readonly created?: readonly Wipeable[];
  /** Network and events: runs when the new state is durable. Must not throw. */
  readonly after?: () => void;
}

/** What steps stand on. */
export interface StepSurroundings {
  readonly store: GroupCommit;
  /** The write that moves the commit counter, added to every commit that counts, and what to call when it is durable. Design D4. */
  countCommit(): { readonly write: Write; durable(): void };
  /** Loads everything that is kept in memory from the store, after wiping what was there. */
  load(): Promise<void>;
  /** A background load failed; the next step tries again. */
  onLoadFailure(error: unknown): void;
}

/** Runs transitions, each under its locks. */
export class Steps {
  readonly #surroundings: StepSurroundings;
  readonly #locks = new Locks();
  #stale = false;
  #loading: Promise<void> | undefined;
  /** Transitions that hold locks and may be using state in memory. */
  #transitions = 0;
  #onNoTransition: (() => void) | undefined;
  /** Steps that have begun and not ended, commit and all. */
  #open = 0;
  readonly #onNoneOpen: (() => void)[] = [];
  #closed = false;

  constructor(surroundings: StepSurroundings) {
    this.#surroundings = surroundings;
    surroundings.store.onReset(() => {
      this.#lose();
    });
  }

  /**
   * Runs `transition` when all of `keys` are held; calls with a key in common run in the order of the calls. Resolves with the result when the
   * writes are durable. Rejects with what the transition throws, with the store's error, with `StoreError('conflict')` when the state it
   * was built on was lost in between, and with `UsageError('client-closed')`; then nothing was changed.
   */
  run<T>(keys: readonly string[], transition: () => Transition<T> | Promise<Transition<T>>): Promise<T> {
    if (this.#closed) return Promise.reject(new UsageError('client-closed', 'the client is closed'));
    return this.#run(keys, transition);
  }

  /** Whether a step holds or awaits `key`. */
  isLocked(key: string): boolean {
    return this.#locks.isTaken(key);
  }

  /** Loads state for the first time. Throws the store's error. */
  start(): Promise<void> {
    this.#stale = true;
    return this.settled();
  }

  /** Resolves when what is in memory is what the store holds. Throws the store's error. */
  async settled(): Promise<void> {
    while (this.#stale || this.#loading !== undefined) await this.#load();
  }

  /** Refuses further steps and waits for those under way. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#open > 0) {
      await new Promise<void>((resolve) => {
        this.#onNoneOpen.push(resolve);
      });
    }
    await this.#loading?.catch(() => undefined);
  }

  async #run<T>(keys: readonly string[], transition: () => Transition<T> | Promise<Transition<T>>): Promise<T> {
    this.#open += 1;
    try {
      const { store } = this.#surroundings;
      // Mostly nobody is in the way: then the whole transition is done during the call.
      const release = this.#locks.tryAcquire(keys) ?? (await this.#locks.acquire(keys));
      let next: Transition<T>;
      let count: ReturnType<StepSurroundings['countCommit']> | undefined;
      let durable: Promise<void> | undefined;
      try {
        while (this.#stale || this.#loading !== undefined) await this.settled();
        this.#transitions += 1;
        try {
          const { generation } = store;
          const pending = transition();
          next = pending instanceof Promise ? await pending : pending;
          if (generation !== store.generation) {
            wipeAll(next.created ?? []);
            throw new StoreError('conflict', 'the state this step was built on was lost; nothing was changed');
          }
          const { writes } = next;
          this.#check(next, writes);
          if (writes.length > 0) {
            if (next.isUncounted !== true) count = this.#surroundings.countCommit();
            durable = store.commit(count === undefined ? writes : [...writes, count.write], generation);
          }
          next.apply?.();
        } finally {
          this.#transitions -= 1;
          if (this.#transitions === 0) this.#onNoTransition?.();
        }
      } finally {
        release();
      }
      if (durable !== undefined) await durable;
      count?.durable();
      wipeAll(next.retired ?? []);
      next.after?.();
      return next.result;
    } finally {
      this.#open -= 1;
      if (this.#open === 0) for (const resolve of this.#onNoneOpen.splice(0)) resolve();
    }
  }

  /** Refuses what no store takes while memory has not moved on: a later step would build on it. */
  #check<T>({ created }: Transition<T>, writes: readonly Write[]): void {
    try {
      checkWrites(writes);
    } catch (error) {
      wipeAll(created ?? []);
      throw error;
    }
  }

  #lose(): void {
    this.#stale = true;
    if (this.#closed) return;
    this.#load().catch((error: unknown) => {
      this.#surroundings.onLoadFailure(error);
    });
  }

  #load(): Promise<void> {
    this.#loading ??= this.#loadNow().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #loadNow(): Promise<void> {
    // What was loaded must not be wiped under a transition that still works with it.
    if (this.#transitions > 0) {
      await new Promise<void>((resolve) => {
        this.#onNoTransition = resolve;
      });
      this.#onNoTransition = undefined;
    }
    this.#stale = false;
    try {
      await this.#surroundings.load();
    } catch (error) {
      this.#stale = true;
      throw error;
    }
  }
}
