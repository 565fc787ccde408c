import { maxKeyLength } from './argument.js';

/** Where keys are read from; used within one call. A `Buffer` around every key would be garbage of every write. */
const scratch = Buffer.alloc(maxKeyLength);

/** A key, or the beginning of one, as a text of one character per byte: such texts compare and sort like the bytes, and serve as keys of a `Map`. */
export function keyText(key: Uint8Array): string {
  scratch.set(key);
  return scratch.toString('latin1', 0, key.length);
}

/** The key that {@link keyText} was made of, in memory of its own. */
export function keyBytes(text: string): Uint8Array {
  const key = new Uint8Array(new ArrayBuffer(text.length));
  for (let i = 0; i < text.length; i += 1) key[i] = text.charCodeAt(i);
  return key;
}
