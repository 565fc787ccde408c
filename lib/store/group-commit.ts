import { copyBytes } from '../base/bytes.js';
import { InternalError, StoreError } from '../base/errors.js';
import { Announcements } from './announcements.js';
import { checkKey, checkRange, checkWrites } from './argument.js';
import { Batch } from './batch.js';
import { keyText } from './key-text.js';
import { Overlay } from './overlay.js';
import type { Range, Row, Store, Table, Write } from './store.js';

/** Bounds of one batch. */
export interface GroupCommitOptions {
  /** Commits in one transaction; 512 by default: larger batches gain nothing more and make the first in it wait longer. */
  readonly maxCommits?: number;
  /** Bytes of values in one transaction, 4 MiB by default; a single larger commit is a batch of its own. */
  readonly maxBytes?: number;
  /**
   * Commits that are told in one turn of the event loop; all of a transaction by default. Who is told in a later turn may no longer look at the values
   * that it wrote: the driver may have wiped them.
   */
  readonly toldPerTurn?: number;
}

/**
 * Many steps, one durable commit, over any driver. Design D4.
 *
 * Owns: which commits form a transaction, what readers see before it is durable, and what happens to later steps when one fails.
 * Does not own: locks of sessions, what the rows mean.
 *
 * Commits made while a transaction runs wait and form the next one. `get` and `list` see them at once, so a later step builds on them;
 * therefore a transaction that fails takes every commit behind it along, and the state that callers hold must be loaded again: `generation`
 * grows and the listeners of {@link onReset} are called before those who wait for the commits hear of it. A step notes `generation` before
 * it loads and gives it to `commit`, so that nothing is ever built on rows that were lost in between.
 *
 * Commits that are durable are told so in their order, all of a transaction at once or a few in each turn of the event loop (`toldPerTurn`).
 */
export class GroupCommit implements Store {
  readonly #open: () => Promise<Store>;
  readonly #maxCommits: number;
  readonly #maxBytes: number;
  readonly #overlay = new Overlay();
  readonly #announcements: Announcements;
  readonly #listeners = new Set<(cause: unknown) => void>();
  #queue: Batch[] = [];
  #store: Promise<Store> | undefined;
  #running: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #generation = 0;

  /** `open` gives the driver, at first use and again after one has closed itself. */
  constructor(open: () => Promise<Store>, options: GroupCommitOptions = {}) {
    this.#open = open;
    this.#maxCommits = options.maxCommits ?? 512;
    this.#maxBytes = options.maxBytes ?? 4_194_304;
    this.#announcements = new Announcements(options.toldPerTurn ?? Infinity);
  }

  /** Grows whenever queued state was lost: what was loaded or derived under a smaller number must be loaded again. */
  get generation(): number {
    return this.#generation;
  }

