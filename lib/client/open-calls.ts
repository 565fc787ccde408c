/** Calls made between two waits. Counted, not listed: there may be thousands at a time. */
class Stretch {
  open = 0;
  onNoneOpen: (() => void) | undefined;
  readonly leave = (): void => {
    this.open -= 1;
    if (this.open === 0) this.onNoneOpen?.();
  };
}

/** Calls of the application that have not settled. */
export class OpenCalls {
  #current = new Stretch();
  /** Somebody waits for these, and no call is added to them. */
  readonly #awaited = new Map<Stretch, Promise<void>>();

  /** Notes `call` until it settles; gives it back. */
  track<T>(call: Promise<T>): Promise<T> {
    const stretch = this.#current;
    stretch.open += 1;
    call.then(stretch.leave, stretch.leave);
    return call;
  }

  /** Resolves when none of those that are open now is left. */
  async settled(): Promise<void> {
    const stretch = this.#current;
    if (stretch.open > 0) {
      this.#current = new Stretch();
      const ended = new Promise<void>((resolve) => {
        stretch.onNoneOpen = () => {
          this.#awaited.delete(stretch);
          resolve();
        };
      });
      this.#awaited.set(stretch, ended);
    }
    await Promise.all(this.#awaited.values());
  }
}
