/** Choices from the bytes of an input; when they are used up, from a generator that begins with them. The same bytes, the same choices. */
export class Tape {
  #bytes;
  #at = 0;
  #state;

  constructor(bytes) {
    this.#bytes = bytes;
    // FNV-1a.
    this.#state = bytes.reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193) >>> 0, 0x811c9dc5);
  }

  /** A number from 0 up to, but not including, `bound`, which is at most 65,536. */
  below(bound) {
    return ((this.#byte() << 8) | this.#byte()) % bound;
  }

  /** True once in `times`. */
  onceIn(times) {
    return this.below(times) === 0;
  }

  pick(choices) {
    return choices[this.below(choices.length)];
  }

  #byte() {
    const given = this.#bytes[this.#at];
    this.#at += 1;
    if (given !== undefined) return given;
    // mulberry32.
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) & 0xff;
  }
}
