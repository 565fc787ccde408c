/**
 * Requests on their way to the relay: stored first, sent in order per destination, byte for byte the same however often.
 *
 * Owns: when a request is sent and sent again. Does not own: what an answer changes; `onAnswer` says that.
 */
import { type DeviceAddress, type GroupAddress, deviceKey, groupKey } from '../base/address.js';
import type { Clock } from '../base/clock.js';
import type { RandomSource } from '../base/random.js';
import type { ClientStore } from '../store/client-store.js';
import type { Write } from '../store/store.js';
import { type OutboxEntry, putOutboxEntry } from '../store/client/queue-rows.js';
import type { Connection } from '../transport/transport.js';
import { BackOff } from './back-off.js';
import { Lane, type LaneItem, type QueuedRequest } from './lane.js';
import { LateChange } from './late-change.js';
import type { BookChange } from './session-book.js';

/** A request without its place in the queue. */
export type NewOutboxEntry = Omit<OutboxEntry, 'sequence' | 'group' | 'order' | 'refusals'> &
  Partial<Pick<OutboxEntry, 'group' | 'order' | 'refusals'>>;

/**
 * What became of a request: `done` (answered for good), `retry` (later), `aside` (never again in this process, but kept), `renew` (again, with
 * a new token), `not-stored` (again, but the store takes nothing now, and so will not take the answers of others).
 */
export type Outcome = 'done' | 'retry' | 'aside' | 'renew' | 'not-stored';

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
/** Bytes of bodies kept in memory; longer queues are read from the store when their turn comes. */
const bodiesInMemory = 16_777_216;

/** The outbox of one client. */
export class Outbox {
  readonly #surroundings: OutboxSurroundings;
  readonly #lanes = new Map<string, Lane>();
  readonly #aside = new Map<number, QueuedRequest>();
  /** Requests whose commit is not durable yet. */
  readonly #coming = new Set<number>();
  readonly #watchers = new Set<() => void>();
  #next = 1;
  #flying = 0;
  #bodyBytes = 0;
  #epoch = 0;
  #pumping = false;
  /** Grows with every answer that could not be stored. */
  readonly #storeBackOff: BackOff;
  /** The store has failed: nothing leaves before the wait is over. */
  #isWaitingForStore = false;
  /** The store has failed and taken no answer since: requests leave one at a time. */
  #isTryingStore = false;

  constructor(surroundings: OutboxSurroundings) {
    this.#surroundings = surroundings;
    this.#storeBackOff = new BackOff(surroundings.random);
  }

