import { copyBytes } from '../base/bytes.js';
import { keyBytes, keyText } from './key-text.js';
import { OrderedMap } from './ordered-map.js';
import type { Range, Row, Table, Write } from './store.js';

/** A write that waits for its transaction. */
export interface QueuedWrite extends Write {
  /** The transaction it waits for. */
  readonly owner: object;
  /** `keyText` of its key, made once. */
  readonly text: string;
  value: Uint8Array | undefined;
}

/** What of a range is queued: which rows to read from the driver, and how to join them with the queued ones. */
export interface OverlaySlice {
  /** The range to read from the driver. */
  readonly storedRange: Range;
  /** Joins the rows of {@link storedRange} with the queued ones. */
  merge(stored: readonly Row[]): Row[];
}

/** The rows as they will be once everything queued is durable: the latest queued write of each key. */
export class Overlay {
  readonly #tables = new Map<Table, OrderedMap<QueuedWrite>>();

  /** The latest queued write of a row, or `undefined` when none is queued. */
  get(table: Table, text: string): QueuedWrite | undefined {
    return this.#tables.get(table)?.get(text);
  }

  /** Puts `write` in front of what was queued for the row before. */
  set(write: QueuedWrite): void {
    let rows = this.#tables.get(write.table);
    if (rows === undefined) {
      rows = new OrderedMap();
      this.#tables.set(write.table, rows);
    }
    rows.set(write.text, write);
  }

  /** Forgets those of `writes` that nothing newer has replaced: they can be read from the driver now. */
  remove(writes: readonly QueuedWrite[]): void {
    for (const write of writes) {
      const rows = this.#tables.get(write.table);
      if (rows?.get(write.text) === write) rows.delete(write.text);
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#tables.clear();
  }

  /** Takes what is queued now for `range`; values are copied, so the slice stays valid while the driver is read. */
  slice(table: Table, range: Range): OverlaySlice {
    const rows = this.#tables.get(table);
    if (rows === undefined || rows.size === 0) return { storedRange: range, merge: (stored) => [...stored] };
    const limit = range.limit ?? Infinity;
    const queued: { text: string; value: Uint8Array | undefined }[] = [];
    let sets = 0;
    const after = range.after === undefined ? undefined : keyText(range.after);
    for (const [text, { value }] of rows.entries({ prefix: keyText(range.prefix), after, reverse: range.reverse })) {
      if (sets >= limit) break;
      if (value !== undefined) sets += 1;
      queued.push({ text, value: value === undefined ? undefined : copyBytes(value) });
    }
    const deletions = queued.length - sets;
    return {
      // So many more rows than asked for may turn out to be deleted.
      storedRange: range.limit === undefined ? range : { ...range, limit: Math.min(range.limit + deletions, Number.MAX_SAFE_INTEGER) },
      merge: (stored) => merge(stored, queued, limit, range.reverse === true),
    };
  }
}

function merge(
  stored: readonly Row[],
  queued: readonly { readonly text: string; readonly value: Uint8Array | undefined }[],
  limit: number,
  reverse: boolean,
): Row[] {
  const merged: Row[] = [];
  let next = 0;
  /** Takes the queued rows that come before `text`; returns whether `text` itself is queued. */
  const takeUpTo = (text: string | undefined): boolean => {
    for (let write = queued[next]; write !== undefined; write = queued[next]) {
      if (text !== undefined && (reverse ? write.text < text : write.text > text)) return false;
      next += 1;
      if (write.value !== undefined) merged.push({ key: keyBytes(write.text), value: write.value });
      if (write.text === text) return true;
    }
    return false;
  };
  for (const row of stored) {
    if (next < queued.length && takeUpTo(keyText(row.key))) row.value.fill(0);
    else merged.push(row);
  }
  takeUpTo(undefined);
  for (const { value } of merged.splice(Math.min(limit, merged.length))) value.fill(0);
  return merged;
}
