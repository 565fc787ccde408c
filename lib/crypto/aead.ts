/** AES-256-GCM. A key and IV pair must never seal two plaintexts. Spec: crypto.md §4, NIST SP 800-38D. */
import { VerificationError } from '../base/errors.js';
import { addon, callAddon } from './native.js';

/** Bytes of a key. */
export const aeadKeyLength = 32;

/** Bytes of the tag at the end of a sealed text. */
export const aeadTagLength = 16;

/** What every failed opening throws; it says nothing about the reason. */
export function notAuthentic(): VerificationError {
  return new VerificationError('not-authentic', 'the sealed text is not authentic');
}

/**
 * Ciphertext and tag of `plaintext`: 16 bytes longer. `key` is 32 bytes, `iv` 1 to 1024 (messages use 16, which GCM hashes).
 * Throws `UsageError('argument-length')`.
 */
export function seal(key: Uint8Array, iv: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(new ArrayBuffer(plaintext.length + aeadTagLength));
  callAddon(() => addon.aeadSeal(key, iv, associatedData, plaintext, sealed));
  return sealed;
}

/** The plaintext of `sealed`. Throws `VerificationError('not-authentic')`, also when it is shorter than a tag, and `UsageError('argument-length')`. */
export function open(key: Uint8Array, iv: Uint8Array, associatedData: Uint8Array, sealed: Uint8Array): Uint8Array {
  if (sealed.length < aeadTagLength) throw notAuthentic();
  const plaintext = new Uint8Array(new ArrayBuffer(sealed.length - aeadTagLength));
  callAddon(() => addon.aeadOpen(key, iv, associatedData, sealed, plaintext));
  return plaintext;
}