  /** Calls `listener` with the error of the commit right after `generation` has grown; returns what removes it. A listener must not throw. */
  onReset(listener: (cause: unknown) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Opens the driver now instead of at first use. Throws what the driver throws. */
  async ready(): Promise<void> {
    await this.#driver();
  }

  /** The row's value in memory of its own, queued commits included. */
  async get(table: Table, key: Uint8Array): Promise<Uint8Array | undefined> {
    checkKey(key);
    this.#assertOpen();
    const queued = this.#overlay.get(table, keyText(key));
    if (queued !== undefined) return queued.value === undefined ? undefined : copyBytes(queued.value);
    return this.#read((store) => store.get(table, key));
  }

  /** The rows of a range in key order, queued commits included. */
  async list(table: Table, range: Range): Promise<Row[]> {
    checkRange(range);
    this.#assertOpen();
    const queued = this.#overlay.slice(table, range);
    return queued.merge(await this.#read((store) => store.list(table, queued.storedRange)));
  }

  /**
   * Queues `writes` as one atomic step, visible to readers at once; resolves when it is durable. On rejection it was not stored, except with
   * code `outcome-unknown`. Code `dropped`: a commit before this one failed (the cause), and this one may have built on it.
   *
   * `generation` names the generation under which the caller loaded what it builds on; when that has passed, the commit is refused with
   * code `stale`.
   */
  commit(writes: readonly Write[], generation: number = this.#generation): Promise<void> {
    try {
      checkWrites(writes);
      this.#assertOpen();
      if (generation !== this.#generation) throw new StoreError('stale', 'the state this commit builds on was lost; load it again');
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new InternalError('not-an-error', 'a check has thrown something else'));
    }
    const durable = this.#batchFor(writes).add(writes, this.#overlay);
    // Started at the end of this turn, so that steps made together share a transaction even when nothing is running.
    this.#running ??= Promise.resolve().then(() => this.#run());
    return durable;
  }

  /** Makes everything queued durable (or lets it fail), then closes the driver. A second call waits for the first. */
  async close(): Promise<void> {
    this.#closing ??= this.#finish();
    return this.#closing;
  }

  async #finish(): Promise<void> {
    await this.#running;
    const store = this.#store;
    this.#store = undefined;
    this.#announcements.flush();
    this.#listeners.clear();
    const opened = await store?.catch(() => undefined);
    await opened?.close();
  }

  #batchFor(writes: readonly Write[]): Batch {
    let bytes = 0;
    for (const { value } of writes) bytes += value?.length ?? 0;
    const last = this.#queue.at(-1);
    if (last !== undefined && last.commits < this.#maxCommits && last.bytes + bytes <= this.#maxBytes) return last;
    const batch = new Batch();
    this.#queue.push(batch);
    return batch;
  }

  async #run(): Promise<void> {
    for (let batch = this.#queue.shift(); batch !== undefined; batch = this.#queue.shift()) {
      const opening = this.#driver();
      try {
        const store = await opening;
        const writes = batch.seal();
        await store.commit(writes);
        this.#overlay.remove(writes);
        this.#announcements.add(batch.announcements());
      } catch (cause) {
        this.#reset(batch, cause, opening);
      }
    }
    this.#running = undefined;
  }

  /** Gives up the failed batch and everything queued behind it. */
  #reset(failed: Batch, cause: unknown, opening: Promise<Store>): void {
    // Those of earlier transactions come first.
    this.#announcements.flush();
    const behind = this.#queue;
    this.#queue = [];
    this.#overlay.clear();
    this.#giveUp(opening, cause);
    this.#generation += 1;
    failed.reject(outwards(cause));
    for (const batch of behind) batch.reject(new StoreError('dropped', 'an earlier commit failed, this one may build on it', { cause }));
    // Still before anybody who waits for a commit runs.
    for (const listener of this.#listeners) listener(cause);
  }

  async #read<T>(read: (store: Store) => Promise<T>): Promise<T> {
    const opening = this.#driver();
    const store = await opening;
    try {
      return await read(store);
    } catch (error) {
      this.#giveUp(opening, error);
      throw outwards(error);
    }
  }

  /** Opens another driver at the next call if this one has closed itself. Whoever noticed it before has opened another already: that one stays. */
  #giveUp(opening: Promise<Store>, error: unknown): void {
    if (hasClosedItself(error) && this.#store === opening) this.#store = undefined;
  }

  #driver(): Promise<Store> {
    if (this.#store === undefined) {
      const opening = this.#open();
      this.#store = opening;
      opening.catch(() => {
        if (this.#store === opening) this.#store = undefined;
      });
    }
    return this.#store;
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new StoreError('closed', 'the store is closed');
  }
}

/** Whether a driver that threw this must be opened again. */
function hasClosedItself(error: unknown): boolean {
  return error instanceof StoreError && (error.code === 'outcome-unknown' || error.code === 'closed');
}

/** Of the two, only this store says `closed` to its callers; a driver that has ended is opened again at the next call. */
function outwards(error: unknown): unknown {
  if (!(error instanceof StoreError) || error.code !== 'closed') return error;
  return new StoreError('unavailable', 'the driver had closed itself; it is opened again', { cause: error });
}
