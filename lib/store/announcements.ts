/** What some of those who wait for a transaction are told. */
export interface Announcement {
  /** How many they are. */
  readonly commits: number;
  tell(): void;
}

/**
 * Tells those who wait for transactions, in order, and so many in each turn of the event loop: hundreds in one turn would keep everything else in
 * the process waiting for tens of milliseconds.
 */
export class Announcements {
  readonly #perTurn: number;
  #waiting: Announcement[] = [];
  #next = 0;
  /** Commits that were told in this turn. */
  #told = 0;
  #isTurnAwaited = false;

  /** `perTurn`: how many commits are told in one turn, when that is reached. */
  constructor(perTurn: number) {
    this.#perTurn = perTurn;
  }

  /** Adds `announcements` behind those that were added before; what still fits into this turn is told at once. */
  add(announcements: readonly Announcement[]): void {
    this.#waiting.push(...announcements);
    this.#tell();
  }

  /** Tells everything that is left, at once. */
  flush(): void {
    const left = this.#waiting.slice(this.#next);
    this.#waiting = [];
    this.#next = 0;
    for (const announcement of left) announcement.tell();
  }

  #tell(): void {
    for (let next = this.#waiting[this.#next]; next !== undefined && this.#told < this.#perTurn; next = this.#waiting[this.#next]) {
      this.#next += 1;
      this.#told += next.commits;
      next.tell();
    }
    if (this.#next === this.#waiting.length) {
      this.#waiting = [];
      this.#next = 0;
    }
    if (this.#isTurnAwaited || this.#told === 0) return;
    this.#isTurnAwaited = true;
    setImmediate(() => {
      this.#isTurnAwaited = false;
      this.#told = 0;
      this.#tell();
    });
  }
}
