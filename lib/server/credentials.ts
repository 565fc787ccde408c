/**
 * Words that prove something: passwords of devices and invitation codes. Both are made here from 24 random bytes, so a fast hash is enough:
 * nobody can try 2^192 of them. Stored is the hash only.
 */
import { concat, equalBytes, utf8 } from '../base/bytes.js';
import type { RandomSource } from '../base/random.js';
import { sha256 } from '../crypto/hash.js';

const randomLength = 24;

/** A new word: 32 characters of URL-safe base64. */
export function generateWord(random: RandomSource): string {
  const bytes = new Uint8Array(randomLength);
  random.fill(bytes);
  return Buffer.from(bytes).toString('base64url');
}

/** What is stored of `word`; `purpose` keeps a password's hash from being an invitation's. */
export function hashWord(purpose: 'password' | 'invitation' | 'registration', word: string): Uint8Array {
  return sha256(concat([utf8(`skissm relay ${purpose}\0`), utf8(word)]));
}

/** Whether `word` is the one whose hash is `expected`. */
export function isWord(purpose: 'password' | 'invitation' | 'registration', word: string, expected: Uint8Array): boolean {
  return equalBytes(hashWord(purpose, word), expected);
}
