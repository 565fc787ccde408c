/** The requests for one destination: which may leave now, which are on their way, in which order they go again. */
import type { MessageId } from '../base/brand.js';
import type { OutboxEntry, OutboxKind } from '../store/client/queue-rows.js';
import type { BackOff } from './back-off.js';

/** A queued request without what it says. */
export type QueuedRequest = Omit<OutboxEntry, 'body' | 'origin'> & { readonly messageId: MessageId | undefined };

/** A request in a lane; its body is kept in memory only while there is room for it. */
export interface LaneItem {
  readonly request: QueuedRequest;
  body: Uint8Array | undefined;
}

/** Requests under way to one destination: an order is kept by the relay, but what follows a refused one may arrive before it. */
const laneWindow = 32;

/** Time after a refusal in which requests to that destination leave one at a time, ms. */
const carefulTime = 600_000;

/**
 * Invites, accepts, key uploads and changes of a group must be through before anything follows: a message before its accept cannot be opened, and
 * a change names the position that the messages before it have reached.
 */
function mayOverlap(kind: OutboxKind): boolean {
  return kind === 'send_one2one_msg' || kind === 'send_group_msg';
}

/** The requests for one destination, in order. */
export class Lane {
  readonly name: string;
  readonly backOff: BackOff;
  /** Nothing leaves: a body is being read, or a refusal is waited out. */
  isHeld = false;
  /** Until then one at a time, ms since 1970: a mailbox that was full may take some and refuse others. */
  #carefulUntil = 0;
  #waiting: LaneItem[] = [];
  readonly #flying = new Set<LaneItem>();

  constructor(name: string, backOff: BackOff) {
    this.name = name;
    this.backOff = backOff;
  }

  /** Requests that are not answered. */
  get size(): number {
    return this.#waiting.length + this.#flying.size;
  }

  /** Whether nothing is left to do or to remember here at `now`. */
  isIdle(now: number): boolean {
    return this.size === 0 && !this.isHeld && now >= this.#carefulUntil;
  }

  /** The request that has waited for the shortest time. */
  get last(): LaneItem | undefined {
    return this.#waiting.at(-1);
  }

  /** A request was refused or got no answer at `now`: one at a time for a while. */
  beCareful(now: number): void {
    this.#carefulUntil = now + carefulTime;
  }

  /** The request that may leave at `now`, if any. */
  next(now: number): LaneItem | undefined {
    const [item] = this.#waiting;
    if (item === undefined || this.isHeld || this.#flying.size >= (now < this.#carefulUntil ? 1 : laneWindow)) return undefined;
    if (!mayOverlap(item.request.kind) && this.#flying.size > 0) return undefined;
    for (const { request } of this.#flying) if (!mayOverlap(request.kind)) return undefined;
    return item;
  }

  /** All requests in the order of their numbers. */
  requests(): QueuedRequest[] {
    return [...this.#flying, ...this.#waiting].map(({ request }) => request).sort((a, b) => a.sequence - b.sequence);
  }

  /** Whether no request below `sequence` is left. */
  isPast(sequence: number): boolean {
    if ((this.#waiting[0]?.request.sequence ?? sequence) < sequence) return false;
    for (const { request } of this.#flying) if (request.sequence < sequence) return false;
    return true;
  }

  /** Puts a request at the end. */
  push(item: LaneItem): void {
    this.#waiting.push(item);
  }

  /** What {@link next} gave leaves. */
  depart(): void {
    const item = this.#waiting.shift();
    if (item !== undefined) this.#flying.add(item);
  }

  /** Whether the request is on its way. */
  isFlying(item: LaneItem): boolean {
    return this.#flying.has(item);
  }

  /** The request was answered. */
  land(item: LaneItem): void {
    this.#flying.delete(item);
  }

  /** The request must go again, in its old place. */
  putBack(item: LaneItem): void {
    this.#flying.delete(item);
    const { sequence } = item.request;
    const position = this.#waiting.findIndex(({ request }) => request.sequence > sequence);
    this.#waiting.splice(position === -1 ? this.#waiting.length : position, 0, item);
  }

  /** Takes out the requests with these numbers; gives them, and how many of them were on their way. */
  drop(sequences: ReadonlySet<number>): { readonly items: readonly LaneItem[]; readonly flying: number } {
    const isDropped = ({ request }: LaneItem): boolean => sequences.has(request.sequence);
    const flying = [...this.#flying].filter(isDropped);
    for (const item of flying) this.#flying.delete(item);
    const items = [...flying, ...this.#waiting.filter(isDropped)];
    if (items.length > flying.length) this.#waiting = this.#waiting.filter((item) => !isDropped(item));
    return { items, flying: flying.length };
  }
}
