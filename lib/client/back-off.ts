import type { RandomSource } from '../base/random.js';

/** First wait, ms. */
const firstWait = 500;
/** Longest wait, ms: an outage of hours must not turn into minutes of silence after it. */
const longestWait = 60_000;

/** Exponential waits with jitter, so that a relay that comes back is not met by all its clients at once. */
export class BackOff {
  readonly #random: RandomSource;
  #failures = 0;

  constructor(random: RandomSource) {
    this.#random = random;
  }

  /** The next wait, ms: between half and all of what doubles with every failure. */
  next(): number {
    const full = Math.min(firstWait * 2 ** Math.min(this.#failures, 16), longestWait);
    this.#failures += 1;
    const jitter = new Uint8Array(2);
    this.#random.fill(jitter);
    const fraction = ((jitter[0] ?? 0) * 256 + (jitter[1] ?? 0)) / 65_536;
    return Math.round(full / 2 + (full / 2) * fraction);
  }

  /** It worked. */
  reset(): void {
    this.#failures = 0;
  }
}
