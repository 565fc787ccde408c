import type { Clock } from '../base/clock.js';
import type { Rate } from './relay-limits.js';

/** Counts the requests of one connection in spans of time; those beyond the rate wait for the next span, so nothing is refused or reordered. */
export class RequestPace {
  readonly #clock: Clock;
  readonly #rate: Rate;
  readonly #onNextSpan: () => void;
  #span = 0;
  #count = 0;
  #cancelTimer: () => void = () => undefined;

  /** `onNextSpan` is called when {@link isSpent} has ended. */
  constructor(clock: Clock, rate: Rate, onNextSpan: () => void) {
    this.#clock = clock;
    this.#rate = rate;
    this.#onNextSpan = onNextSpan;
  }

  /** Whether this span's requests have all been made. */
  get isSpent(): boolean {
    return this.#count >= this.#rate.count;
  }

  /** One more request. */
  count(): void {
    const { count, per } = this.#rate;
    const now = this.#clock.now();
    const span = Math.floor(now / per);
    this.#count = span === this.#span ? this.#count + 1 : 1;
    this.#span = span;
    if (this.#count !== count) return;
    this.#cancelTimer = this.#clock.schedule((span + 1) * per - now, () => {
      this.#count = 0;
      this.#onNextSpan();
    });
  }

  /** No more requests will come. */
  stop(): void {
    this.#cancelTimer();
  }
}
