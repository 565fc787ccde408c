import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { copyBytes } from '../../base/bytes.js';
import { StoreError } from '../../base/errors.js';
import { packageRoot } from '../../base/package-root.js';
import { checkKey, checkRange, checkWrites } from '../argument.js';
import type { Range, Row, Store, Table, Write } from '../store.js';
import type { Answer, Call, Opening } from './call.js';
import { keyInterval } from './key-interval.js';
import { packWrites, unpackRows } from './packed.js';

/** Options of {@link openSqliteStore}. */
export interface SqliteStoreOptions {
  /** The database file. Its directory must exist; the file is made, readable by its owner only, when it does not. */
  readonly path: string;
  /** Gives up opening. */
  readonly signal?: AbortSignal;
  /** Milliseconds after a commit at which replaced values are removed from the write-ahead log; 1,000 by default. */
  readonly checkpointDelay?: number;
  /** Opens the file without the exclusive lock, so that a test can look into it through a second connection opened in the same way. */
  readonly unsafeTestingSharedAccess?: boolean;
  /** Size in pages at which the database counts as full. */
  readonly unsafeTestingMaxPages?: number;
}

/** A call without its number. */
type Question = Call extends infer Each ? (Each extends Call ? Omit<Each, 'id'> : never) : never;

interface PendingCall {
  readonly kind: Call['kind'] | 'open';
  readonly resolve: (bytes: Uint8Array | undefined) => void;
  readonly reject: (error: StoreError) => void;
}

/** A piece of a block in memory of its own: a message to another thread takes the whole block along. */
function alone(key: Uint8Array): Uint8Array {
  return key.buffer.byteLength === key.length ? key : copyBytes(key);
}

/** A store in a SQLite file. The database lives in a thread of its own, because a commit blocks for milliseconds; this is its near end. */
class SqliteStore implements Store {
  readonly #worker: Worker;
  readonly #pending = new Map<number, PendingCall>();
  readonly #exited: Promise<void>;
  #lastId = 0;
  /** Why no more calls are taken: closed by the caller, after an unknown outcome, or because the worker died. */
  #ended: 'closed' | 'outcome-unknown' | 'died' | undefined;
  #closing: Promise<void> | undefined;

