/** Addresses lately read, by their bytes: those of a conversation come with every message of it. */
import { limits } from '../base/limits.js';
import { type Address, readAddress } from './address.js';
import { decodeMessage } from './codec.js';
import { e2ees } from './generated/e2ees.js';

/** Addresses that are remembered: those of all who use a relay at a time. */
export const mostRecentAddresses = 8_192;

/** Bytes of an encoded address that is remembered: names are shorter than they may be. */
const longest = limits.nameLength;

const recent = new Map<string, Address>();
/** Walks behind those that were forgotten: a new walk would step over each of them again. */
const oldest = recent.keys();

/** The address that these bytes, one character for each, encode: the same frozen object for the same bytes. `undefined` when they are not as they should be. */
export function recentAddress(text: string): Address | undefined {
  const known = recent.get(text);
  if (known !== undefined) return known;
  const read = readAnew(text);
  if (read === undefined || text.length > longest) return read;
  recent.set(text, read);
  if (recent.size > mostRecentAddresses) recent.delete(oldest.next().value ?? '');
  return read;
}

function readAnew(text: string): Address | undefined {
  const encoded = Buffer.from(text, 'latin1');
  try {
    return Object.freeze(readAddress(decodeMessage(e2ees.E2eeAddress, encoded, encoded.length), 'address'));
  } catch {
    return undefined;
  }
}
