import { StoreError } from '../../lib/base/errors.js';
import { openMemoryStore } from '../../lib/store/memory/memory-store.js';
import type { Range, Row, Store, Table, Write } from '../../lib/store/store.js';
import { shown } from './contract.js';

/** A store whose commits wait until the test lets them go on or fail, and which notes what it was asked. */
export class ScriptedStore implements Store {
  /** The transactions asked for, each as `key=value` or `-key`. */
  readonly transactions: string[][] = [];
  /** The ranges asked for. */
  readonly ranges: Range[] = [];
  readonly #inner: Store;
  readonly #waiting: { proceed: () => void; fail: (error: Error) => void }[] = [];
  #free = false;
  closed = false;

  private constructor(inner: Store) {
    this.#inner = inner;
  }

  static async open(): Promise<ScriptedStore> {
    return new ScriptedStore(await openMemoryStore());
  }

  /** Lets the oldest waiting commit go on. */
  proceed(): void {
    this.#waiting.shift()!.proceed();
  }

  /** Makes the oldest waiting commit fail. */
  fail(code: string): void {
    this.#waiting.shift()!.fail(new StoreError(code, 'scripted'));
  }

  /** Lets this and every later commit go on. */
  release(): void {
    this.#free = true;
    for (const { proceed } of this.#waiting.splice(0)) proceed();
  }

  async get(table: Table, key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#inner.get(table, key);
  }

  async list(table: Table, range: Range): Promise<Row[]> {
    this.ranges.push(range);
    return this.#inner.list(table, range);
  }

  async commit(writes: readonly Write[]): Promise<void> {
    this.transactions.push(
      writes.map(({ key, value }) => (value === undefined ? `-${Buffer.from(key).toString('latin1')}` : shown([{ key, value }])[0]!)),
    );
    if (!this.#free) {
      await new Promise<void>((proceed, fail) => {
        this.#waiting.push({ proceed, fail });
      });
    }
    await this.#inner.commit(writes);
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.#inner.close();
  }
}

/** Lets everything run that does not wait for the test. */
export async function settle(): Promise<void> {
  await new Promise(setImmediate);
}
