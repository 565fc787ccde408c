import { createReadStream } from 'node:fs';
import { allocateSecret, Secret } from '../core.js';
import { UsageError } from '../index.js';
import { withoutLineEnding } from './lines.js';

/** Bytes of the longest passphrase with its line ending; a file that is longer is not one. */
const longestPassphrase = 4_096;

/**
 * The passphrase in a file, or on standard input for `-`: all of it but one line ending. The caller wipes it.
 * Throws `UsageError` `input` when the file cannot be read, `passphrase` when it is too long.
 */
export async function readPassphrase(file: string): Promise<Secret<'Passphrase'>> {
  const held = allocateSecret(longestPassphrase);
  let length = 0;
  try {
    for await (const chunk of file === '-' ? process.stdin : readable(file)) {
      if (!(chunk instanceof Uint8Array)) throw new UsageError('input', 'the passphrase cannot be read as bytes');
      if (length + chunk.length > held.length) {
        throw new UsageError('passphrase', `a passphrase with more than ${longestPassphrase} bytes is not taken`);
      }
      held.set(chunk, length);
      length += chunk.length;
      chunk.fill(0);
    }
    const line = withoutLineEnding(held.subarray(0, length));
    const passphrase = allocateSecret(line.length);
    passphrase.set(line);
    return new Secret<'Passphrase'>(passphrase);
  } finally {
    held.fill(0);
  }
}

async function* readable(file: string): AsyncGenerator {
  try {
    yield* createReadStream(file);
  } catch (cause) {
    throw new UsageError('input', `cannot read ${file}`, { cause });
  }
}
