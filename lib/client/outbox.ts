/**
 * Requests on their way to the relay: stored first, sent in order per destination, byte for byte the same however often.
 *
 * Owns: when a request is sent and sent again. Does not own: what an answer changes; `onAnswer` says that.
 */
import { type DeviceAddress, deviceKey } from '../base/address.js';
import type { MessageId } from '../base/brand.js';
import type { Clock } from '../base/clock.js';
import type { RandomSource } from '../base/random.js';
import type { ClientStore } from '../store/client-store.js';
import { type OutboxEntry, type OutboxKind, putOutboxEntry } from '../store/client/queue-rows.js';
import type { Connection } from '../transport/transport.js';
import { BackOff } from './back-off.js';
import type { BookChange } from './session-book.js';

/** A request without its place in the queue. */
export type NewOutboxEntry = Omit<OutboxEntry, 'sequence'>;

/** A queued request; the body is kept in memory only while there is room for it. */
export type QueuedRequest = Omit<OutboxEntry, 'body' | 'origin'> & { readonly messageId: MessageId | undefined };

/**
 * What became of a request: `done` (answered for good), `retry` (later), `aside` (never again in this process, but kept), `renew` (again, with
 * a new token).
 */
export type Outcome = 'done' | 'retry' | 'aside' | 'renew';

/** What the outbox stands on. */
export interface OutboxSurroundings {
  readonly store: ClientStore;
  readonly clock: Clock;
  readonly random: RandomSource;
  connection(): Connection | undefined;
  /** Carries out what the encoded answer says, durably. Must not throw. */
  onAnswer(request: QueuedRequest, answer: Uint8Array): Promise<Outcome>;
  /** The relay no longer takes the token. */
  onRenew(): void;
  /** Reports what no caller can be told. */
  onError(error: unknown): void;
}

/** Requests under way at a time: half of what a connection takes, so that consuming and looking up never wait behind a long queue. */
const window = 128;
/** Requests under way to one destination: an order is kept by the relay, but what follows a refused one may arrive before it. */
const laneWindow = 32;
/** Bytes of bodies kept in memory; longer queues are read from the store when their turn comes. */
const bodiesInMemory = 16_777_216;

interface Item {
  readonly request: QueuedRequest;
  body: Uint8Array | undefined;
}

/** The requests for one destination. */
interface Lane {
  readonly name: string;
  readonly waiting: Item[];
  readonly flying: Set<Item>;
  /** Nothing is sent: a body is being read, or a refusal is waited out. */
  held: boolean;
  /** After a refusal one at a time, until one is answered. */
  careful: boolean;
  readonly backOff: BackOff;
}

/** Invites, accepts and key uploads must be through before anything follows: a message before its accept cannot be opened. */
function mayOverlap(kind: OutboxKind): boolean {
  return kind === 'send_one2one_msg';
}

/** The outbox of one client. */
export class Outbox {
  readonly #surroundings: OutboxSurroundings;
  readonly #lanes = new Map<string, Lane>();
  readonly #aside = new Map<number, QueuedRequest>();
  readonly #watchers = new Set<() => void>();
  #next = 1;
  #flying = 0;
  #bodyBytes = 0;
  #epoch = 0;
  #pumping = false;

  constructor(surroundings: OutboxSurroundings) {
    this.#surroundings = surroundings;
  }

