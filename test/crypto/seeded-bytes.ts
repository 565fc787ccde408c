import { createHash } from 'node:crypto';

/** `length` bytes that look random and depend on `seed` alone. */
export function seededBytes(seed: string, length: number): Uint8Array {
  return new Uint8Array(createHash('shake128', { outputLength: length }).update(seed).digest());
}

/** A copy of `bytes` with one bit of the byte at `index` (from the end when negative) changed. */
export function altered(bytes: Uint8Array, index: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const at = index < 0 ? copy.length + index : index;
  copy[at] = copy[at]! ^ 1;
  return copy;
}
