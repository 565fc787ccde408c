import { concat, copyBytes } from '../../base/bytes.js';
import { maxKeyLength } from '../argument.js';
import type { Range } from '../store.js';
import type { KeyInterval } from './call.js';

/** Above every key. */
const aboveAll = new Uint8Array(maxKeyLength + 1).fill(0xff);

/** The interval of keys that a range selects. */
export function keyInterval({ prefix, after, limit, reverse }: Range): KeyInterval {
  let from = prefix;
  let to = endOfPrefix(prefix);
  if (after !== undefined && reverse === true && Buffer.compare(after, to) < 0) to = after;
  // A key and a zero byte: the very next key.
  if (after !== undefined && reverse !== true && Buffer.compare(after, from) >= 0) from = concat([after, new Uint8Array(1)]);
  return { from, to, limit: limit ?? -1, reverse: reverse === true };
}

/** The smallest byte string above all that begin with `prefix`. */
function endOfPrefix(prefix: Uint8Array): Uint8Array {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length -= 1;
  if (length === 0) return aboveAll;
  const end = copyBytes(prefix.subarray(0, length));
  end[length - 1] = (prefix[length - 1] ?? 0) + 1;
  return end;
}
