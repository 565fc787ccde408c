import { FakeClock } from '../transport/fake-clock.js';

/** A clock that can also leap: days pass without a timer firing on the way, as for a machine that slept. */
export class ScenarioClock extends FakeClock {
  #leapt = 0;

  override now(): number {
    return super.now() + this.#leapt;
  }

  leap(duration: number): void {
    this.#leapt += duration;
  }
}
