import { randomFillSync } from 'node:crypto';

/** Randomness as an argument: tests pass a seeded one. */
export interface RandomSource {
  /** Fills all of `out` with cryptographically secure bytes. */
  fill(out: Uint8Array): void;
}

/** Bytes of an identifier. Spec: wire.md §1. */
const idLength = 16;

/** Random bytes for identifiers: asking for each apart takes a hundred times as long. Given out once each, and overwritten then. */
const stock = new Uint8Array(new ArrayBuffer(256 * idLength));
let used = stock.length;

/** The operating system's generator. What is no longer than an identifier, so never a key, comes from a block that was asked for at once. */
export const systemRandom: RandomSource = {
  fill(out) {
    if (out.length > idLength) {
      randomFillSync(out);
      return;
    }
    if (used + out.length > stock.length) {
      randomFillSync(stock);
      used = 0;
    }
    for (let at = 0; at < out.length; at += 1) {
      out[at] = stock[used] ?? 0;
      stock[used] = 0;
      used += 1;
    }
  },
};

/** Where identifiers are made; used within one call. */
const idBytes = Buffer.alloc(idLength);

/** A new identifier: 16 random bytes in standard base64, 24 characters. Spec: wire.md §1. */
export function randomId(random: RandomSource): string {
  idBytes.fill(0);
  random.fill(idBytes);
  return idBytes.toString('base64');
}
