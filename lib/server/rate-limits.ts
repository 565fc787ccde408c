import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Clock } from '../base/clock.js';
import type { Rate } from './relay-limits.js';

/** Counts events per key in windows of the relay's clock. */
export class RateLimit {
  readonly #rate: Rate;
  readonly #clock: Clock;
  readonly #counters: RateLimiterMemory;

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
    this.#counters = new RateLimiterMemory({ points: rate.count, duration: Math.max(1, Math.ceil(rate.per / 1_000)) });
  }

  /** Counts one event; false when there were too many in this window. */
  async admit(key: string): Promise<boolean> {
    try {
      await this.#counters.consume(this.#slot(key));
      return true;
    } catch (refusal) {
      if (refusal instanceof RateLimiterRes) return false;
      throw refusal;
    }
  }

  /** Whether another event would be admitted; counts nothing. */
  async hasRoom(key: string): Promise<boolean> {
    const counter = await this.#counters.get(this.#slot(key));
    return counter === null || counter.consumedPoints < this.#rate.count;
  }

  // The window is part of the key: the counters expire by the system's clock, the windows follow the relay's, which a test may hold.
  #slot(key: string): string {
    return `${Math.floor(this.#clock.now() / this.#rate.per)}:${key}`;
  }
}
