import type { Announcement } from './announcements.js';
import { keyText } from './key-text.js';
import type { Overlay, QueuedWrite } from './overlay.js';
import type { Write } from './store.js';

/** Commits that are told of their outcome together. */
const toldTogether = 8;

/** Some commits of a batch. */
class Share implements Announcement {
  readonly outcome: Promise<void>;
  commits = 0;
  #settle: { resolve: () => void; reject: (error: unknown) => void } | undefined;

  constructor() {
    this.outcome = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  tell(): void {
    this.#settle?.resolve();
  }

  reject(error: unknown): void {
    this.#settle?.reject(error);
  }
}

/** The commits that share one transaction, and so one outcome. */
export class Batch {
  readonly #writes: QueuedWrite[] = [];
  readonly #shares: Share[] = [];
  #commits = 0;
  #bytes = 0;
  #sealed = false;

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
    const share = this.#share();
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
    return share.outcome;
  }

  /** Ends the batch: all its writes, which belong to the driver from now on. */
  seal(): readonly QueuedWrite[] {
    this.#sealed = true;
    return this.#writes;
  }

  /** What tells the commits, in order, that they are durable. */
  announcements(): readonly Announcement[] {
    return this.#shares;
  }

  /** Tells all commits that they failed; values that no driver has taken are wiped. */
  reject(error: unknown): void {
    if (!this.#sealed) {
      for (const { value } of this.#writes) value?.fill(0);
    }
    for (const share of this.#shares) share.reject(error);
  }

  /** The share of the next commit. */
  #share(): Share {
    let share = this.#shares.at(-1);
    if (share === undefined || share.commits === toldTogether) {
      share = new Share();
      this.#shares.push(share);
    }
    share.commits += 1;
    return share;
  }
}
