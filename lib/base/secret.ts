import { inspect } from 'node:util';
import { InternalError } from './errors.js';

/**
 * Allocates `length` bytes, all zero, for key material.
 *
 * The only way a secret may be allocated: a small typed array made otherwise lives on the garbage-collected heap, is copied when it
 * moves and survives wiping. A buffer of its own lies outside the heap and stays where it is.
 */
export function allocateSecret(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(length));
}

/** Copies `bytes` into memory fit for a secret; the caller still owns (and wipes) the original. */
export function copySecret(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = allocateSecret(bytes.length);
  copy.set(bytes);
  return copy;
}

/**
 * Key material with a kind. It cannot be printed or serialised by accident; whoever creates a temporary one wipes it
 * (`using key = …` or `wipe()` in a `finally`), state in use is wiped after its successor is safely stored.
 */
export class Secret<Kind extends string> {
  /** Keeps a `Secret<'RootKey'>` from passing as a `Secret<'ChainKey'>`; exists for the compiler only. */
  declare readonly kind: Kind;
  #bytes: Uint8Array | undefined;

  /** Takes ownership of `bytes`, which must come from {@link allocateSecret}. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The bytes themselves, not a copy. Throws `InternalError('secret-wiped')` after {@link wipe}. */
  expose(): Uint8Array {
    if (this.#bytes === undefined) throw new InternalError('secret-wiped', 'a secret was used after it had been wiped');
    return this.#bytes;
  }

  /** Length in bytes; 0 after {@link wipe}. */
  get length(): number {
    return this.#bytes?.length ?? 0;
  }

  /** Overwrites the bytes with zeros and lets go of them; a second call does nothing. */
  wipe(): void {
    this.#bytes?.fill(0);
    this.#bytes = undefined;
  }

  [Symbol.dispose](): void {
    this.wipe();
  }

  toJSON(): string {
    return '[secret]';
  }

  toString(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}

/** Anything that can be wiped. */
export interface Wipeable {
  wipe(): void;
}

/** Wipes each of `secrets`. */
export function wipeAll(secrets: Iterable<Wipeable>): void {
  for (const secret of secrets) secret.wipe();
}
