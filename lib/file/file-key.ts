/**
 * Keys of encrypted files and data. The IV of the format is fixed to zero, so the rule that everything here serves is:
 * ONE KEY SEALS ONE CONTENT. Two contents under one key give away their difference and let anybody forge more.
 */
import { noBytes, utf8 } from '../base/bytes.js';
import { UsageError } from '../base/errors.js';
import { type RandomSource, systemRandom } from '../base/random.js';
import { Secret, allocateSecret, copySecret } from '../base/secret.js';
import { aeadKeyLength } from '../crypto/aead.js';
import { sha256Algorithm } from '../crypto/hash.js';
import { hkdf } from '../crypto/kdf.js';

/** The key of one encrypted file or of one sealed piece of data, 32 bytes; never of two. Whoever holds it wipes it. */
export type FileKey = Secret<'FileKey'>;

/** A new random key. */
export function generateFileKey(random: RandomSource = systemRandom): FileKey {
  const bytes = allocateSecret(aeadKeyLength);
  random.fill(bytes);
  return new Secret<'FileKey'>(bytes);
}

/** The key that was kept as 32 bytes. Copies them; the caller wipes its own. Throws `UsageError('key-length')`. */
export function importFileKey(bytes: Uint8Array): FileKey {
  checkKeyLength(bytes.length);
  return new Secret<'FileKey'>(copySecret(bytes));
}

/**
 * The key of a passphrase: `HKDF(passphrase, empty salt, "FILE", 32)`; throws `UsageError('passphrase-empty')`, and leaves the wiping of
 * `passphrase` to the caller.
 *
 * This is what the reference does, and it is WEAK AGAINST GUESSING: there is no salt and no cost, so whoever has an encrypted file tries
 * millions of passphrases a second, for all files at once. It is for passphrases that a machine has made from 128 random bits or more, and
 * like every key a passphrase is for ONE content only. Where the format need not be the reference's, use {@link generateFileKey}.
 * Spec: crypto.md §4.
 */
export function deriveFileKey(passphrase: Uint8Array): FileKey {
  if (passphrase.length === 0) throw new UsageError('passphrase-empty', 'an empty passphrase protects nothing');
  return new Secret<'FileKey'>(hkdf(sha256Algorithm, passphrase, noBytes, utf8('FILE'), aeadKeyLength));
}

/** The bytes of a key that is usable. Throws `UsageError('key-length')`, and `InternalError('secret-wiped')` for a wiped one. */
export function exposeFileKey(key: FileKey): Uint8Array {
  const bytes = key.expose();
  checkKeyLength(bytes.length);
  return bytes;
}

function checkKeyLength(length: number): void {
  if (length !== aeadKeyLength) throw new UsageError('key-length', `the key has ${length} bytes, not ${aeadKeyLength}`);
}
