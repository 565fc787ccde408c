import { once } from 'node:events';
import { open } from 'node:fs/promises';
import type { WriteStream } from 'node:fs';
import { StoreError, UsageError, type Transport } from '../index.js';

/** A file that takes what the relay pushes to a device, as it came: sealed, one push per line in standard base64. */
export class Recording {
  readonly #file: string;
  readonly #stream: WriteStream;
  #failure: unknown;

  private constructor(file: string, stream: WriteStream) {
    this.#file = file;
    this.#stream = stream;
    stream.on('error', (error) => {
      this.#failure ??= error;
    });
  }

  /** Opens the file, which is made for its owner only; what is in it stays. Rejects with `UsageError('record')` when it cannot be written. */
  static async open(file: string): Promise<Recording> {
    try {
      const handle = await open(file, 'a', 0o600);
      return new Recording(file, handle.createWriteStream());
    } catch (error) {
      throw new UsageError('record', `cannot write ${file}`, { cause: error });
    }
  }

  /** The same way to the relay; every push that comes over it is recorded. */
  of(transport: Transport): Transport {
    return {
      connect: (options) =>
        transport.connect({
          ...options,
          onPush: (push) => {
            this.#stream.write(`${Buffer.from(push).toString('base64')}\n`);
            options.onPush(push);
          },
        }),
    };
  }

  /** Waits until everything is written. Rejects with `StoreError('unavailable')` when that failed. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.#stream.closed ? Promise.resolve() : once(this.#stream, 'close');
    this.#stream.end();
    await closed;
    if (this.#failure !== undefined)
      throw new StoreError('unavailable', `not everything was recorded in ${this.#file}`, { cause: this.#failure });
  }
}
