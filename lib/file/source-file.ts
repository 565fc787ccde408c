import { constants, type BigIntStats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { StoreError } from '../base/errors.js';
import { fileError, notAFile, onFile } from './file-error.js';

/** A regular file that is read once from its beginning to its end; its length is taken when it is opened and must stay. */
export class SourceFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #stats: BigIntStats;

  private constructor(path: string, handle: FileHandle, stats: BigIntStats) {
    this.#path = path;
    this.#handle = handle;
    this.#stats = stats;
  }

  /** Opens `path`; a link is followed. Throws what `fileError` says, `UsageError('not-a-file')` for anything but a regular file. */
  static async open(path: string): Promise<SourceFile> {
    // Without O_NONBLOCK the opening of a pipe waits until somebody writes.
    const handle = await onFile(path, () => open(path, constants.O_RDONLY | constants.O_NONBLOCK));
    try {
      const stats = await handle.stat({ bigint: true });
      if (!stats.isFile()) throw notAFile(path);
      return new SourceFile(path, handle, stats);
    } catch (error) {
      await handle.close();
      throw fileError(error, path);
    }
  }

  /** Bytes of the file. */
  get length(): number {
    return Number(this.#stats.size);
  }

  /** Whether this is the file that `stats` describe, under whatever name. */
  isSameAs(stats: BigIntStats): boolean {
    return stats.dev === this.#stats.dev && stats.ino === this.#stats.ino;
  }

  /** Fills all of `out` with the next bytes. Throws `StoreError` `source-changed` when the file has become shorter, else `unavailable`. */
  async read(out: Uint8Array): Promise<void> {
    for (let filled = 0; filled < out.length;) {
      const { bytesRead } = await onFile(this.#path, () => this.#handle.read(out, filled, out.length - filled));
      if (bytesRead === 0) throw this.#changed();
      filled += bytesRead;
    }
  }

  /** Makes sure that all has been read. Throws `StoreError('source-changed')` when the file has become longer. */
  async expectEnd(): Promise<void> {
    const { bytesRead } = await onFile(this.#path, () => this.#handle.read(new Uint8Array(1), 0, 1));
    if (bytesRead !== 0) throw this.#changed();
  }

  /** Closes the file; what was wanted from it has been read, so that a failure means nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close().catch(() => undefined);
  }

  #changed(): StoreError {
    return new StoreError('source-changed', `${this.#path} has changed while it was read: try again when nothing writes to it`);
  }
}
