import { StoreError } from '../../base/errors.js';

/** The code that SQLite gave an error, or `undefined` when the error is not SQLite's. */
function sqliteCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' && error.code.startsWith('SQLITE_') ? error.code : undefined;
}

/** Whether another connection holds the database. */
export function isBusy(error: unknown): boolean {
  const code = sqliteCode(error);
  return code !== undefined && (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED'));
}

/** Whether there was no room to write. */
export function isFull(error: unknown): boolean {
  return sqliteCode(error) === 'SQLITE_FULL';
}

/** `error` as a `StoreError` that says what the caller can do about it; SQLite's texts name no contents. */
export function storeError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const code = sqliteCode(error);
  const reason = `${code ?? 'failure'}: ${error instanceof Error ? error.message : 'unknown'}`;
  if (isFull(error)) return new StoreError('disk-full', `there is no room for the store (${reason})`, { cause: error });
  if (code?.startsWith('SQLITE_CORRUPT') === true || code === 'SQLITE_NOTADB') {
    return new StoreError('damaged', `the store is damaged (${reason})`, { cause: error });
  }
  return new StoreError('unavailable', `the store cannot be used (${reason})`, { cause: error });
}
