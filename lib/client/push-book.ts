/**
 * Pushes whose effect is stored, and telling the relay so.
 *
 * Owns: recognising a push that comes again, and consuming. A push is remembered until the relay has answered the consume and two more
 * connections were made: by then none of its copies can still be on the way. Design D6.
 */
import type { Clock } from '../base/clock.js';
import type { RandomSource } from '../base/random.js';
import type { ClientStore } from '../store/client-store.js';
import { type HandledPush, type PushState, deleteHandledPush, putHandledPush } from '../store/client/queue-rows.js';
import type { Connection } from '../transport/transport.js';
import { requests } from '../wire/request.js';
import { BackOff } from './back-off.js';
import type { BookChange } from './session-book.js';
import type { Steps } from './step.js';

interface Remembered {
  readonly push: HandledPush;
  durable: boolean;
  /** Number of the connection over which the relay answered the consume. */
  consumedOver: number | undefined;
  /** A consume is under way or waits for a connection. */
  consuming: boolean;
}

/** What the book stands on. */
export interface PushSurroundings {
  readonly store: ClientStore;
  readonly clock: Clock;
  readonly random: RandomSource;
  steps(): Steps;
  connection(): Connection | undefined;
  onError(error: unknown): void;
}

/** Connections after which a consumed push is forgotten. */
const connectionsKept = 2;
/** Consumed pushes remembered at most: a connection that lasts for weeks must not fill the store. Far more than a relay has on its way. */
const consumedKept = 4_096;
/** Consumed pushes forgotten in one commit. */
const forgottenAtOnce = 256;
/** The only final answers: done, or not known (any more). Spec: one2one.md §7. */
const finalCodes: readonly number[] = [200, 404];

/** The pushes of one client. */
export class PushBook {
  readonly #surroundings: PushSurroundings;
  readonly #pushes = new Map<string, Remembered>();
  /** Consumed pushes, oldest first. */
  readonly #consumed = new Set<string>();
  readonly #backOff: BackOff;
  #connections = 0;
  #forgetting = false;
  #retrying = false;

  constructor(surroundings: PushSurroundings) {
    this.#surroundings = surroundings;
    this.#backOff = new BackOff(surroundings.random);
  }

  /** Forgets everything and loads it anew. */
  async load(): Promise<void> {
    this.#pushes.clear();
    this.#consumed.clear();
    for (const push of await this.#surroundings.store.loadHandledPushes()) {
      this.#pushes.set(push.id, { push, durable: true, consumedOver: undefined, consuming: false });
    }
    this.#consumeAll();
  }

  /** Pushes that the relay has not been told about. */
  get unconsumed(): number {
    return this.#pushes.size - this.#consumed.size;
  }

  /** Whether the push was handled before. */
  isKnown(id: string): boolean {
    return this.#pushes.has(id);
  }

  /** The change that remembers a push, in the commit of its effect; call {@link consume} when it is durable. */
  add(id: string, state: PushState): BookChange {
    const push = { id, state };
    return {
      writes: [putHandledPush(push)],
      apply: () => {
        this.#pushes.set(id, { push, durable: false, consumedOver: undefined, consuming: false });
      },
    };
  }

  /** Tells the relay that the push was handled. One that is not durable yet is left to the step that stores it. */
  consume(id: string, isDurableNow = false): void {
    const remembered = this.#pushes.get(id);
    if (remembered === undefined) return;
    if (isDurableNow) remembered.durable = true;
    if (!remembered.durable || remembered.consuming) return;
    void this.#consume(remembered);
  }

  /** A connection was made: consumes what could not be told before, forgets what is long done. */
  onConnected(): void {
    this.#connections += 1;
    this.#backOff.reset();
    this.#consumeAll();
    this.#forget();
  }

  #consumeAll(): void {
    for (const remembered of this.#pushes.values()) {
      if (remembered.consumedOver === undefined && remembered.durable && !remembered.consuming) void this.#consume(remembered);
    }
  }

  async #consume(remembered: Remembered): Promise<void> {
    const connection = this.#surroundings.connection();
    if (connection === undefined) return;
    const { id, state } = remembered.push;
    const over = this.#connections;
    remembered.consuming = true;
    try {
      const answer = await connection.request(
        'consume_proto_msg',
        requests.consume_proto_msg.encodeRequest({ pushId: id, outcome: state }),
      );
      const response = requests.consume_proto_msg.decodeResponse(answer);
      if (finalCodes.includes(response.ok ? 200 : response.code)) {
        remembered.consumedOver = over;
        // The state may have been loaded anew meanwhile, and the answer to what was asked then may have come first.
        if (this.#pushes.get(id) === remembered) {
          this.#consumed.delete(id);
          this.#consumed.add(id);
        }
      }
    } catch {
      // The next connection tells it.
    } finally {
      remembered.consuming = false;
    }
    if (remembered.consumedOver === undefined) this.#retryLater();
    else if (this.#consumed.size > consumedKept + forgottenAtOnce) this.#forget();
  }

  #retryLater(): void {
    if (this.#retrying || this.#surroundings.connection() === undefined) return;
    this.#retrying = true;
    this.#surroundings.clock.schedule(this.#backOff.next(), () => {
      this.#retrying = false;
      this.#consumeAll();
    });
  }

  #forget(): void {
    if (this.#forgetting) return;
    const surplus = this.#consumed.size - consumedKept;
    const ids: string[] = [];
    for (const id of this.#consumed) {
      const over = this.#pushes.get(id)?.consumedOver ?? 0;
      if (ids.length >= forgottenAtOnce || (ids.length >= surplus && over + connectionsKept > this.#connections)) break;
      ids.push(id);
    }
    if (ids.length === 0) return;
    this.#forgetting = true;
    this.#surroundings
      .steps()
      .run([], () => ({
        writes: ids.map(deleteHandledPush),
        result: undefined,
        apply: () => {
          for (const id of ids) {
            this.#pushes.delete(id);
            this.#consumed.delete(id);
          }
        },
      }))
      .catch((error: unknown) => this.#surroundings.onError(error))
      .finally(() => {
        this.#forgetting = false;
      });
  }
}
