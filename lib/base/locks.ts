/** Lets go of what {@link Locks.acquire} took; a second call does nothing. */
export type Release = () => void;

interface Claim {
  readonly keys: readonly string[];
  /** Keys at whose head this claim does not stand yet. */
  missing: number;
  readonly grant: (release: Release) => void;
}

/**
 * First come, first served locks by name.
 *
 * A claim takes its place in the queues of all its keys at once, in one synchronous call: claims on a key are served in the order of the
 * calls, whatever else they wait for, and two claims can never wait for each other.
 */
export class Locks {
  readonly #queues = new Map<string, Claim[]>();

  /** Resolves when all of `keys` are held. The place in the queues is taken during the call itself. */
  acquire(keys: readonly string[]): Promise<Release> {
    return new Promise((resolve) => {
      const distinct = [...new Set(keys)];
      const claim: Claim = { keys: distinct, missing: 0, grant: resolve };
      for (const key of distinct) {
        const queue = this.#queues.get(key);
        if (queue === undefined) this.#queues.set(key, [claim]);
        else {
          queue.push(claim);
          claim.missing += 1;
        }
      }
      if (claim.missing === 0) this.#grant(claim);
    });
  }

  /** Takes all of `keys` if nobody holds or awaits any of them. */
  tryAcquire(keys: readonly string[]): Release | undefined {
    for (const key of keys) if (this.#queues.has(key)) return undefined;
    const claim: Claim = { keys: keys.length > 1 ? [...new Set(keys)] : keys, missing: 0, grant: () => undefined };
    for (const key of claim.keys) this.#queues.set(key, [claim]);
    return this.#releaseOf(claim);
  }

  /** Runs `work` when all of `keys` are held; they are free again when it settles. */
  async run<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const release = await this.acquire(keys);
    try {
      return await work();
    } finally {
      release();
    }
  }

  /** Whether somebody holds or awaits `key`. */
  isTaken(key: string): boolean {
    return this.#queues.has(key);
  }

  #grant(claim: Claim): void {
    claim.grant(this.#releaseOf(claim));
  }

  #releaseOf({ keys }: Claim): Release {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      for (const key of keys) this.#leave(key);
    };
  }

  #leave(key: string): void {
    const queue = this.#queues.get(key);
    if (queue === undefined) return;
    queue.shift();
    const next = queue[0];
    if (next === undefined) {
      this.#queues.delete(key);
      return;
    }
    next.missing -= 1;
    if (next.missing === 0) this.#grant(next);
  }
}
