import { seededBytes } from '../support/seeded-jobs.js';

/** Random choices from a seed: the same seed, the same mutations. */
export class Dice {
  readonly #draw: (length: number) => Uint8Array;

  constructor(seed: string) {
    this.#draw = seededBytes(seed);
  }

  /** A number from 0 up to, but not including, `bound`. */
  below(bound: number): number {
    return new DataView(this.#draw(4).buffer).getUint32(0) % bound;
  }

  /** True once in `times`. */
  onceIn(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(choices: readonly T[]): T {
    const found = choices[this.below(choices.length)];
    if (found === undefined) throw new Error('there is nothing to pick from');
    return found;
  }

  /** Picks by weight. */
  weighted<T>(choices: readonly (readonly [number, T])[]): T {
    let rest = this.below(choices.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, choice] of choices) {
      if (rest < weight) return choice;
      rest -= weight;
    }
    throw new Error('there is nothing to pick from');
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from(this.#draw(length));
  }

  shuffled<T>(items: readonly T[]): T[] {
    const out = [...items];
    for (let at = out.length - 1; at > 0; at -= 1) {
      const other = this.below(at + 1);
      [out[at], out[other]] = [out[other]!, out[at]!];
    }
    return out;
  }
}
