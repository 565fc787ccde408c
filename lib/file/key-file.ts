/** A key in a file of its own: one line of text, readable by its owner only. */
import path from 'node:path';
import { DecodeError } from '../base/errors.js';
import { allocateSecret } from '../base/secret.js';
import { type FileKey } from './file-key.js';
import { decodeFileKey, encodeFileKey, longestKeyText } from './key-text.js';
import { SourceFile } from './source-file.js';
import { TargetFile } from './target-file.js';

/**
 * Makes a file that holds the key as base64 and a line feed, with mode 0600. When the promise resolves it is durable: only then may the key
 * encrypt what is not kept elsewhere. Never replaces a file. The key remains the caller's to wipe.
 * Throws `UsageError` `target-exists`, `no-such-file`, `not-a-file`, `file-name`, and `StoreError` `disk-full`, `unavailable`, `outcome-unknown`.
 */
export async function saveFileKey(file: string, key: FileKey): Promise<void> {
  using text = encodeFileKey(key);
  await using output = await TargetFile.create(path.resolve(file), false);
  await output.write(text.expose());
  await output.commit();
}

/**
 * The key in a file that {@link saveFileKey} has made; the caller wipes it. Throws `DecodeError('key-text')` when the file holds anything
 * else, `UsageError` `no-such-file`, `not-a-file`, `file-name`, and `StoreError` `unavailable`, `source-changed`.
 */
export async function loadFileKey(file: string): Promise<FileKey> {
  await using input = await SourceFile.open(file);
  if (input.length > longestKeyText) throw new DecodeError('key-text', `${file} is no key: it has more than ${longestKeyText} bytes`);
  const text = allocateSecret(input.length);
  try {
    await input.read(text);
    await input.expectEnd();
    return decodeFileKey(text);
  } finally {
    text.fill(0);
  }
}
