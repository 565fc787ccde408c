/** Addresses lately read, by their bytes: those of a conversation come with every message of it. */
import { limits } from '../base/limits.js';
import { type Address, readAddress } from './address.js';
import { decodeMessage } from './codec.js';
import { e2ees } from './generated/e2ees.js';
import type { FieldReader } from './raw.js';

const recent = new Map<string, Address>();
const mostRecent = 1_024;
/** Bytes of an encoded address with every name as long as it may be. */
const longest = 4 * limits.nameLength + 32;

/** The address in the next field of `reader`, which is frozen; `undefined` when there is none or it is not as it should be. */
export function readRecentAddress(reader: FieldReader, tag: number): Address | undefined {
  if (!reader.find(tag) || reader.length > longest) return undefined;
  const key = reader.latin1();
  const known = recent.get(key);
  if (known !== undefined) return known;
  const read = readAnew(reader.view());
  if (read === undefined) return undefined;
  if (recent.size >= mostRecent) recent.clear();
  recent.set(key, read);
  return read;
}

function readAnew(encoded: Uint8Array): Address | undefined {
  try {
    return Object.freeze(readAddress(decodeMessage(e2ees.E2eeAddress, encoded, encoded.length), 'address'));
  } catch {
    return undefined;
  }
}
