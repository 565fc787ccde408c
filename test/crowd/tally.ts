/** What a client of the crowd has received, compared with what it should have. */

/** How the messages of one client, or of all, came. */
export interface TallyCount {
  readonly received: number;
  readonly lost: number;
  readonly duplicated: number;
  /** Came after one that was sent later on the same line. */
  readonly disordered: number;
  /** Named a line that nobody writes on, or a number beyond its end. */
  readonly foreign: number;
}

interface Line {
  last: number;
  readonly missing: Set<number>;
}

/** The messages of one client; those of a line are numbered from 1. */
export class Tally {
  readonly #expected: ReadonlyMap<string, number>;
  readonly #lines = new Map<string, Line>();
  #received = 0;
  #duplicated = 0;
  #disordered = 0;
  #foreign = 0;

  constructor(expected: ReadonlyMap<string, number>) {
    this.#expected = expected;
  }

  /** Messages that came for the first time. */
  get received(): number {
    return this.#received;
  }

  /** Message `number` of `line` has come. */
  note(line: string, number: number): void {
    if (!(number >= 1 && number <= (this.#expected.get(line) ?? 0))) {
      this.#foreign += 1;
      return;
    }
    const known = this.#lines.get(line) ?? { last: 0, missing: new Set<number>() };
    this.#lines.set(line, known);
    if (number > known.last) {
      for (let skipped = known.last + 1; skipped < number; skipped += 1) known.missing.add(skipped);
      known.last = number;
    } else if (known.missing.delete(number)) {
      this.#disordered += 1;
    } else {
      this.#duplicated += 1;
      return;
    }
    this.#received += 1;
  }

  /** How they came; what has not come by now is lost. */
  count(): TallyCount {
    let expected = 0;
    for (const count of this.#expected.values()) expected += count;
    return {
      received: this.#received,
      lost: expected - this.#received,
      duplicated: this.#duplicated,
      disordered: this.#disordered,
      foreign: this.#foreign,
    };
  }
}

/** The sum of several counts. */
export function sumOf(counts: readonly TallyCount[]): TallyCount {
  const sum = { received: 0, lost: 0, duplicated: 0, disordered: 0, foreign: 0 };
  for (const count of counts) {
    sum.received += count.received;
    sum.lost += count.lost;
    sum.duplicated += count.duplicated;
    sum.disordered += count.disordered;
    sum.foreign += count.foreign;
  }
  return sum;
}
