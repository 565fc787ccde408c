import { randomFillSync } from 'node:crypto';
import { toBase64 } from './bytes.js';

/** Randomness as an argument: tests pass a seeded one. */
export interface RandomSource {
  /** Fills all of `out` with cryptographically secure bytes. */
  fill(out: Uint8Array): void;
}

/** The operating system's generator. */
export const systemRandom: RandomSource = {
  fill(out) {
    randomFillSync(out);
  },
};

/** A new identifier: 16 random bytes in standard base64, 24 characters. Spec: wire.md §1. */
export function randomId(random: RandomSource): string {
  const bytes = new Uint8Array(16);
  random.fill(bytes);
  return toBase64(bytes);
}
