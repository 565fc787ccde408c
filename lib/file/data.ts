/** Sealed pieces of data in memory: the reference's data helper. Larger content belongs into a file. Spec: crypto.md §4. */
import { UsageError } from '../base/errors.js';
import { open, seal } from '../crypto/aead.js';
import { type FileKey, exposeFileKey, generateFileKey } from './file-key.js';
import { dataAssociatedData, ivLength, zeroIv } from './format.js';

/** How data is sealed. */
export interface DataOptions {
  /** The key. It must never have sealed anything under the same IV, and the IV is zero unless given: by default a key is for one content. */
  readonly key?: FileKey;
  /** 12 bytes that were never used with this key; they do not become part of the sealed bytes. */
  readonly iv?: Uint8Array;
}

/** Data that has been sealed. */
export interface SealedData {
  /** Ciphertext and tag: 16 bytes longer than the plaintext. */
  readonly sealed: Uint8Array;
  /** The key that opens it: the given one, else a new one. The caller keeps it, and wipes it. */
  readonly key: FileKey;
}

/**
 * Seals `plaintext` under a new key, which is the safe way, or under the given one. WITHOUT AN IV OF ITS OWN A KEY MAY SEAL ONE CONTENT ONLY:
 * the IV is zero, and a second content under the same key and IV gives away both. Nothing is padded; the reference cannot open an empty
 * content. Throws `UsageError` `key-length` and `iv-length`.
 */
export function encryptData(plaintext: Uint8Array, options: DataOptions = {}): SealedData {
  const iv = ivOf(options);
  const key = options.key ?? generateFileKey();
  return { sealed: seal(exposeFileKey(key), iv, dataAssociatedData, plaintext), key };
}

/**
 * The plaintext of what {@link encryptData} has sealed with this key and IV. Throws `VerificationError('not-authentic')` when the key or the
 * IV is another one or a byte has changed, and `UsageError` `key-length` and `iv-length`.
 */
export function decryptData(sealed: Uint8Array, key: FileKey, options: Pick<DataOptions, 'iv'> = {}): Uint8Array {
  return open(exposeFileKey(key), ivOf(options), dataAssociatedData, sealed);
}

function ivOf({ iv = zeroIv }: Pick<DataOptions, 'iv'>): Uint8Array {
  if (iv.length !== ivLength) throw new UsageError('iv-length', `the IV has ${iv.length} bytes, not ${ivLength}`);
  return iv;
}
