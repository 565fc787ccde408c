import { noBytes, plainBytes } from '../base/bytes.js';

/** Where the eighth byte of a varint begins: with more than these 49 bits it may not be a safe integer. */
const lastScale = 2 ** 49;

/**
 * Reads a message in the form in which this package writes it: known fields only, each once and in order, no defaults, every number in its shortest
 * form. That takes a fraction of what the generated code takes. Whatever has another form is for the generated code to read or to refuse: then
 * {@link isPlain} is false in the end, and nothing that was read counts.
 */
export class PlainReader {
  readonly #bytes: Uint8Array;
  #view: Buffer | undefined;
  #position = 0;
  #isPlain = true;

  constructor(bytes: Uint8Array) {
    this.#bytes = plainBytes(bytes);
  }

  /** Whether all was read, and had that form. */
  get isPlain(): boolean {
    return this.#isPlain && this.#position === this.#bytes.length;
  }

  /** The number field with that tag, from 1 to `max`; 0 when it is not there. */
  number(tag: number, max: number): number {
    if (this.#bytes[this.#position] !== tag) return 0;
    this.#position += 1;
    const value = this.#varint();
    if (value === 0 || value > max) this.#isPlain = false;
    return value;
  }

  /** The bytes of the field with that tag, a view; none when it is not there. */
  bytes(tag: number): Uint8Array {
    const length = this.passOver(tag);
    return length === 0 ? noBytes : this.#bytes.subarray(this.#position - length, this.#position);
  }

  /** As {@link bytes}, as a text of one character per byte. */
  latin1(tag: number): string {
    const length = this.passOver(tag);
    return length === 0 ? '' : this.#buffer().toString('latin1', this.#position - length, this.#position);
  }

  /** How many bytes the field with that tag has, which are not looked at; 0 when it is not there. */
  passOver(tag: number): number {
    if (this.#bytes[this.#position] !== tag) return 0;
    this.#position += 1;
    const length = this.#varint();
    if (length === 0 || length > this.#bytes.length - this.#position) {
      this.#isPlain = false;
      return 0;
    }
    this.#position += length;
    return length;
  }

  /** Enters the message in the field with that tag, which must be there and reach to the end. */
  enter(tag: number): void {
    if (this.#bytes[this.#position] !== tag) this.#isPlain = false;
    this.#position += 1;
    if (this.#varint() !== this.#bytes.length - this.#position) this.#isPlain = false;
  }

  #buffer(): Buffer {
    const { buffer, byteOffset, length } = this.#bytes;
    return (this.#view ??= Buffer.from(buffer, byteOffset, length));
  }

  #varint(): number {
    let value = 0;
    for (let scale = 1; scale <= lastScale; scale *= 0x80) {
      const byte = this.#bytes[this.#position];
      // A zero at the end of a longer number is not its shortest form.
      if (byte === undefined || (byte === 0 && scale > 1)) break;
      this.#position += 1;
      value += (byte % 0x80) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
    }
    this.#isPlain = false;
    return 0;
  }
}
