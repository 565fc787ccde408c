import { allocateSecret } from '../base/secret.js';
import { addon, callAddon } from './native.js';
import type { HashAlgorithm } from './scheme.js';

/**
 * HKDF: `length` bytes (1 to 255 digests) in memory fit for a secret, which the caller wraps or wipes. Throws
 * `UsageError('argument-length')`. RFC 5869.
 */
export function hkdf({ code }: HashAlgorithm, ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  const out = allocateSecret(length);
  callAddon(() => addon.hkdf(code, ikm, salt, info, out));
  return out;
}
