/**
 * The way of pushes from one mailbox to one connection: in order, within a window of pushes that were sent and not consumed, and no faster
 * than the other side reads.
 */
import type { DeviceAddress } from '../base/address.js';
import type { MailboxRow } from '../store/relay-store.js';
import { pushLength } from './push-form.js';

/** Bytes waiting in the socket above which no further push is sent: some tens of milliseconds of a fast line. */
const highWaterMark = 1_048_576;

/** Rows read from the store at once. */
const pageLength = 32;

/** Where a stream reads, and how far it may: nothing leaves before it is durable. */
export interface PushSource {
  readonly address: DeviceAddress;
  /** The greatest sequence whose row is durable. */
  durableSequence(): number;
  rows(after: number, limit: number): Promise<MailboxRow[]>;
  /** The push of a row, at once when it need not be read; `undefined` when it was consumed in the meantime. */
  push(row: MailboxRow): Uint8Array | Promise<Uint8Array | undefined>;
}

/** The connection's side. */
export interface PushSink {
  bufferedAmount(): number;
  sendPush(push: Uint8Array): void;
  /** The mailbox cannot be read; the connection is of no more use. */
  onFailure(error: unknown): void;
}

/** A push on its way. */
export interface OutstandingPush {
  readonly sequence: number;
  readonly length: number;
  /** The body that it shares with others. */
  readonly bodyId?: string;
}

/** One stream; it ends with its connection. */
export class PushStream {
  readonly #source: PushSource;
  readonly #sink: PushSink;
  readonly #window: number;
  readonly #outstanding = new Map<string, OutstandingPush>();
  /** Rows up to here were sent on this connection, or were consumed before. */
  #position = 0;
  /** Counts the jumps of {@link resumeAfter}, so that a page read before one is not sent after it. */
  #jumps = 0;
  /** Pushes consumed while a page was being read, which may hold them: an older connection of the device consumes them late. */
  readonly #gone = new Set<string>();
  /** Bytes of the last row read: the next ones are likely to be as long. */
  #typicalLength = 1;
  #started = false;
  #running = false;
  #closed = false;

  constructor(source: PushSource, sink: PushSink, window: number) {
    this.#source = source;
    this.#sink = sink;
    this.#window = window;
  }

  /** Begins to send; until then nothing may come before the answer to the hello. */
  start(): void {
    this.#started = true;
    this.pump();
  }

  /** The push of that id, if it is on its way. */
  outstanding(id: string): OutstandingPush | undefined {
    return this.#outstanding.get(id);
  }

  /** A row became durable. The common case, a reader that keeps up, sends it from memory. */
  offer(row: MailboxRow): void {
    if (!this.#running && row.sequence === this.#position + 1 && this.#hasRoom()) {
      const push = this.#source.push(row);
      if (push instanceof Uint8Array) {
        this.#send(row, push);
        return;
      }
    }
    this.pump();
  }

  /** A push was consumed: there may be room for the next. */
  consumed(id: string): void {
    if (this.#outstanding.delete(id)) this.pump();
    else if (this.#running) this.#gone.add(id);
  }

  /** Sends everything behind `sequence` again; a place that no push has had yet counts as the last one's. Spec: wire.md §10 (AcquireSyncMsg). */
  resumeAfter(sequence: number): void {
    this.#position = Math.min(sequence, this.#source.durableSequence());
    this.#jumps += 1;
    this.#outstanding.clear();
    this.pump();
  }

  /** Sends what can be sent, reading the mailbox page by page. */
  pump(): void {
    if (this.#running || this.#closed) return;
    this.#running = true;
    this.#run().catch((error: unknown) => {
      this.fail(error);
    });
  }

  /** The mailbox cannot be read. */
  fail(error: unknown): void {
    if (!this.#closed) this.#sink.onFailure(error);
  }

  close(): void {
    this.#closed = true;
    this.#outstanding.clear();
  }

  async #run(): Promise<void> {
    try {
      while (this.#hasRoom() && this.#position < this.#source.durableSequence()) await this.#sendPage();
    } finally {
      // In the same turn as the last look at the mailbox: a row that comes next finds the stream idle.
      this.#running = false;
      this.#gone.clear();
    }
  }

  async #sendPage(): Promise<void> {
    const durable = this.#source.durableSequence();
    const jumps = this.#jumps;
    // What does not fit into the socket would be read again.
    const fitting = Math.max(1, Math.floor(highWaterMark / this.#typicalLength));
    const limit = Math.min(pageLength, this.#window - this.#outstanding.size, fitting);
    const rows = await this.#source.rows(this.#position, limit);
    if (jumps !== this.#jumps) return;
    const last = rows.at(-1);
    this.#typicalLength = last === undefined ? 1 : pushLength(last.content);
    const sendable = rows.filter(({ sequence }) => sequence <= durable);
    for (const row of sendable) {
      if (!this.#hasRoom()) return;
      const push = await this.#source.push(row);
      if (jumps !== this.#jumps || this.#closed) return;
      if (push === undefined) this.#position = row.sequence;
      else this.#send(row, push);
    }
    // Nothing durable is left behind the page: what lies between its end and `durable` was consumed.
    if (sendable.length < limit) this.#position = Math.max(this.#position, durable);
  }

  #hasRoom(): boolean {
    return this.#started && !this.#closed && this.#outstanding.size < this.#window && this.#sink.bufferedAmount() < highWaterMark;
  }

  #send({ sequence, id, content }: MailboxRow, push: Uint8Array): void {
    this.#position = sequence;
    if (this.#gone.has(id)) return;
    const { length } = push;
    this.#outstanding.set(id, content.kind === 'shared' ? { sequence, length, bodyId: content.bodyId } : { sequence, length });
    this.#sink.sendPush(push);
  }
}
