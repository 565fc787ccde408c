/**
 * Received messages on their way to the application: stored with their effect, handed out in order, kept until acknowledged. Design D6.
 */
import type { DeviceAddress, GroupAddress } from '../base/address.js';
import type { MessageId } from '../base/brand.js';
import type { ClientStore } from '../store/client-store.js';
import type { Write } from '../store/store.js';
import { type InboxEntry, deleteInboxEntry, putInboxEntry } from '../store/client/queue-rows.js';
import { LateChange } from './late-change.js';
import type { BookChange } from './session-book.js';
import type { Steps, Transition } from './step.js';

/** A message for the application. */
export interface ReceivedMessage {
  /** `own-device-copy`: what another device of ours sent to somebody; the protocol does not say to whom. */
  readonly kind: InboxEntry['kind'];
  readonly from: DeviceAddress;
  /** The group it was sent to, for a `group-message`. */
  readonly group: GroupAddress | undefined;
  readonly messageId: MessageId;
  readonly bytes: Uint8Array;
  /** ms since 1970, by this device's clock. */
  readonly receivedAt: number;
  /** The application has it for good: it does not come again after a restart. Resolves when that is durable. Throws `StoreError`. */
  ack(): Promise<void>;
}

/** Entries read from the store at a time. */
const page = 64;
/** Bytes of messages kept in memory between their commit and their delivery. */
const bytesInMemory = 16_777_216;

/** The inbox of one client. */
export class Inbox {
  readonly #store: ClientStore;
  readonly #steps: () => Steps;
  readonly #onRoom: () => void;
  #count = 0;
  #next = 1;
  /** Number of the last message handed out. */
  #handedOut = 0;
  /** Messages up to this number are read from the store; those after it stand in {@link #recent}. */
  #storedUpTo = 0;
  #recent: InboxEntry[] = [];
  #recentBytes = 0;
  #page: InboxEntry[] = [];
  #loadingPage: Promise<void> | undefined;
  readonly #waiting = new Set<() => void>();
  #closed = false;

  /** `onRoom` is called after an acknowledgement. */
  constructor(store: ClientStore, steps: () => Steps, onRoom: () => void) {
    this.#store = store;
    this.#steps = steps;
    this.#onRoom = onRoom;
  }

  /** Loads what waits. After a loss of queued state nothing is handed out twice: only durable messages ever are. */
  async load(): Promise<void> {
    const { count, last } = await this.#store.countInbox();
    this.#count = count;
    this.#next = Math.max(this.#next, last + 1);
    this.#recent = [];
    this.#recentBytes = 0;
    this.#page = [];
    this.#storedUpTo = Math.max(this.#storedUpTo, last);
    this.#wake();
  }

  /** Messages that are not acknowledged. */
  get count(): number {
    return this.#count;
  }

  /**
   * The change that puts a message in, and what hands it out when that is durable. The message gets its number when its step commits: numbers
   * grow in the order of the commits, which is the order of handing out.
   */
  add(message: Omit<InboxEntry, 'sequence'>): { readonly change: BookChange; arrived(): void } {
    let entry: InboxEntry | undefined;
    const number = (): readonly Write[] => {
      entry = { ...message, sequence: this.#next };
      this.#next += 1;
      return [putInboxEntry(entry)];
    };
    return {
      change: new LateChange(number, () => {
        this.#count += 1;
      }),
      arrived: () => {
        if (entry !== undefined) this.#arrived(entry);
      },
    };
  }

  /** Every message that waits and that comes, in order, each once for all iterators of this process. Ends when the client is closed. */
  messages(signal?: AbortSignal): AsyncIterableIterator<ReceivedMessage> {
    let ended = false;
    const mine = new Set<() => void>();
    const next = async (): Promise<IteratorResult<ReceivedMessage>> => {
      for (;;) {
        signal?.throwIfAborted();
        if (ended || this.#closed) return { done: true, value: undefined };
        const entry = await this.#take();
        if (entry !== undefined) return { done: false, value: this.#received(entry) };
        await new Promise<void>((resolve) => {
          const wake = (): void => {
            this.#waiting.delete(wake);
            mine.delete(wake);
            signal?.removeEventListener('abort', wake);
            resolve();
          };
          mine.add(wake);
          this.#waiting.add(wake);
          signal?.addEventListener('abort', wake, { once: true });
          if (this.#hasMore() || this.#closed || ended || signal?.aborted === true) wake();
        });
      }
    };
    const iterator: AsyncIterableIterator<ReceivedMessage> = {
      next,
      return: () => {
        ended = true;
        for (const wake of mine) wake();
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  /** Ends every iterator; resolves when nothing is being read for one any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    await this.#loadingPage?.catch(() => undefined);
  }

  #hasMore(): boolean {
    return this.#page.length > 0 || this.#handedOut < this.#storedUpTo || this.#recent.length > 0;
  }

  #arrived(entry: InboxEntry): void {
    if (this.#recentBytes + entry.bytes.length > bytesInMemory) {
      this.#recent = [];
      this.#recentBytes = 0;
      this.#storedUpTo = entry.sequence;
    } else {
      this.#recent.push(entry);
      this.#recentBytes += entry.bytes.length;
    }
    this.#wake();
  }

  async #take(): Promise<InboxEntry | undefined> {
    for (;;) {
      const paged = this.#page.shift();
      if (paged !== undefined) {
        if (paged.sequence <= this.#handedOut) continue;
        this.#handedOut = paged.sequence;
        return paged;
      }
      if (this.#handedOut < this.#storedUpTo) {
        this.#loadingPage ??= this.#loadPage();
        await this.#loadingPage;
        continue;
      }
      const recent = this.#recent.shift();
      if (recent === undefined) return undefined;
      this.#recentBytes -= recent.bytes.length;
      if (recent.sequence <= this.#handedOut) continue;
      this.#handedOut = recent.sequence;
      return recent;
    }
  }

  /** One at a time, however many iterators wait: a page that is late would hide the next. */
  async #loadPage(): Promise<void> {
    try {
      const bound = this.#storedUpTo;
      const entries = await this.#store.loadInbox(this.#handedOut, page);
      this.#page = entries.filter(({ sequence }) => sequence <= bound && sequence > this.#handedOut);
      if (this.#page.length === 0) this.#handedOut = Math.max(this.#handedOut, bound);
    } finally {
      this.#loadingPage = undefined;
    }
  }

  #received(entry: InboxEntry): ReceivedMessage {
    const { kind, from, group, messageId, bytes, receivedAt, sequence } = entry;
    let acknowledged: Promise<void> | undefined;
    let hasFailed = false;
    const ack = (): Promise<void> => {
      acknowledged ??= this.#acknowledge(sequence, hasFailed).catch((error: unknown) => {
        acknowledged = undefined;
        hasFailed = true;
        throw error;
      });
      return acknowledged;
    };
    return { kind, from, group, messageId, bytes, receivedAt, ack };
  }

  #acknowledge(sequence: number, hasFailed: boolean): Promise<void> {
    const forget: Transition<void> = {
      writes: [deleteInboxEntry(sequence)],
      result: undefined,
      apply: () => {
        this.#count -= 1;
      },
      after: this.#onRoom,
    };
    if (!hasFailed) return this.#steps().run([], () => forget);
    // A commit of unknown outcome may have done it: what is gone must not be counted as gone again.
    return this.#steps().run([], async () => {
      const [found] = await this.#store.loadInbox(sequence - 1, 1);
      return found?.sequence === sequence ? forget : { writes: [], result: undefined, after: this.#onRoom };
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
