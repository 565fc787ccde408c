import { E2eeError } from '../../lib/base/errors.js';
import { toHex } from '../../lib/base/bytes.js';
import type { KemScheme, SignatureScheme } from '../../lib/crypto/scheme.js';
import { kemSchemes } from '../../lib/crypto/kem.js';
import { signatureSchemes } from '../../lib/crypto/signature.js';

/** What to do for a case, or why it says nothing about this library. */
export type VectorBody =
  | {
      readonly run: () => void;
      /** Takes longer than ten seconds. */
      readonly slow?: true;
    }
  | { readonly skipped: string };

/** One published case. */
export type VectorCase = VectorBody & { readonly name: string };

/** Codes with which the library refuses an input that a vector calls invalid. Anything else that is thrown is a failure. */
const refusals: ReadonlySet<string> = new Set([
  'argument-length',
  'argument-range',
  'bad-public-key',
  'bad-private-key',
  'zero-shared-secret',
  'not-authentic',
  'random-length',
]);

function isRefusal(error: unknown): boolean {
  return error instanceof E2eeError && refusals.has(error.code);
}

/** Whether the library refuses `operation`. Errors that are no refusals pass through. */
export function refuses(operation: () => unknown): boolean {
  try {
    operation();
    return false;
  } catch (error) {
    if (isRefusal(error)) return true;
    throw error;
  }
}

/** What `operation` says, or false when the library refuses it. */
export function accepts(operation: () => boolean): boolean {
  try {
    return operation();
  } catch (error) {
    if (isRefusal(error)) return false;
    throw error;
  }
}

/** Fails the case unless the library refuses `operation`. */
export function checkRefused(operation: () => unknown): void {
  check(refuses(operation), 'accepted, expected a refusal');
}

/** Fails the case unless `holds`. */
export function check(holds: boolean, message: string): void {
  if (!holds) throw new Error(message);
}

/** Fails the case unless the two byte strings are equal. */
export function checkBytes(what: string, actual: Uint8Array, expected: Uint8Array): void {
  const [a, b] = [toHex(actual), toHex(expected)];
  if (a !== b) throw new Error(`${what} is ${excerpt(a)}, expected ${excerpt(b)}`);
}

/** Fails the case unless `operation` is refused exactly when the vector is invalid. */
export function checkVerdict(valid: boolean, accepted: boolean): void {
  check(valid === accepted, accepted ? 'accepted, expected a refusal' : 'refused, expected acceptance');
}

function excerpt(hex: string): string {
  return hex.length <= 64 ? hex : `${hex.slice(0, 64)}… (${hex.length / 2} bytes)`;
}

/** The KEM of that name, or `undefined` when this build has none. */
export function kemNamed(name: string): KemScheme | undefined {
  return kemSchemes.find((scheme) => scheme.name === name);
}

/** The signature scheme of that name, or `undefined` when this build has none. */
export function signatureNamed(name: string): SignatureScheme | undefined {
  return signatureSchemes.find((scheme) => scheme.name === name);
}

/** The reason for skipping a scheme this build does not have. */
export function noScheme(name: string): string {
  return `this build has no ${name}`;
}
