import { allocateSecret } from '../base/secret.js';
import { addon, callAddon } from './native.js';

/**
 * HKDF-SHA-256: `length` bytes (1 to 8160) in memory fit for a secret, which the caller wraps or wipes.
 * Throws `UsageError('argument-length')`. RFC 5869.
 */
export function hkdf(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  const out = allocateSecret(length);
  callAddon(() => addon.hkdfSha256(ikm, salt, info, out));
  return out;
}
