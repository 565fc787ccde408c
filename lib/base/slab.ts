import { allocateSecret } from './secret.js';

/** Bytes allocated at once: some thirty messages of the default suite. */
const pieceLength = 65_536;

/** Bytes from which a value gets memory of its own: it would leave much of a piece unused, and keeps the whole of it alive. */
const largeLength = 8_192;

/**
 * Memory for many small values that live for a few milliseconds: each is a view of a large piece, which costs a twentieth of a buffer of its own. A
 * piece is freed when the last of its values is.
 */
export class Slab {
  #piece = allocateSecret(0);
  #position = 0;

  /** `length` bytes, all zero, that nobody else has. */
  take(length: number): Uint8Array<ArrayBuffer> {
    if (length >= largeLength) return allocateSecret(length);
    if (this.#position + length > this.#piece.length) {
      this.#piece = allocateSecret(pieceLength);
      this.#position = 0;
    }
    const start = this.#position;
    this.#position += length;
    return new Uint8Array(this.#piece.buffer, start, length);
  }
}
