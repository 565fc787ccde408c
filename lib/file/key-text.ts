/**
 * A key as a line of text: its 32 bytes in standard base64 and a line feed. Done on bytes, because a string of a secret cannot be wiped.
 */
import { utf8 } from '../base/bytes.js';
import { DecodeError } from '../base/errors.js';
import { Secret, allocateSecret } from '../base/secret.js';
import { aeadKeyLength } from '../crypto/aead.js';
import { type FileKey, exposeFileKey } from './file-key.js';

const alphabet = utf8('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const [padding, carriageReturn, lineFeed] = [0x3d, 0x0d, 0x0a];

/** 3 bytes become 4 characters; the last group holds 2 bytes, and its last character is the padding. */
const groups = Math.ceil(aeadKeyLength / 3);
const characters = 4 * groups;

/** Bytes of the longest text of a key: with a carriage return before its line feed. */
export const longestKeyText: number = characters + 2;

/** The text of a key, which is as secret as the key: the caller wipes it. */
export function encodeFileKey(key: FileKey): Secret<'FileKeyText'> {
  const bytes = exposeFileKey(key);
  const text = allocateSecret(characters + 1);
  for (let group = 0; group < groups; group += 1) {
    const bits = [0, 1, 2].reduce((sum, index) => (sum << 8) | (bytes[3 * group + index] ?? 0), 0);
    for (let index = 0; index < 4; index += 1) text[4 * group + index] = alphabet[(bits >> (18 - 6 * index)) & 63] ?? 0;
  }
  text[characters - 1] = padding;
  text[characters] = lineFeed;
  return new Secret<'FileKeyText'>(text);
}

/** The key of a text, with or without its line ending. Throws `DecodeError('key-text')`. */
export function decodeFileKey(text: Uint8Array): FileKey {
  const line = withoutLineEnding(text);
  if (line.length !== characters || line[characters - 1] !== padding) throw notAKey();
  using decoded = new Secret<'FileKeyGroups'>(allocateSecret(3 * groups));
  const bytes = decoded.expose();
  for (let group = 0; group < groups; group += 1) {
    const bits = [0, 1, 2, 3].reduce((sum, index) => (sum << 6) | valueOf(line, 4 * group + index), 0);
    for (let index = 0; index < 3; index += 1) bytes[3 * group + index] = (bits >> (16 - 8 * index)) & 0xff;
  }
  // Two bits of the last character belong to no byte of the key; they are zero, so that a key has one text only.
  if (bytes.subarray(aeadKeyLength).some((byte) => byte !== 0)) throw notAKey();
  const key = allocateSecret(aeadKeyLength);
  key.set(bytes.subarray(0, aeadKeyLength));
  return new Secret<'FileKey'>(key);
}

function valueOf(line: Uint8Array, index: number): number {
  if (index === characters - 1) return 0;
  const value = alphabet.indexOf(line[index] ?? 0);
  if (value < 0) throw notAKey();
  return value;
}

function withoutLineEnding(text: Uint8Array): Uint8Array {
  if (text.at(-1) !== lineFeed) return text;
  return text.subarray(0, text.at(-2) === carriageReturn ? -2 : -1);
}

function notAKey(): DecodeError {
  return new DecodeError('key-text', `the text of a key is one line of ${characters} characters in base64`);
}
