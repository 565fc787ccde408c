import { limits } from '../base/limits.js';

/** Messages remembered per device: what can have been in flight when a connection broke, twice over. */
const perDevice = 2 * limits.requestsInFlight;

/** Devices remembered, the longest silent forgotten first. */
const devices = 10_000;

/**
 * Which messages of a device were taken lately, so that one that is sent again after a lost answer is answered and not pushed twice. It is
 * kept in memory: after a restart a repeated message may be pushed again, and the receiver drops it by its message id.
 */
export class RecentMessages {
  readonly #devices = new Map<string, Map<string, Promise<void>>>();

  /** Does `work` for the message, or waits for the same work in progress or done. A failure is forgotten, so that it can be tried again. */
  async once(device: string, message: string, work: () => Promise<void>): Promise<void> {
    const messages = this.#messagesOf(device);
    const known = messages.get(message);
    if (known !== undefined) return known;
    const done = work();
    messages.set(message, done);
    const [oldest] = messages.keys();
    if (messages.size > perDevice && oldest !== undefined) messages.delete(oldest);
    try {
      await done;
    } catch (error) {
      messages.delete(message);
      throw error;
    }
  }

  #messagesOf(device: string): Map<string, Promise<void>> {
    const messages = this.#devices.get(device) ?? new Map<string, Promise<void>>();
    // Moved to the end: the map keeps the order of insertion.
    this.#devices.delete(device);
    this.#devices.set(device, messages);
    const [oldest] = this.#devices.keys();
    if (this.#devices.size > devices && oldest !== undefined) this.#devices.delete(oldest);
    return messages;
  }
}
