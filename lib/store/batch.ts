import { keyText } from './key-text.js';
import type { Overlay, QueuedWrite } from './overlay.js';
import type { Write } from './store.js';

/** The commits that share one transaction, and so one outcome. */
export class Batch {
  readonly #writes: QueuedWrite[] = [];
  readonly #outcome: Promise<void>;
  #settle: { resolve: () => void; reject: (error: unknown) => void } | undefined;
  #commits = 0;
  #bytes = 0;
  #sealed = false;

  constructor() {
    this.#outcome = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  /** Number of commits taken. */
  get commits(): number {
    return this.#commits;
  }

  /** Bytes of the values taken, replaced ones included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes one commit and shows it in `overlay`. A row that the batch writes more than once goes to the driver once. */
  add(writes: readonly Write[], overlay: Overlay): Promise<void> {
    this.#commits += 1;
    for (const { table, key, value } of writes) {
      this.#bytes += value?.length ?? 0;
      const text = keyText(key);
      const queued = overlay.get(table, text);
      if (queued?.owner === this) {
        queued.value?.fill(0);
        queued.value = value;
      } else {
        const write: QueuedWrite = { owner: this, table, key, text, value };
        overlay.set(write);
        this.#writes.push(write);
      }
    }
    return this.#outcome;
  }

  /** Ends the batch: all its writes, which belong to the driver from now on. */
  seal(): readonly QueuedWrite[] {
    this.#sealed = true;
    return this.#writes;
  }

  /** Tells all commits that they are durable. */
  resolve(): void {
    this.#settle?.resolve();
  }

  /** Tells all commits that they failed; values that no driver has taken are wiped. */
  reject(error: unknown): void {
    if (!this.#sealed) {
      for (const { value } of this.#writes) value?.fill(0);
    }
    this.#settle?.reject(error);
  }
}
