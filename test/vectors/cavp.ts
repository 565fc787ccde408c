/** NIST CAVP: SHA-256 messages in the `.rsp` format. */
import { sha256 } from '../../lib/crypto/hash.js';
import { fromHex } from '../support/vectors-json.js';
import { type VectorCase, check, checkBytes } from './vector-case.js';

/** The cases of a response file: `Len` is in bits, and a message of length 0 is written as one zero byte. */
export function cavpCases(content: string): VectorCase[] {
  check(/^\[L = 32\]/mu.test(content), 'only SHA-256 is known');
  const records = [...content.matchAll(/^Len = (\d+)\s+Msg = ([0-9a-f]+)\s+MD = ([0-9a-f]+)\s*$/gimu)];
  check(records.length === content.split('Len = ').length - 1, 'a record has not the form Len, Msg, MD');
  return records.map(([, bits = '', message = '', digest = '']) => ({
    name: `${bits} bits`,
    run: () => checkBytes('the hash', sha256(fromHex(message).subarray(0, Number(bits) / 8)), fromHex(digest)),
  }));
}
