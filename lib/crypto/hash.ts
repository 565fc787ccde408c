/**
 * Hash functions: one row each, read from the addon's table. Suites use those of 256 bits and more; the others and the SHAKEs are for callers
 * who want them. Spec: wire.md §3 (AlgTypeHash).
 */
import { InternalError } from '../base/errors.js';
import { allocateSecret } from '../base/secret.js';
import { addon, callAddon } from './native.js';
import type { HashAlgorithm } from './scheme.js';

/** SHA-2 and SHA-3 of 224, 256, 384 and 512 bits. Lengths in bytes. */
export const hashAlgorithms: readonly HashAlgorithm[] = Object.freeze(
  addon.hashAlgorithms().map((row): HashAlgorithm => Object.freeze({ ...row })),
);

const algorithmsByCode: ReadonlyMap<number, HashAlgorithm> = new Map(hashAlgorithms.map((row) => [row.code, row]));

function algorithm(code: number): HashAlgorithm {
  const found = algorithmsByCode.get(code);
  if (found === undefined) throw new InternalError('addon', `the native addon has no hash function with the code ${code}`);
  return found;
}

/** SHA-256, which everything outside suites uses. FIPS 180-4. */
export const sha256Algorithm: HashAlgorithm = algorithm(1);
const sha512Algorithm = algorithm(3);

/** The digest of `data`, of the algorithm's length. FIPS 180-4, FIPS 202. */
export function hash({ code, digestLength }: HashAlgorithm, data: Uint8Array): Uint8Array {
  const out = allocateSecret(digestLength);
  callAddon(() => addon.hash(code, data, out));
  return out;
}

/** HMAC of `data`, of the digest's length, in memory fit for a secret; the caller wipes it if it is one. RFC 2104. */
export function hmac({ code, digestLength }: HashAlgorithm, key: Uint8Array, data: Uint8Array): Uint8Array {
  const out = allocateSecret(digestLength);
  callAddon(() => addon.hmac(code, key, data, out));
  return out;
}

/** SHA-256 of `data`, 32 bytes. FIPS 180-4. */
export function sha256(data: Uint8Array): Uint8Array {
  return hash(sha256Algorithm, data);
}

/** SHA-512 of `data`, 64 bytes. FIPS 180-4. */
export function sha512(data: Uint8Array): Uint8Array {
  return hash(sha512Algorithm, data);
}

/** HMAC-SHA-256 of `data`, 32 bytes in memory fit for a secret; the caller wipes it if it is one. RFC 2104. */
export function hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array {
  return hmac(sha256Algorithm, key, data);
}

/** `length` bytes of SHAKE128. FIPS 202 §6.2. */
export function shake128(data: Uint8Array, length: number): Uint8Array {
  const out = allocateSecret(length);
  callAddon(() => addon.shake128(data, out));
  return out;
}

/** `length` bytes of SHAKE256. FIPS 202 §6.2. */
export function shake256(data: Uint8Array, length: number): Uint8Array {
  const out = allocateSecret(length);
  callAddon(() => addon.shake256(data, out));
  return out;
}