  constructor(file: string, opening: Opening) {
    this.#worker = new Worker(file, { workerData: opening, execArgv: [] });
    this.#worker.on('message', (answer: Answer) => {
      this.#settle(answer);
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.on('error', (error) => {
        this.#fail(error);
      });
      this.#worker.on('exit', () => {
        this.#fail(undefined);
        resolve();
      });
    });
  }

  /** Resolves when the database is open. */
  async opened(signal: AbortSignal | undefined): Promise<void> {
    const opened = new Promise<Uint8Array | undefined>((resolve, reject) => {
      this.#pending.set(0, { kind: 'open', resolve, reject });
    });
    const abort = (): void => {
      void this.#worker.terminate();
    };
    signal?.addEventListener('abort', abort);
    try {
      await opened;
      // It may have been given up while the answer was on its way; then the thread is ending.
      signal?.throwIfAborted();
    } catch (error) {
      await this.#exited;
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  async get(table: Table, key: Uint8Array): Promise<Uint8Array | undefined> {
    checkKey(key);
    return this.#call({ kind: 'get', table, key: alone(key) });
  }

  async list(table: Table, range: Range): Promise<Row[]> {
    checkRange(range);
    const { from, to, limit, reverse } = keyInterval(range);
    const packed = await this.#call({ kind: 'list', table, from: alone(from), to: alone(to), limit, reverse });
    return packed === undefined ? [] : unpackRows(packed);
  }

  async commit(writes: readonly Write[]): Promise<void> {
    checkWrites(writes);
    this.#assertOpen();
    const packed = packWrites(writes);
    try {
      await this.#call({ kind: 'commit', packed }, [packed.buffer]);
    } finally {
      // Not at once: whoever waits for this commit may show the values to readers until it has been told.
      setImmediate(wipeValues, writes);
    }
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#ended === undefined) {
      const closed = this.#call({ kind: 'close' });
      this.#ended = 'closed';
      await closed;
    }
    await this.#exited;
  }

  #call(question: Question, transfer: readonly ArrayBuffer[] = []): Promise<Uint8Array | undefined> {
    this.#assertOpen();
    this.#lastId += 1;
    const id = this.#lastId;
    // An idle store does not keep the process alive, a call that waits for its answer does.
    if (this.#pending.size === 0) this.#worker.ref();
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { kind: question.kind, resolve, reject });
      this.#worker.postMessage({ ...question, id }, transfer);
    });
  }

  #settle(answer: Answer): void {
    const call = this.#pending.get(answer.id);
    if (call === undefined) return;
    this.#pending.delete(answer.id);
    if (call.kind === 'open' && answer.failure !== undefined) this.#ended = 'closed';
    if (this.#pending.size === 0 && this.#ended === undefined && answer.failure?.code !== 'outcome-unknown') this.#worker.unref();
    if (answer.failure === undefined) {
      call.resolve(answer.bytes);
      return;
    }
    const error = new StoreError(answer.failure.code, answer.failure.message);
    if (error.code !== 'outcome-unknown') {
      call.reject(error);
      return;
    }
    this.#ended = 'outcome-unknown';
    // When the caller hears of it, the file is free to be opened again.
    void this.#exited.then(() => {
      call.reject(error);
    });
  }

  /** The worker is gone: nothing that waits will be answered. */
  #fail(cause: Error | undefined): void {
    // A worker that ends after an unknown outcome says so and has not touched the calls behind; any other may have taken a commit along.
    const orderly = this.#ended === 'outcome-unknown';
    this.#ended ??= 'died';
    const calls = [...this.#pending.values()];
    this.#pending.clear();
    const reason = cause === undefined ? '' : `: ${cause.message}`;
    for (const { kind, reject } of calls) {
      if (kind === 'open') reject(new StoreError('unavailable', `the thread of the store could not start${reason}`, { cause }));
      else if (kind === 'commit' && !orderly)
        reject(new StoreError('outcome-unknown', `the thread of the store ended during a commit${reason}`, { cause }));
      else reject(new StoreError('closed', `the store was closed before it answered${reason}`, { cause }));
    }
  }

  #assertOpen(): void {
    if (this.#ended !== undefined) throw new StoreError('closed', 'the store is closed');
  }
}

/**
 * Opens (or makes) the store in a SQLite file and keeps it locked until `close()`. Throws `StoreError`: `locked` names who holds it, `damaged`
 * and `newer-schema` leave the file as it is, `unavailable` and `disk-full`; or the signal's reason.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const opening = {
    path: resolve(options.path),
    checkpointDelay: options.checkpointDelay ?? 1_000,
    maxPages: options.unsafeTestingMaxPages ?? 0,
    sharedAccess: options.unsafeTestingSharedAccess ?? false,
  };
  return openInWorker(workerFile(), opening, options.signal);
}

/** Opens the store in a thread that runs `file`: the driver's own worker, or one of a test. Throws what {@link openSqliteStore} throws. */
export async function openInWorker(file: string, opening: Opening, signal?: AbortSignal): Promise<Store> {
  signal?.throwIfAborted();
  const store = new SqliteStore(file, opening);
  await store.opened(signal);
  return store;
}

/** The compiled worker: Node cannot run its TypeScript source, and the package carries no other. */
function workerFile(): string {
  const file = join(packageRoot(), 'dist/lib/store/sqlite/worker.js');
  if (!existsSync(file)) throw new StoreError('unavailable', 'the SQLite driver is not built: run npm run build');
  return file;
}

function wipeValues(writes: readonly Write[]): void {
  for (const { value } of writes) value?.fill(0);
}
