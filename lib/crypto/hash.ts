import { allocateSecret } from '../base/secret.js';
import { addon, callAddon } from './native.js';

/** SHA-256 of `data`, 32 bytes. FIPS 180-4. */
export function sha256(data: Uint8Array): Uint8Array {
  const out = allocateSecret(32);
  callAddon(() => addon.sha256(data, out));
  return out;
}

/** SHA-512 of `data`, 64 bytes. FIPS 180-4. */
export function sha512(data: Uint8Array): Uint8Array {
  const out = allocateSecret(64);
  callAddon(() => addon.sha512(data, out));
  return out;
}

/** HMAC-SHA-256 of `data`, 32 bytes in memory fit for a secret; the caller wipes it if it is one. RFC 2104. */
export function hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array {
  const out = allocateSecret(32);
  callAddon(() => addon.hmacSha256(key, data, out));
  return out;
}
