import { createCipheriv, createHash } from 'node:crypto';

/** What a known answer's random bytes come from. */
export interface RandomSource {
  /** The next `length` bytes. */
  draw(length: number): Uint8Array;
}

/** The generator of HQC's known-answer tests: SHAKE256 of the seed and the byte 1. */
export class KnownAnswerShake implements RandomSource {
  readonly #bytes: Uint8Array;
  #drawn = 0;

  constructor(seed: Uint8Array) {
    this.#bytes = createHash('shake256', { outputLength: 4096 }).update(seed).update(Uint8Array.of(1)).digest();
  }

  draw(length: number): Uint8Array {
    if (this.#drawn + length > this.#bytes.length) throw new Error('a known answer needs more random bytes than are made');
    this.#drawn += length;
    return Uint8Array.from(this.#bytes.subarray(this.#drawn - length, this.#drawn));
  }
}

/** The AES-256-CTR DRBG of NIST's known-answer tests: no derivation function, no reseeding. NIST SP 800-90A §10.2.1. */
export class KnownAnswerDrbg implements RandomSource {
  #key: Uint8Array = new Uint8Array(32);
  #counter = 0n;

  constructor(seed: Uint8Array) {
    this.#update(seed);
  }

  /** The next `length` bytes; how they are divided into calls matters. */
  draw(length: number): Uint8Array {
    const out = this.#blocks(Math.ceil(length / 16)).subarray(0, length);
    this.#update(new Uint8Array(48));
    return out;
  }

  #blocks(count: number): Uint8Array {
    const counters = Buffer.alloc(16 * count);
    for (let block = 0; block < count; block++) {
      this.#counter = (this.#counter + 1n) & (2n ** 128n - 1n);
      counters.writeBigUInt64BE(this.#counter >> 64n, 16 * block);
      counters.writeBigUInt64BE(this.#counter & (2n ** 64n - 1n), 16 * block + 8);
    }
    const cipher = createCipheriv('aes-256-ecb', this.#key, null).setAutoPadding(false);
    return new Uint8Array(cipher.update(counters));
  }

  #update(provided: Uint8Array): void {
    const mixed = this.#blocks(3).map((byte, index) => byte ^ provided[index]!);
    this.#key = mixed.slice(0, 32);
    this.#counter = BigInt(`0x${Buffer.from(mixed.subarray(32)).toString('hex')}`);
  }
}
