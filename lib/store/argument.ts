import { UsageError } from '../base/errors.js';
import type { Range, Write } from './store.js';

/** Longest key of a row in bytes: an address with three names of 256 characters and a number fit. */
export const maxKeyLength = 1_024;

/** Largest value of a row in bytes: a mailbox body of the suite with the largest keys (136 MB) fits; SQLite's own bound is 1 GB. */
export const maxValueLength = 268_435_456;

/** Throws `UsageError('key-length')` unless `key` has 1 to {@link maxKeyLength} bytes. */
export function checkKey(key: Uint8Array): void {
  if (key.length === 0 || key.length > maxKeyLength) {
    throw new UsageError('key-length', `a key has 1 to ${maxKeyLength} bytes, not ${key.length}`);
  }
}

/** Throws `UsageError('key-length')` or `UsageError('value-length')` when one of `writes` cannot be stored. */
export function checkWrites(writes: readonly Write[]): void {
  for (const { key, value } of writes) {
    checkKey(key);
    if (value !== undefined && value.length > maxValueLength) {
      throw new UsageError('value-length', `a value has at most ${maxValueLength} bytes, not ${value.length}`);
    }
  }
}

/** Throws `UsageError('key-length')` or `UsageError('limit')` when `range` cannot be read. */
export function checkRange(range: Range): void {
  if (range.prefix.length > maxKeyLength) {
    throw new UsageError('key-length', `a prefix has at most ${maxKeyLength} bytes, not ${range.prefix.length}`);
  }
  if (range.after !== undefined) checkKey(range.after);
  if (range.limit !== undefined && !(Number.isSafeInteger(range.limit) && range.limit >= 0)) {
    throw new UsageError('limit', 'the limit of a range is a whole number, at least 0');
  }
}
