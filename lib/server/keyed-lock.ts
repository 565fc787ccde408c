/** A lock per name, first come first served. Whoever needs several names takes them in one call: they are taken in sorted order, so two callers cannot wait for each other. */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<void>>();

  /** Runs `work` when all of `names` are free; they are free again when it settles. */
  async run<T>(names: readonly string[], work: () => Promise<T>): Promise<T> {
    const releases: (() => void)[] = [];
    try {
      for (const name of [...new Set(names)].sort()) releases.push(await this.#take(name));
      return await work();
    } finally {
      for (const release of releases) release();
    }
  }

  async #take(name: string): Promise<() => void> {
    const before = this.#tails.get(name);
    let free: () => void = () => undefined;
    const tail = new Promise<void>((resolve) => {
      free = resolve;
    });
    this.#tails.set(name, tail);
    await before;
    return () => {
      if (this.#tails.get(name) === tail) this.#tails.delete(name);
      free();
    };
  }
}
