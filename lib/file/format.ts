/** What is fixed in the format of sealed files and data: the IV and the associated data. Spec: crypto.md §4. */
import { concat, utf8 } from '../base/bytes.js';

/** Bytes of an IV. */
export const ivLength = 12;

/** The IV of every file, and of data unless another is given. It never changes, which is why a key is for one content only. */
export const zeroIv: Uint8Array = new Uint8Array(ivLength);

/** Authenticated with sealed data: a text of 62 characters and two zero bytes. */
export const dataAssociatedData: Uint8Array = associatedData('data');

/** Authenticated with an encrypted file: a text of 62 characters and two zero bytes. */
export const fileAssociatedData: Uint8Array = associatedData('file');

function associatedData(purpose: 'data' | 'file'): Uint8Array {
  return concat([utf8(`E2EES ---> ${purpose} encryption with AES256/GCM/Nopadding algorithm`), new Uint8Array(2)]);
}
