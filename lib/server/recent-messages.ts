import { defaultRelayLimits } from './relay-limits.js';

/** Messages remembered in all, some 300 bytes each; those of the longest silent device are forgotten first. */
const inAll = 262_144;

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
  readonly #devices = new Map<string, Map<string, Promise<void>>>();
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
  async once(device: string, message: string, work: () => Promise<void>): Promise<void> {
    const messages = this.#messagesOf(device);
    const known = messages.get(message);
    if (known !== undefined) return known;
    const done = work();
    messages.set(message, done);
    this.#size += 1;
    if (messages.size > this.#perDevice) this.#forgetOldest(messages);
    if (this.#size > this.#inAll) this.#forgetSilent();
    try {
      await done;
    } catch (error) {
      if (messages.get(message) === done) this.#forget(messages, message);
      if (messages.size === 0 && this.#devices.get(device) === messages) this.#devices.delete(device);
      throw error;
    }
  }

  #messagesOf(device: string): Map<string, Promise<void>> {
    const messages = this.#devices.get(device) ?? new Map<string, Promise<void>>();
    // Moved to the end: the map keeps the order of insertion.
    this.#devices.delete(device);
    this.#devices.set(device, messages);
    return messages;
  }

  #forgetOldest(messages: Map<string, Promise<void>>): void {
    for (const [oldest] of messages) {
      this.#forget(messages, oldest);
      return;
    }
  }

  #forgetSilent(): void {
    for (const [device, messages] of this.#devices) {
      this.#forgetOldest(messages);
      if (messages.size === 0) this.#devices.delete(device);
      return;
    }
  }

  #forget(messages: Map<string, Promise<void>>, message: string): void {
    if (messages.delete(message)) this.#size -= 1;
  }
}