  /** Forgets everything and loads it anew; answers to what was under way are ignored. */
  async load(): Promise<void> {
    this.#epoch += 1;
    this.#lanes.clear();
    this.#aside.clear();
    this.#coming.clear();
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
    let size = this.#coming.size;
    for (const lane of this.#lanes.values()) size += lane.size;
    return size;
  }

  /** Requests that the relay refused: kept, and tried once more after the next start. */
  get refused(): readonly QueuedRequest[] {
    return [...this.#aside.values()];
  }

  /** The number that the next request will have. */
  get next(): number {
    return this.#next;
  }

  /** Whether every request below `sequence` was answered or set aside. */
  isAnswered(sequence: number): boolean {
    for (const lane of this.#lanes.values()) if (!lane.isPast(sequence)) return false;
    for (const coming of this.#coming) if (coming < sequence) return false;
    return true;
  }

  /** The requests for `device`, those set aside included. */
  forDevice(device: DeviceAddress): QueuedRequest[] {
    const key = deviceKey(device);
    const aside = [...this.#aside.values()].filter((request) => request.device !== undefined && deviceKey(request.device) === key);
    return [...aside, ...(this.#lanes.get(key)?.requests() ?? [])].sort((x, y) => x.sequence - y.sequence);
  }

  /** The requests about `group`. */
  forGroup(group: GroupAddress): QueuedRequest[] {
    return this.#lanes.get(groupKey(group))?.requests() ?? [];
  }

  /** The change that queues requests, and what sends them when it is durable. They get their numbers when their step commits. */
  add(entries: readonly NewOutboxEntry[]): { readonly change: BookChange; release(): void } {
    let numbered: readonly OutboxEntry[] = [];
    const number = (): readonly Write[] => {
      numbered = entries.map(({ kind, device, group, order, sessionId, origin, refusals = 0, body }) => {
        const sequence = this.#next;
        this.#next += 1;
        return { sequence, kind, device, group, order, sessionId, origin, refusals, body };
      });
      return numbered.map(putOutboxEntry);
    };
    return {
      change: new LateChange(number, () => {
        for (const { sequence } of numbered) this.#coming.add(sequence);
      }),
      release: () => {
        for (const entry of numbered) if (this.#coming.delete(entry.sequence)) this.#enqueue(entry);
        this.pump();
      },
    };
  }

  /** Takes requests out without waiting for an answer: their rows were deleted. */
  drop(sequences: ReadonlySet<number>): void {
    for (const lane of this.#lanes.values()) {
      const { items, flying } = lane.drop(sequences);
      this.#flying -= flying;
      for (const item of items) this.#releaseBody(item);
      this.#forgetIfIdle(lane);
    }
    for (const sequence of sequences) {
      this.#aside.delete(sequence);
      this.#coming.delete(sequence);
    }
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
    if (connection === undefined || this.#isWaitingForStore) return;
    const most = this.#isTryingStore ? 1 : window;
    let sent = true;
    // One request of each destination in turn: a long queue to one does not hold up the others.
    while (sent && this.#flying < most) {
      sent = false;
      for (const lane of this.#lanes.values()) {
        if (this.#flying >= most) return;
        if (this.#sendNext(lane, connection)) sent = true;
      }
    }
  }

  #sendNext(lane: Lane, connection: Connection): boolean {
    const item = lane.next(this.#surroundings.clock.now());
    if (item === undefined) return false;
    const { body } = item;
    if (body === undefined) {
      void this.#read(lane, item);
      return false;
    }
    lane.depart();
    this.#flying += 1;
    void this.#send(lane, item, body, connection);
    return true;
  }

  async #read(lane: Lane, item: LaneItem): Promise<void> {
    const epoch = this.#epoch;
    lane.isHeld = true;
    try {
      const entry = await this.#surroundings.store.loadOutboxEntry(item.request.sequence);
      if (epoch !== this.#epoch) return;
      lane.isHeld = false;
      if (entry !== undefined) this.#keepBody(item, entry.body);
      else lane.drop(new Set([item.request.sequence]));
    } catch (error) {
      if (epoch !== this.#epoch) return;
      this.#surroundings.onError(error);
      this.#waitOut(lane);
    }
    this.pump();
  }

  async #send(lane: Lane, item: LaneItem, body: Uint8Array, connection: Connection): Promise<void> {
    const epoch = this.#epoch;
    let outcome: Outcome;
    let answered = true;
    try {
      const answer = await connection.request(item.request.kind, body);
      if (epoch !== this.#epoch) return;
      outcome = await this.#surroundings.onAnswer(item.request, answer);
      // Everything may have been loaded anew meanwhile, because of that very failure.
      this.#noteStore(outcome);
    } catch {
      // Whether the relay has done it is unknown: the same bytes go again, over the next connection if this one has ended.
      outcome = 'retry';
      answered = this.#surroundings.connection() === connection;
    }
    if (epoch !== this.#epoch || !lane.isFlying(item)) return;
    this.#settle(lane, item, outcome, answered);
  }

  #settle(lane: Lane, item: LaneItem, outcome: Outcome, answered: boolean): void {
    switch (outcome) {
      case 'done':
        this.#finish(lane, item);
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
      case 'not-stored':
        this.#putBack(lane, item);
        break;
      case 'retry':
        this.#putBack(lane, item);
        lane.beCareful(this.#surroundings.clock.now());
        if (answered) this.#waitOut(lane);
        break;
    }
    this.#forgetIfIdle(lane);
    this.#changed();
    this.pump();
  }

  /** Without a wait the same requests would go round and round, as fast as the relay answers, for as long as the store fails. */
  #noteStore(outcome: Outcome): void {
    if (outcome === 'done' || outcome === 'aside') {
      this.#isTryingStore = false;
      this.#storeBackOff.reset();
    }
    if (outcome !== 'not-stored' || this.#isWaitingForStore) return;
    this.#isTryingStore = true;
    this.#isWaitingForStore = true;
    this.#surroundings.clock.schedule(this.#storeBackOff.next(), () => {
      this.#isWaitingForStore = false;
      this.pump();
    });
  }

  #finish(lane: Lane, item: LaneItem): void {
    lane.land(item);
    this.#flying -= 1;
    this.#releaseBody(item);
  }

  #putBack(lane: Lane, item: LaneItem): void {
    lane.putBack(item);
    this.#flying -= 1;
  }

  #waitOut(lane: Lane): void {
    const epoch = this.#epoch;
    lane.isHeld = true;
    this.#surroundings.clock.schedule(lane.backOff.next(), () => {
      if (epoch !== this.#epoch) return;
      lane.isHeld = false;
      this.#forgetIfIdle(lane);
      this.pump();
    });
  }

  #enqueue(entry: OutboxEntry): void {
    const { sequence, kind, device, group, order, sessionId, origin, refusals, body } = entry;
    const request = { sequence, kind, device, group, order, sessionId, refusals, messageId: origin?.messageId };
    const item: LaneItem = { request, body: undefined };
    const lane = this.#lane(item.request);
    // A queue that has outgrown memory stays on disk from there on, so that bodies are read in the order in which they are sent.
    const isInMemory = lane.last === undefined || lane.last.body !== undefined;
    if (isInMemory && this.#bodyBytes + body.length <= bodiesInMemory) this.#keepBody(item, body);
    lane.push(item);
  }

  #keepBody(item: LaneItem, body: Uint8Array): void {
    item.body = body;
    this.#bodyBytes += body.length;
  }

  #releaseBody(item: LaneItem): void {
    this.#bodyBytes -= item.body?.length ?? 0;
    item.body = undefined;
  }

  #lane({ device, group }: QueuedRequest): Lane {
    const name = device === undefined ? laneOfGroup(group) : deviceKey(device);
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = new Lane(name, new BackOff(this.#surroundings.random));
      this.#lanes.set(name, lane);
    }
    return lane;
  }

  #forgetIfIdle(lane: Lane): void {
    if (lane.isIdle(this.#surroundings.clock.now()) && this.#lanes.get(lane.name) === lane) this.#lanes.delete(lane.name);
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

/** Requests about one group keep their order; those for the relay itself have a lane of their own. */
function laneOfGroup(group: GroupAddress | undefined): string {
  return group === undefined ? '' : groupKey(group);
}
