/** Checks of single fields: what generated messages leave open is settled here. All throw `DecodeError`. */
import { asMessageId, asSessionId, type MessageId, type SessionId } from '../base/brand.js';
import { copyBytes } from '../base/bytes.js';
import { DecodeError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import { copySecret, Secret } from '../base/secret.js';
import { ChainSecret } from '../crypto/chain.js';
import { cipherSuite, type CipherSuite } from '../crypto/cipher-suite.js';
import type { e2ees } from './generated/e2ees.js';

/** A 64-bit integer of generated code. */
export type Long = e2ees.ProtoMsgTag['protoMsgT'];

/** The version of the protocol and of plaintexts, a text of one byte. Spec: wire.md §1. */
export const protocolVersion = '\x01';

/** A value of a message that may lack it. */
export type Maybe<T> = T | null | undefined;

/** The error for a field that must be there. */
export function missing(field: string): DecodeError {
  return new DecodeError('missing-field', `${field} is missing`);
}

/** `value`, which must be there. Throws code `missing-field`. */
export function required<T>(value: Maybe<T>, field: string): T {
  if (value === null || value === undefined) throw missing(field);
  return value;
}

/**
 * A text of any kind, empty when absent; at most `limits.nameLength` bytes of UTF-8 unless told otherwise, and without NUL, so that every name
 * fits into a key of a store. Throws code `too-long` or `malformed`.
 */
export function text(value: Maybe<string>, field: string, maxLength: number = limits.nameLength): string {
  if (value === null || value === undefined) return '';
  const length = Buffer.byteLength(value);
  if (length > maxLength) throw new DecodeError('too-long', `${field} has ${length} bytes, more than ${maxLength}`);
  if (value.includes('\0')) throw new DecodeError('malformed', `${field} contains a NUL`);
  return value;
}

/** A text that is not empty. Throws code `missing-field`, `too-long` or `malformed`. */
export function requiredText(value: Maybe<string>, field: string, maxLength?: number): string {
  const found = text(value, field, maxLength);
  if (found === '') throw missing(field);
  return found;
}

/** A text where the empty one means absent. Throws code `too-long` or `malformed`. */
export function optionalText(value: Maybe<string>, field: string, maxLength?: number): string | undefined {
  const found = text(value, field, maxLength);
  return found === '' ? undefined : found;
}

/** By code, whether a character is a digit of base64. */
const isDigit = new Uint8Array(0x80);
for (const digit of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/') isDigit[digit.charCodeAt(0)] = 1;

/** Digits of an id; the rest is padding. */
const idDigits = 22;

/** Whether `value` has the form of an id: 16 bytes in base64, 24 characters. Spec: wire.md §1. A regular expression takes three times as long. */
export function isId(value: string): boolean {
  if (value.length !== idDigits + 2 || !value.endsWith('==')) return false;
  for (let position = 0; position < idDigits; position += 1) if (isDigit[value.charCodeAt(position)] !== 1) return false;
  return true;
}

function requiredId(value: Maybe<string>, field: string): string {
  const found = required(value, field);
  if (found === '') throw missing(field);
  if (!isId(found)) throw new DecodeError('malformed', `${field} is not an id of 16 bytes in base64`);
  return found;
}

/** A session id. Throws code `missing-field` or `malformed`. Spec: wire.md §1. */
export function sessionId(value: Maybe<string>, field: string): SessionId {
  return asSessionId(requiredId(value, field));
}

/** A session id, or `undefined` for the empty text. Throws code `malformed`. */
export function optionalSessionId(value: Maybe<string>, field: string): SessionId | undefined {
  return value === '' ? undefined : sessionId(value, field);
}

/** A message id. Throws code `missing-field` or `malformed`. Spec: wire.md §1. */
export function messageId(value: Maybe<string>, field: string): MessageId {
  return asMessageId(requiredId(value, field));
}

/** Any bytes in memory of their own, empty when absent. */
export function bytes(value: Maybe<Uint8Array>): Uint8Array {
  return copyBytes(value ?? new Uint8Array(0));
}

/** Bytes that are not empty, still a view of the message. Throws code `missing-field`. */
export function nonEmpty(value: Maybe<Uint8Array>, field: string): Uint8Array {
  if (value === null || value === undefined || value.length === 0) throw missing(field);
  return value;
}

/** Bytes that are not empty, in memory of their own. Throws code `missing-field`. */
export function requiredBytes(value: Maybe<Uint8Array>, field: string): Uint8Array {
  return copyBytes(nonEmpty(value, field));
}

/** Key material copied into a secret of the caller's. Throws code `missing-field`. */
export function secret<Kind extends string>(value: Maybe<Uint8Array>, field: string): Secret<Kind> {
  return new Secret<Kind>(copySecret(nonEmpty(value, field)));
}

/** A chain key of the suite's hash, copied. Throws code `missing-field`, and `malformed` for one of another length than the digest's. */
export function chainSecret({ hash }: CipherSuite, value: Maybe<Uint8Array>, field: string): ChainSecret {
  const bytes = nonEmpty(value, field);
  if (bytes.length === hash.digestLength) return new ChainSecret(hash, copySecret(bytes));
  throw new DecodeError('malformed', `${field} has ${bytes.length} bytes, ${hash.digestLength} expected`);
}

/** The elements of a list, each turned by `read`. Throws code `too-long` before any is read. */
export function list<T, U>(values: Maybe<readonly T[]>, field: string, maxLength: number, read: (value: T, field: string) => U): U[] {
  if (values === null || values === undefined) return [];
  if (values.length > maxLength) throw new DecodeError('too-long', `${field} has ${values.length} elements, more than ${maxLength}`);
  return values.map((value) => read(value, field));
}

/** A 64-bit integer as a number. Throws code `number` when it is not exact or negative. */
export function integer(value: Maybe<Long>, field: string): number {
  if (value === null || value === undefined) return 0;
  const found = value.toNumber();
  if (!Number.isSafeInteger(found) || found < 0) throw new DecodeError('number', `${field} is out of range`);
  return found;
}

/** A number for a 64-bit field: its writer takes numbers as well, only its types do not say so. */
export function toLong(value: number): Long {
  return value as unknown as Long;
}

/** The suite of a pack id. Throws code `unknown-suite`. Spec: wire.md §2. */
export function suite(packId: Maybe<number>, field: string): CipherSuite {
  try {
    return cipherSuite(packId ?? 0);
  } catch (cause) {
    throw new DecodeError('unknown-suite', `${field} names no suite of this build`, { cause });
  }
}
