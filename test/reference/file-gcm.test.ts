/** The reference's test_file_gcm. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createDecipheriv } from 'node:crypto';
import { aeadTagLength } from '../../lib/crypto/aead.js';
import { decryptFile, encryptFile } from '../../lib/file/file.js';
import { fileAssociatedData, zeroIv } from '../../lib/file/format.js';
import { Folder } from '../file/folder.js';
import { sampleFiles } from './sample-files.js';

let folder: Folder;

beforeEach(() => {
  folder = new Folder();
});

afterEach(() => {
  folder.remove();
});

/** What OpenSSL makes of a file of ours. Throws when it is not authentic. */
function openedByOpenSsl(sealed: Uint8Array, key: Uint8Array): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, zeroIv, { authTagLength: aeadTagLength });
  decipher.setAAD(fileAssociatedData);
  decipher.setAuthTag(sealed.subarray(sealed.length - aeadTagLength));
  return Buffer.concat([decipher.update(sealed.subarray(0, -aeadTagLength)), decipher.final()]);
}

async function expectRoundTrip(name: string, content: Uint8Array): Promise<void> {
  const sealed = `${name} sealed`;
  const opened = `${name} opened`;
  const { key, contentLength } = await encryptFile(folder.put(name, content), folder.file(sealed));
  expect(contentLength).toBe(content.length);
  expect(folder.bytes(sealed)).toHaveLength(content.length + aeadTagLength);
  expect(openedByOpenSsl(folder.bytes(sealed), key.expose()).equals(content)).toBe(true);
  expect(await decryptFile(folder.file(sealed), folder.file(opened), key)).toBe(content.length);
  expect(Buffer.compare(folder.bytes(opened), content)).toBe(0);
}

test('test_file_gcm the same 2000 files through the file helper: each is encrypted as OpenSSL decrypts it, and decrypts again', async () => {
  const files = [...sampleFiles()];
  // Every file is made durable: fifty at a time wait for the disk together.
  for (let start = 0; start < files.length; start += 50) {
    await Promise.all(files.slice(start, start + 50).map((content, position) => expectRoundTrip(`${start + position}`, content)));
  }
  expect(folder.names).toHaveLength(3 * 2000);
}, 120_000);
