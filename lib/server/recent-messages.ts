import { defaultRelayLimits } from './relay-limits.js';

/** Messages remembered in all, some 300 bytes each; those of the longest silent device are forgotten first. */
const inAll = 262_144;

/** What one device has sent. */
interface Sent {
  readonly messages: Map<string, Promise<void>>;
  /** Walks the map behind those that were forgotten: a new walk would step over each of them again. */
  readonly oldest: Iterator<string, undefined>;
}

/** Bounds of {@link RecentMessages}. */
export interface RecentMessagesOptions {
  /** See `RelayLimits.recentMessages`. */
  readonly perDevice?: number;
  readonly inAll?: number;
}

/**
 * Which messages of a device were taken lately, so that one that is sent again after a lost answer is answered and not pushed twice. It is
 * kept in memory: after a restart a repeated message may be pushed again, and the receiver drops it by its message id.
 */
export class RecentMessages {
  readonly #perDevice: number;
  readonly #inAll: number;
  readonly #devices = new Map<string, Sent>();
  #size = 0;

  constructor(options: RecentMessagesOptions = {}) {
    this.#perDevice = options.perDevice ?? defaultRelayLimits.recentMessages;
    this.#inAll = options.inAll ?? inAll;
  }

  /** Messages remembered. */
  get size(): number {
    return this.#size;
  }

  /** Does `work` for the message, or waits for the same work in progress or done. A failure is forgotten, so that it can be tried again. */
  once(device: string, message: string, work: () => Promise<void>): Promise<void> {
    const sent = this.#sentBy(device);
    const { messages } = sent;
    const known = messages.get(message);
    if (known !== undefined) return known;
    const done = work();
    messages.set(message, done);
    this.#size += 1;
    if (messages.size > this.#perDevice) this.#forgetOldest(sent);
    if (this.#size > this.#inAll) this.#forgetSilent();
    // Before anybody who waits for it hears of the failure.
    done.catch(() => {
      if (messages.get(message) === done) this.#forget(sent, message);
      if (messages.size === 0 && this.#devices.get(device) === sent) this.#devices.delete(device);
    });
    return done;
  }

  #sentBy(device: string): Sent {
    const sent = this.#devices.get(device) ?? newSent();
    // Moved to the end: the map keeps the order of insertion.
    this.#devices.delete(device);
    this.#devices.set(device, sent);
    return sent;
  }

  #forgetOldest(sent: Sent): void {
    const oldest = sent.oldest.next().value;
    if (oldest !== undefined) this.#forget(sent, oldest);
  }

  #forgetSilent(): void {
    for (const [device, sent] of this.#devices) {
      this.#forgetOldest(sent);
      if (sent.messages.size === 0) this.#devices.delete(device);
      return;
    }
  }

  #forget({ messages }: Sent, message: string): void {
    if (messages.delete(message)) this.#size -= 1;
  }
}

function newSent(): Sent {
  const messages = new Map<string, Promise<void>>();
  return { messages, oldest: messages.keys() };
}
