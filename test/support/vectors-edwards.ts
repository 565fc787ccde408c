/**
 * Ed25519 keys and signatures in the form of our Curve25519 signature (crypto.md §3.1): the key as the Montgomery u coordinate, the sign of
 * the Edwards key in the top bit of the signature. Published Ed25519 vectors then test our verification.
 */

const p = 2n ** 255n - 19n;

/** The order q of the base point. */
export const groupOrder = 2n ** 252n + 27742317777372353535851937790883648493n;

/** The prime p of the field. */
export const fieldPrime = p;

/** The little-endian number in `bytes`. */
export function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** `value` in `length` bytes, little-endian. */
export function toLittleEndian(value: bigint, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base % p;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % p;
    square = (square * square) % p;
  }
  return result;
}

/** u = (1 + y) / (1 - y) and the sign of x, or `undefined` for an encoding that has no such form (y = 1, or y not reduced). */
export function montgomeryForm(edwardsKey: Uint8Array): { readonly key: Uint8Array; readonly sign: number } | undefined {
  const encoded = littleEndian(edwardsKey);
  const y = encoded & (2n ** 255n - 1n);
  if (edwardsKey.length !== 32 || y >= p || y === 1n) return undefined;
  const u = ((1n + y) * power(p + 1n - y, p - 2n)) % p;
  return { key: toLittleEndian(u, 32), sign: Number(encoded >> 255n) };
}

/** The Edwards key y = (u - 1) / (u + 1) with the given sign of x. */
export function edwardsForm(montgomeryKey: Uint8Array, sign: number): Uint8Array {
  const u = littleEndian(montgomeryKey);
  const y = ((u + p - 1n) * power(u + 1n, p - 2n)) % p;
  return toLittleEndian(y | (BigInt(sign) << 255n), 32);
}

/** The Ed25519 `signature` with the key's sign in its top bit, or `undefined` when that bit is taken. Wrong lengths stay as they are. */
export function withKeySign(signature: Uint8Array, sign: number): Uint8Array | undefined {
  if (signature.length !== 64) return signature;
  const last = signature[63]!;
  if (last >= 0x80) return undefined;
  const carried = Uint8Array.from(signature);
  carried[63] = last | (sign << 7);
  return carried;
}
