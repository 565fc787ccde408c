/** What the file system throws, as errors that say what the caller can do about it. */
import { E2eeError, StoreError, UsageError } from '../base/errors.js';

const named: Readonly<Record<string, (path: string, cause: unknown) => E2eeError>> = {
  ENOENT: noSuchFile,
  ENOTDIR: noSuchFile,
  EEXIST: targetExists,
  EISDIR: notAFile,
  ENXIO: notAFile,
  ENAMETOOLONG: unusableName,
  ELOOP: unusableName,
  ERR_INVALID_ARG_VALUE: unusableName,
  ENOSPC: diskFull,
  EDQUOT: diskFull,
  EFBIG: diskFull,
};

/**
 * `error`, thrown while `path` was used, as one of ours. A name that leads nowhere is a `UsageError` (`no-such-file`, `not-a-file`,
 * `target-exists`, `file-name`): another call can succeed. The rest is a `StoreError` (`disk-full`, `unavailable`): the same call may
 * succeed later.
 */
export function fileError(error: unknown, path: string): E2eeError {
  if (error instanceof E2eeError) return error;
  const code = errorCode(error);
  return named[code]?.(path, error) ?? new StoreError('unavailable', `${path} cannot be used (${code})`, { cause: error });
}

/** The code of what the file system has thrown. */
export function errorCode(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
}

/** Runs `work` on `path`; what the file system throws comes out as {@link fileError} says. */
export async function onFile<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileError(error, path);
  }
}

/** The target is there and must not be replaced. */
export function targetExists(path: string, cause?: unknown): UsageError {
  return new UsageError('target-exists', `${path} is there already: give another name, or remove or overwrite it`, { cause });
}

/** The path names a directory, a device, a pipe, or for a target a link. */
export function notAFile(path: string, cause?: unknown): UsageError {
  return new UsageError('not-a-file', `${path} is not a regular file: give the path of one, and of a directory an archive`, { cause });
}

function noSuchFile(path: string, cause: unknown): UsageError {
  return new UsageError('no-such-file', `${path} does not exist: check the name and its directory`, { cause });
}

function unusableName(path: string, cause: unknown): UsageError {
  return new UsageError('file-name', `a name of ${path.length} characters cannot be used as a path: give another one`, { cause });
}

function diskFull(path: string, cause: unknown): StoreError {
  return new StoreError('disk-full', `there is no room for ${path}`, { cause });
}