  /** Forgets everything and loads it anew; answers to what was under way are ignored. */
  async load(): Promise<void> {
    this.#epoch += 1;
    this.#lanes.clear();
    this.#aside.clear();
    this.#flying = 0;
    this.#bodyBytes = 0;
    await this.#surroundings.store.walkOutbox((entry) => {
      this.#next = Math.max(this.#next, entry.sequence + 1);
      this.#enqueue(entry);
    });
    this.pump();
    this.#changed();
  }

  /** Requests that are not answered, without those set aside. */
  get size(): number {
    let size = 0;
    for (const { waiting, flying } of this.#lanes.values()) size += waiting.length + flying.size;
    return size;
  }

  /** Requests that the relay refused for good; they are kept and tried once more after the next start. */
  get refused(): number {
    return this.#aside.size;
  }

  /** The number that the next request will have. */
  get next(): number {
    return this.#next;
  }

  /** Whether every request below `sequence` was answered or set aside. */
  isAnswered(sequence: number): boolean {
    for (const { waiting, flying } of this.#lanes.values()) {
      if ((waiting[0]?.request.sequence ?? sequence) < sequence) return false;
      for (const { request } of flying) if (request.sequence < sequence) return false;
    }
    return true;
  }

  /** The requests for `device`, those set aside included. */
  forDevice(device: DeviceAddress): QueuedRequest[] {
    const lane = this.#lanes.get(deviceKey(device));
    const key = deviceKey(device);
    const aside = [...this.#aside.values()].filter((request) => request.device !== undefined && deviceKey(request.device) === key);
    const queued = lane === undefined ? [] : [...[...lane.flying], ...lane.waiting].map(({ request }) => request);
    return [...aside, ...queued].sort((a, b) => a.sequence - b.sequence);
  }

  /** The change that queues requests, to be sent when it is durable: then call {@link release}. */
  add(entries: readonly NewOutboxEntry[]): BookChange & { readonly entries: readonly OutboxEntry[] } {
    const numbered = entries.map((entry) => {
      const sequence = this.#next;
      this.#next += 1;
      return { ...entry, sequence };
    });
    return { entries: numbered, writes: numbered.map(putOutboxEntry), apply: () => undefined };
  }

  /** Sends requests that are durable now. */
  release(entries: readonly OutboxEntry[]): void {
    for (const entry of entries) this.#enqueue(entry);
    this.pump();
  }

  /** Takes requests out without waiting for an answer: their rows were deleted. */
  drop(sequences: ReadonlySet<number>): void {
    for (const lane of this.#lanes.values()) {
      for (const item of [...lane.flying]) if (sequences.has(item.request.sequence)) this.#finish(lane, item);
      const kept = lane.waiting.filter((item) => !sequences.has(item.request.sequence));
      for (const item of lane.waiting) if (sequences.has(item.request.sequence)) this.#releaseBody(item);
      lane.waiting.splice(0, lane.waiting.length, ...kept);
      this.#forgetIfIdle(lane);
    }
    for (const sequence of sequences) this.#aside.delete(sequence);
    this.#changed();
  }

  /** Calls `watcher` whenever a request was answered; returns what removes it. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => {
      this.#watchers.delete(watcher);
    };
  }

  /** Sends what may be sent, once the running callbacks are done. */
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    queueMicrotask(() => {
      this.#pumping = false;
      this.#sendAll();
    });
  }

  #sendAll(): void {
    const connection = this.#surroundings.connection();
    if (connection === undefined) return;
    let sent = true;
    // One request of each destination in turn: a long queue to one does not hold up the others.
    while (sent && this.#flying < window) {
      sent = false;
      for (const lane of this.#lanes.values()) {
        if (this.#flying >= window) return;
        if (this.#sendNext(lane, connection)) sent = true;
      }
    }
  }

  #sendNext(lane: Lane, connection: Connection): boolean {
    const [item] = lane.waiting;
    if (item === undefined || lane.held) return false;
    const limit = lane.careful ? 1 : laneWindow;
    if (lane.flying.size >= limit) return false;
    if (!mayOverlap(item.request.kind) && lane.flying.size > 0) return false;
    for (const other of lane.flying) if (!mayOverlap(other.request.kind)) return false;
    const { body } = item;
    if (body === undefined) {
      void this.#read(lane, item);
      return false;
    }
    lane.waiting.shift();
    lane.flying.add(item);
    this.#flying += 1;
    void this.#send(lane, item, body, connection);
    return true;
  }

  async #read(lane: Lane, item: Item): Promise<void> {
    const epoch = this.#epoch;
    lane.held = true;
    try {
      const entry = await this.#surroundings.store.loadOutboxEntry(item.request.sequence);
      if (epoch !== this.#epoch) return;
      lane.held = false;
      if (entry !== undefined) this.#keepBody(item, entry.body);
      else if (lane.waiting[0] === item) lane.waiting.shift();
    } catch (error) {
      if (epoch !== this.#epoch) return;
      this.#surroundings.onError(error);
      this.#waitOut(lane);
    }
    this.pump();
  }

  async #send(lane: Lane, item: Item, body: Uint8Array, connection: Connection): Promise<void> {
    const epoch = this.#epoch;
    let outcome: Outcome;
    let answered = true;
    try {
      const answer = await connection.request(item.request.kind, body);
      if (epoch !== this.#epoch) return;
      outcome = await this.#surroundings.onAnswer(item.request, answer);
    } catch {
      // Whether the relay has done it is unknown: the same bytes go again, over the next connection if this one has ended.
      outcome = 'retry';
      answered = this.#surroundings.connection() === connection;
    }
    if (epoch !== this.#epoch || !lane.flying.has(item)) return;
    this.#settle(lane, item, outcome, answered);
  }

  #settle(lane: Lane, item: Item, outcome: Outcome, answered: boolean): void {
    switch (outcome) {
      case 'done':
        this.#finish(lane, item);
        lane.careful = false;
        lane.backOff.reset();
        break;
      case 'aside':
        this.#finish(lane, item);
        this.#aside.set(item.request.sequence, item.request);
        break;
      case 'renew':
        this.#putBack(lane, item);
        this.#surroundings.onRenew();
        break;
      case 'retry':
        this.#putBack(lane, item);
        lane.careful = true;
        if (answered) this.#waitOut(lane);
        break;
    }
    this.#forgetIfIdle(lane);
    this.#changed();
    this.pump();
  }

  #finish(lane: Lane, item: Item): void {
    if (!lane.flying.delete(item)) return;
    this.#flying -= 1;
    this.#releaseBody(item);
  }

  #putBack(lane: Lane, item: Item): void {
    if (!lane.flying.delete(item)) return;
    this.#flying -= 1;
    const { sequence } = item.request;
    const position = lane.waiting.findIndex(({ request }) => request.sequence > sequence);
    lane.waiting.splice(position === -1 ? lane.waiting.length : position, 0, item);
  }

  #waitOut(lane: Lane): void {
    const epoch = this.#epoch;
    lane.held = true;
    this.#surroundings.clock.schedule(lane.backOff.next(), () => {
      if (epoch !== this.#epoch) return;
      lane.held = false;
      this.pump();
    });
  }

  #enqueue(entry: OutboxEntry): void {
    const { body, origin, ...rest } = entry;
    const item: Item = { request: { ...rest, messageId: origin?.messageId }, body: undefined };
    const lane = this.#lane(entry.device);
    // A queue that has outgrown memory stays on disk from there on, so that bodies are read in the order in which they are sent.
    const isLast = lane.waiting.length === 0 || lane.waiting.at(-1)?.body !== undefined;
    if (isLast && this.#bodyBytes + body.length <= bodiesInMemory) this.#keepBody(item, body);
    lane.waiting.push(item);
  }

  #keepBody(item: Item, body: Uint8Array): void {
    item.body = body;
    this.#bodyBytes += body.length;
  }

  #releaseBody(item: Item): void {
    this.#bodyBytes -= item.body?.length ?? 0;
    item.body = undefined;
  }

  #lane(device: DeviceAddress | undefined): Lane {
    const name = device === undefined ? '' : deviceKey(device);
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      const backOff = new BackOff(this.#surroundings.random);
      lane = { name, waiting: [], flying: new Set(), held: false, careful: false, backOff };
      this.#lanes.set(name, lane);
    }
    return lane;
  }

  #forgetIfIdle(lane: Lane): void {
    if (lane.waiting.length === 0 && lane.flying.size === 0 && !lane.held && !lane.careful) this.#lanes.delete(lane.name);
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
  }
}
