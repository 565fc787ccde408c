import { createCipheriv } from 'node:crypto';

/** The AES-256-CTR DRBG of NIST's known-answer tests: no derivation function, no reseeding. NIST SP 800-90A §10.2.1. */
export class KnownAnswerDrbg {
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
