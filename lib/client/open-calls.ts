/** Calls of the application that have not settled. */
export class OpenCalls {
  readonly #open = new Set<Promise<unknown>>();

  /** Number of them. */
  get size(): number {
    return this.#open.size;
  }

  /** Notes `call` until it settles; gives it back. */
  track<T>(call: Promise<T>): Promise<T> {
    this.#open.add(call);
    const leave = (): void => {
      this.#open.delete(call);
    };
    call.then(leave, leave);
    return call;
  }

  /** Resolves when none of those that are open now is left. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#open]);
  }
}
