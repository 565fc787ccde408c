/**
 * Encrypted files of any size in bounded memory: the reference's file helper, except that nothing reaches the target before it is complete
 * and, on decryption, authentic (weaknesses I16).
 *
 * A file is AES-256-GCM's ciphertext and tag, 16 bytes longer than its content, which may be empty. It is worked on in blocks by OpenSSL,
 * which is several times faster than the addon on long content. Spec: crypto.md §4.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import path from 'node:path';
import { DecodeError, UsageError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import { allocateSecret } from '../base/secret.js';
import { aeadTagLength, notAuthentic } from '../crypto/aead.js';
import { type FileKey, exposeFileKey, generateFileKey } from './file-key.js';
import { fileAssociatedData, zeroIv } from './format.js';
import { SourceFile } from './source-file.js';
import { TargetFile } from './target-file.js';

const algorithm = 'aes-256-gcm';

/** How a file is worked on. */
export interface FileOptions {
  /** Replace the target when it is there; it then belongs to its owner only (mode 0600), as every target does. */
  readonly overwrite?: boolean;
  /** Gives the work up: the promise rejects with the signal's reason (`UsageError('aborted')` when that is no error). */
  readonly signal?: AbortSignal;
  /** Called after each block with the bytes of content done so far and all of them; what it throws ends the work. */
  readonly onProgress?: (done: number, length: number) => void;
}

/** How a file is encrypted. */
export interface EncryptOptions extends FileOptions {
  /** The key. It must never have sealed anything: one key is for ONE file. Without it there is a new one, which is the safe way. */
  readonly key?: FileKey;
}

/** A file that has been encrypted. */
export interface EncryptedFile {
  /** The key that decrypts it: the given one, else a new one. The caller keeps it, and wipes it. */
  readonly key: FileKey;
  /** Bytes of the content; the file has 16 more. */
  readonly contentLength: number;
}

/** Turns one block into one of the same length. */
type Transform = (block: Uint8Array) => Uint8Array;

/**
 * Encrypts the file `source` into the file `target`, under a new key that it returns, or under the given one. A GIVEN KEY MAY ENCRYPT ONE
 * CONTENT ONLY: the IV of the format is zero, and two contents under one key give away both. For a key from a passphrase see
 * {@link deriveFileKey} and its warning.
 *
 * When the promise resolves, the target is complete and durable; when it rejects, it is as it was before, or not there. The two paths may be
 * the same with `overwrite` and a given key, which the caller has stored before: a new one would be lost in a crash, and the content with it.
 *
 * Throws `UsageError`: `no-such-file`, `not-a-file` (directories, devices, and links as targets), `target-exists`, `file-name`, `file-length`
 * (more than 2^36 - 32 bytes), `key-length`, `key-needed`; `StoreError`: `disk-full`, `unavailable`, `source-changed`, and `outcome-unknown`
 * when the target is complete but may not survive a power failure (and is useless if the key was to be a new one: encrypt again).
 */
export async function encryptFile(source: string, target: string, options: EncryptOptions = {}): Promise<EncryptedFile> {
  checkAborted(options);
  await using input = await SourceFile.open(source);
  const contentLength = input.length;
  if (contentLength > limits.fileLength) {
    throw new UsageError('file-length', `the file has ${contentLength} bytes, more than ${limits.fileLength}: split it`);
  }
  await using output = await TargetFile.create(path.resolve(target), options.overwrite === true);
  if (options.key === undefined && output.replaced !== undefined && input.isSameAs(output.replaced)) {
    throw new UsageError('key-needed', 'a file is replaced by its encryption only under a given key, one that is stored already');
  }
  const key = options.key ?? generateFileKey();
  try {
    const cipher = createCipheriv(algorithm, exposeFileKey(key), zeroIv, { authTagLength: aeadTagLength }).setAAD(fileAssociatedData);
    await transfer(input, contentLength, (block) => cipher.update(block), output, options);
    await input.expectEnd();
    cipher.final();
    await output.write(cipher.getAuthTag());
    await commit(output, options);
    return { key, contentLength };
  } catch (error) {
    if (options.key === undefined) key.wipe();
    throw error;
  }
}

/**
 * Decrypts the file `source` into the file `target` and returns the bytes of its content. The target appears only when all of the source has
 * turned out to be authentic; until then the plaintext lies beside it in a file for its owner only, which is removed when anything fails (and
 * left as `.skissm-….tmp` when the process dies). The two paths may be the same with `overwrite`.
 *
 * Throws `VerificationError('not-authentic')` when the key is another one, a byte has changed or the file is cut; `DecodeError('too-large')`
 * for one longer than any encrypted file; and the errors of {@link encryptFile}.
 */
export async function decryptFile(source: string, target: string, key: FileKey, options: FileOptions = {}): Promise<number> {
  checkAborted(options);
  const keyBytes = exposeFileKey(key);
  await using input = await SourceFile.open(source);
  const contentLength = input.length - aeadTagLength;
  if (contentLength < 0) throw notAuthentic();
  if (contentLength > limits.fileLength) throw new DecodeError('too-large', `no encrypted file has ${input.length} bytes`);
  const decipher = createDecipheriv(algorithm, keyBytes, zeroIv, { authTagLength: aeadTagLength }).setAAD(fileAssociatedData);
  await using output = await TargetFile.create(path.resolve(target), options.overwrite === true);
  await transfer(input, contentLength, (block) => decipher.update(block), output, options);
  const tag = new Uint8Array(aeadTagLength);
  await input.read(tag);
  await input.expectEnd();
  decipher.setAuthTag(tag);
  try {
    decipher.final();
  } catch {
    throw notAuthentic();
  }
  await commit(output, options);
  return contentLength;
}

/** Passes `length` bytes of the input through `transform` to the output, one block in memory at a time, and wipes the blocks. */
async function transfer(input: SourceFile, length: number, transform: Transform, output: TargetFile, options: FileOptions): Promise<void> {
  const buffer = allocateSecret(Math.min(length, limits.fileBlockLength));
  try {
    for (let done = 0; done < length;) {
      checkAborted(options);
      const block = buffer.subarray(0, Math.min(buffer.length, length - done));
      await input.read(block);
      const transformed = transform(block);
      try {
        await output.write(transformed);
      } finally {
        transformed.fill(0);
      }
      done += block.length;
      options.onProgress?.(done, length);
    }
  } finally {
    buffer.fill(0);
  }
}

/** The last moment to give up is the one before the target appears. */
async function commit(output: TargetFile, options: FileOptions): Promise<void> {
  checkAborted(options);
  await output.commit();
}

function checkAborted({ signal }: FileOptions): void {
  if (signal?.aborted !== true) return;
  const reason: unknown = signal.reason;
  throw reason instanceof Error ? reason : new UsageError('aborted', 'the call was given up');
}
