import type { RandomSource } from '../base/random.js';

/** Bytes of the random half of a push id. */
const nonceLength = 8;

/** Ids are made one after another, in the same memory. */
const scratch = Buffer.alloc(8 + nonceLength);

/**
 * The handle by which a device consumes a push: its place in the mailbox (8 bytes) and a nonce (8 bytes) in base64, 24 characters. So a row is
 * found without an index, and nobody consumes a row that he was not sent.
 */
export function makePushId(sequence: number, nonce: Uint8Array): string {
  scratch.writeUInt32BE(Math.floor(sequence / 0x1_0000_0000), 0);
  scratch.writeUInt32BE(sequence % 0x1_0000_0000, 4);
  scratch.set(nonce, 8);
  return scratch.toString('base64');
}

/** Nonces drawn at once: a call for random bytes costs more than a thousand of them. */
const drawnAtOnce = 512;

/** Fresh nonces of 8 bytes; each is given out once. */
export class Nonces {
  readonly #random: RandomSource;
  readonly #drawn = new Uint8Array(drawnAtOnce * nonceLength);
  #position = this.#drawn.length;

  constructor(random: RandomSource) {
    this.#random = random;
  }

  /** The next one. */
  take(): Uint8Array {
    if (this.#position === this.#drawn.length) {
      this.#random.fill(this.#drawn);
      this.#position = 0;
    }
    const nonce = this.#drawn.slice(this.#position, this.#position + nonceLength);
    this.#drawn.fill(0, this.#position, this.#position + nonceLength);
    this.#position += nonceLength;
    return nonce;
  }
}

/** The parts of a push id, or `undefined` when it is none. */
export function splitPushId(id: string): { readonly sequence: number; readonly nonce: Uint8Array } | undefined {
  if (!/^[A-Za-z0-9+/]{22}==$/u.test(id)) return undefined;
  const bytes = Buffer.from(id, 'base64');
  const sequence = Number(bytes.readBigUInt64BE(0));
  if (!Number.isSafeInteger(sequence)) return undefined;
  return { sequence, nonce: new Uint8Array(bytes.subarray(8)) };
}
