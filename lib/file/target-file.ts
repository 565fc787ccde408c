import { randomBytes } from 'node:crypto';
import { type BigIntStats } from 'node:fs';
import { type FileHandle, link, lstat, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { StoreError } from '../base/errors.js';
import { errorCode, fileError, notAFile, onFile, targetExists } from './file-error.js';

/** What file systems without hard links answer to `link`. */
const withoutLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/**
 * A file in the making. Until {@link commit} its bytes lie under a name of their own beside the target, readable by their owner only; the
 * target appears complete or not at all, and what is there before stays as it is. Disposing without a commit removes them; after the death
 * of the process they are left as `.skissm-….tmp`.
 */
export class TargetFile {
  readonly #path: string;
  readonly #temporary: string;
  readonly #handle: FileHandle;
  readonly #replaced: BigIntStats | undefined;
  #open = true;
  #moved = false;

  private constructor(target: string, temporary: string, handle: FileHandle, replaced: BigIntStats | undefined) {
    this.#path = target;
    this.#temporary = temporary;
    this.#handle = handle;
    this.#replaced = replaced;
  }

  /**
   * Begins the file that will be `target`. Throws what `fileError` says, `UsageError('target-exists')` when it is there and may not be
   * replaced and `UsageError('not-a-file')` when it is there and no regular file; links are not followed.
   */
  static async create(target: string, overwrite: boolean): Promise<TargetFile> {
    const replaced = await existing(target);
    if (replaced?.isFile() === false) throw notAFile(target);
    if (replaced !== undefined && !overwrite) throw targetExists(target);
    const temporary = path.join(path.dirname(target), `.skissm-${randomBytes(8).toString('hex')}.tmp`);
    const handle = await onFile(target, () => open(temporary, 'wx', 0o600));
    return new TargetFile(target, temporary, handle, replaced);
  }

  /** The file that a commit replaces, as it was found at the beginning. */
  get replaced(): BigIntStats | undefined {
    return this.#replaced;
  }

  /** Appends all of `bytes`. Throws `StoreError` `disk-full` or `unavailable`. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let written = 0; written < bytes.length;) {
      const { bytesWritten } = await onFile(this.#path, () => this.#handle.write(bytes, written));
      written += bytesWritten;
    }
  }

  /**
   * Makes the bytes durable and gives them the name of the target. Throws as {@link create} does when something else has taken that name
   * meanwhile, and `StoreError('outcome-unknown')` when the target is in place but a power failure may undo that.
   */
  async commit(): Promise<void> {
    await onFile(this.#path, async () => {
      await this.#handle.sync();
      await this.#close();
    });
    if (this.#replaced === undefined) await this.#moveToNewName();
    else await onFile(this.#path, () => rename(this.#temporary, this.#path));
    this.#moved = true;
    try {
      await rm(this.#temporary, { force: true });
      await syncDirectory(path.dirname(this.#path));
    } catch (cause) {
      throw new StoreError('outcome-unknown', `${this.#path} is complete, but whether its name is durable is unknown`, { cause });
    }
  }

  /** Removes what was written, unless it has been committed. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#moved) return;
    // An error is on its way to the caller already, and it says more than a removal that fails.
    if (this.#open) await this.#close().catch(() => undefined);
    await rm(this.#temporary, { force: true }).catch(() => undefined);
  }

  /** `rename` would replace what another process has put there since the beginning; `link` refuses to. */
  async #moveToNewName(): Promise<void> {
    try {
      await link(this.#temporary, this.#path);
    } catch (error) {
      if (!withoutLinks.has(errorCode(error))) throw fileError(error, this.#path);
      const message = `${this.#path} is on a file system without hard links: make an empty file there first and allow it to be overwritten`;
      throw new StoreError('unavailable', message, { cause: error });
    }
  }

  async #close(): Promise<void> {
    this.#open = false;
    await this.#handle.close();
  }
}

async function existing(target: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(target, { bigint: true });
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw fileError(error, target);
  }
}

/** Makes a name durable. Where a directory cannot be opened (Windows) the file system does that itself. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
