import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { E2eeError } from '../../lib/base/errors.js';

/** A directory of one test. */
export class Folder {
  readonly #path = mkdtempSync(path.join(tmpdir(), 'skissm-file-'));

  /** The path of a file in it. */
  file(name: string): string {
    return path.join(this.#path, name);
  }

  /** Makes a file and gives its path. */
  put(name: string, bytes: Uint8Array): string {
    writeFileSync(this.file(name), bytes);
    return this.file(name);
  }

  /** What a file holds. */
  bytes(name: string): Uint8Array {
    return new Uint8Array(readFileSync(this.file(name)));
  }

  /** The names of everything in it, leftovers included. */
  get names(): string[] {
    return readdirSync(this.#path).sort();
  }

  remove(): void {
    rmSync(this.#path, { recursive: true, force: true });
  }
}

/** Class and code of the error that ends `work`; `no error` when it succeeds. */
export async function rejectionOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return error instanceof E2eeError ? `${error.name} ${error.code}` : `foreign ${String(error)}`;
  }
  return 'no error';
}
