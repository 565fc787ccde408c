/**
 * Small pieces of memory out of larger blocks: a piece of a block costs a tenth of an `ArrayBuffer` of its own, and nothing when it is
 * collected. Like `allocateSecret` it gives zeros outside the garbage-collected heap that stay where they are.
 *
 * A block lives for as long as any of its pieces. No piece is ever handed out twice, so one that was wiped stays wiped. Whoever has a
 * piece can reach its whole block: pieces of a slab of secrets never leave the package.
 */
export class Slab {
  readonly #blockLength: number;
  readonly #longest: number;
  #block: ArrayBuffer | undefined;
  #used = 0;

  /** Blocks of `blockLength` bytes; what is longer than `longest` bytes gets memory of its own, it would leave much of a block unused. */
  constructor(blockLength = 65_536, longest = 8_192) {
    this.#blockLength = blockLength;
    this.#longest = longest;
  }

  /** `length` bytes, all zero. */
  allocate(length: number): Uint8Array<ArrayBuffer> {
    if (length > this.#longest) return new Uint8Array(new ArrayBuffer(length));
    if (this.#block === undefined || this.#used + length > this.#blockLength) {
      this.#block = new ArrayBuffer(this.#blockLength);
      this.#used = 0;
    }
    const piece = new Uint8Array(this.#block, this.#used, length);
    this.#used += length;
    return piece;
  }
}
