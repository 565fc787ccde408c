import type { Clock } from '../../lib/base/clock.js';

interface Timer {
  readonly due: number;
  readonly callback: () => void;
  handle: NodeJS.Timeout | undefined;
}

/** The system's clock, which a story can move: forward, with everything that becomes due, and back, which no timer notices. */
export class HostClock implements Clock {
  readonly #timers = new Set<Timer>();
  #offset: number;
  /** Milliseconds that timers have been moved by. */
  #moved = 0;

  /** `offset`: how far it goes ahead of the system's from the beginning, ms. */
  constructor(offset: number) {
    this.#offset = offset;
  }

  now(): number {
    return Date.now() + this.#offset;
  }

  schedule(delay: number, callback: () => void): () => void {
    const timer: Timer = { due: this.#elapsed() + delay, callback, handle: undefined };
    this.#timers.add(timer);
    this.#wait(timer);
    return () => {
      clearTimeout(timer.handle);
      this.#timers.delete(timer);
    };
  }

  /** Moves the time by so many ms. */
  leap(by: number): void {
    this.#offset += by;
    if (by < 0) return;
    this.#moved += by;
    const due = [...this.#timers].filter((timer) => timer.due <= this.#elapsed()).sort((one, other) => one.due - other.due);
    // One that runs may cancel another.
    for (const timer of due) if (this.#timers.has(timer)) this.#run(timer);
    for (const timer of this.#timers) this.#wait(timer);
  }

  #elapsed(): number {
    return performance.now() + this.#moved;
  }

  #wait(timer: Timer): void {
    clearTimeout(timer.handle);
    timer.handle = setTimeout(() => this.#run(timer), Math.max(0, timer.due - this.#elapsed()));
    timer.handle.unref();
  }

  #run(timer: Timer): void {
    clearTimeout(timer.handle);
    this.#timers.delete(timer);
    timer.callback();
  }
}
