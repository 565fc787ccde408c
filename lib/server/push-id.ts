import { toBase64 } from '../base/bytes.js';
import type { RandomSource } from '../base/random.js';

/** Bytes of the random half of a push id. */
const nonceLength = 8;

/**
 * The handle by which a device consumes a push: its place in the mailbox (8 bytes) and a nonce (8 bytes) in base64, 24 characters. So a row is
 * found without an index, and nobody consumes a row that he was not sent.
 */
export function makePushId(sequence: number, nonce: Uint8Array): string {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(sequence));
  bytes.set(nonce, 8);
  return toBase64(bytes);
}

/** A fresh nonce. */
export function generateNonce(random: RandomSource): Uint8Array {
  const nonce = new Uint8Array(nonceLength);
  random.fill(nonce);
  return nonce;
}

/** The parts of a push id, or `undefined` when it is none. */
export function splitPushId(id: string): { readonly sequence: number; readonly nonce: Uint8Array } | undefined {
  if (!/^[A-Za-z0-9+/]{22}==$/u.test(id)) return undefined;
  const bytes = Buffer.from(id, 'base64');
  const sequence = Number(bytes.readBigUInt64BE(0));
  if (!Number.isSafeInteger(sequence)) return undefined;
  return { sequence, nonce: new Uint8Array(bytes.subarray(8)) };
}
