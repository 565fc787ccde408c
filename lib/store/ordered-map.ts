/** Selects the entries of an {@link OrderedMap}; the texts are those of `keyText`. */
export interface TextRange {
  readonly prefix: string;
  readonly after?: string | undefined;
  readonly reverse?: boolean | undefined;
}

/** Keys per chunk at which it is split in two: an insertion moves at most so many, and a million keys have some thousand chunks. */
const chunkLimit = 512;

/**
 * A map from texts to values that can be walked in the order of its keys.
 *
 * The values lie in a hash map; beside it the keys stand sorted in chunks, so that one insertion among very many keys stays cheap.
 */
export class OrderedMap<Value> {
  readonly #values = new Map<string, Value>();
  readonly #chunks: string[][] = [];

  /** Number of entries. */
  get size(): number {
    return this.#values.size;
  }

  /** The value of `key`, or `undefined`. */
  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  /** All values in no particular order. */
  values(): IterableIterator<Value> {
    return this.#values.values();
  }

  /** Sets the value of `key`. */
  set(key: string, value: Value): void {
    const known = this.#values.size;
    this.#values.set(key, value);
    if (this.#values.size > known) this.#insert(key);
  }

  /** Removes `key`; nothing happens when it is not there. */
  delete(key: string): void {
    if (!this.#values.delete(key)) return;
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at] ?? [];
    chunk.splice(lowerBound(chunk, key), 1);
    if (chunk.length === 0) this.#chunks.splice(at, 1);
  }

  /** Removes all entries. */
  clear(): void {
    this.#values.clear();
    this.#chunks.length = 0;
  }

  /** The entries of `range` in the order of their keys. The map must not change during the walk. */
  *entries(range: TextRange): Generator<readonly [string, Value]> {
    for (const key of range.reverse === true ? this.#backwards(range) : this.#forwards(range)) {
      const value = this.#values.get(key);
      if (value !== undefined) yield [key, value];
    }
  }

  *#forwards({ prefix, after }: TextRange): Generator<string> {
    const from = after !== undefined && after > prefix ? after : prefix;
    for (let at = this.#chunkOf(from); at < this.#chunks.length; at += 1) {
      const chunk = this.#chunks[at] ?? [];
      for (let i = lowerBound(chunk, from); i < chunk.length; i += 1) {
        const key = chunk[i] ?? '';
        if (key === after) continue;
        if (!key.startsWith(prefix)) return;
        yield key;
      }
    }
  }

  *#backwards({ prefix, after }: TextRange): Generator<string> {
    // Sorts above every key that begins with the prefix: the characters of a key end at 0xff.
    const end = prefix + '\u0100';
    const below = after !== undefined && after < end ? after : end;
    for (let at = this.#chunkOf(below); at >= 0; at -= 1) {
      const chunk = this.#chunks[at] ?? [];
      for (let i = lowerBound(chunk, below) - 1; i >= 0; i -= 1) {
        const key = chunk[i] ?? '';
        if (!key.startsWith(prefix)) return;
        yield key;
      }
    }
  }

  #insert(key: string): void {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) {
      this.#chunks.push([key]);
      return;
    }
    const last = chunk[chunk.length - 1];
    // Keys mostly come in growing order (queues), where no search is needed.
    if (last !== undefined && key > last) chunk.push(key);
    else chunk.splice(lowerBound(chunk, key), 0, key);
    if (chunk.length > chunkLimit) this.#chunks.splice(at + 1, 0, chunk.splice(chunkLimit / 2));
  }

  /** Index of the last chunk that begins at or below `key`, or 0. */
  #chunkOf(key: string): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#chunks[middle]?.[0] ?? '') <= key) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }
}

/** Index of the first of the sorted `keys` that is not below `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
