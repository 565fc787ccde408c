import { statSync, symlinkSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { noBytes, toHex, utf8 } from '../../lib/base/bytes.js';
import { limits } from '../../lib/base/limits.js';
import { open, seal } from '../../lib/crypto/aead.js';
import { decryptFile, encryptFile } from '../../lib/file/file.js';
import { deriveFileKey, importFileKey, type FileKey } from '../../lib/file/file-key.js';
import { fileAssociatedData, zeroIv } from '../../lib/file/format.js';
import { altered, seededBytes } from '../crypto/seeded-bytes.js';
import { Folder, rejectionOf } from './folder.js';

let folder: Folder;
let key: FileKey;

beforeEach(() => {
  folder = new Folder();
  key = importFileKey(seededBytes('file key', 32));
});

afterEach(() => {
  folder.remove();
});

const block = limits.fileBlockLength;
const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

describe('an encrypted file', () => {
  test('is what the specification says for the password "pw" and "hello"', async () => {
    const source = folder.put('plain', utf8('hello'));
    const encrypted = await encryptFile(source, folder.file('sealed'), { key: deriveFileKey(utf8('pw')) });
    expect(encrypted.contentLength).toBe(5);
    expect(toHex(folder.bytes('sealed'))).toBe('d57d8d45391fe4a508015d393eedcd4adb7c986302');
    expect(await decryptFile(folder.file('sealed'), folder.file('opened'), deriveFileKey(utf8('pw')))).toBe(5);
    expect(folder.bytes('opened')).toEqual(utf8('hello'));
    expect(folder.names).toEqual(['opened', 'plain', 'sealed']);
  });

  test.each([0, 1, 15, 16, 17, 8_191, 8_192, 8_193, block - 1, block, block + 1, 3 * block - 16, 5 * 1_048_576 + 3])(
    'of %i bytes is what the addon makes of them, and decrypts again',
    async (length) => {
      const content = seededBytes(`content ${length}`, length);
      await encryptFile(folder.put('plain', content), folder.file('sealed'), { key });
      expect(sameBytes(folder.bytes('sealed'), seal(key.expose(), zeroIv, fileAssociatedData, content))).toBe(true);
      expect(await decryptFile(folder.file('sealed'), folder.file('opened'), key)).toBe(length);
      expect(sameBytes(folder.bytes('opened'), content)).toBe(true);
    },
  );

  test('of 100 samples decrypts again', async () => {
    for (let sample = 0; sample < 100; sample += 1) {
      const content = seededBytes(`sample ${sample}`, (sample * 4_099) % 65_537);
      using own = importFileKey(seededBytes(`key ${sample}`, 32));
      await encryptFile(folder.put('plain', content), folder.file('sealed'), { key: own, overwrite: true });
      expect(sameBytes(open(own.expose(), zeroIv, fileAssociatedData, folder.bytes('sealed')), content)).toBe(true);
      await decryptFile(folder.file('sealed'), folder.file('opened'), own, { overwrite: true });
      expect(sameBytes(folder.bytes('opened'), content)).toBe(true);
    }
    expect(folder.names).toEqual(['opened', 'plain', 'sealed']);
  });

  test('has a new key each time unless one is given', async () => {
    const source = folder.put('plain', utf8('hello'));
    const first = await encryptFile(source, folder.file('first'));
    const second = await encryptFile(source, folder.file('second'));
    expect(toHex(first.key.expose())).not.toBe(toHex(second.key.expose()));
    await decryptFile(folder.file('first'), folder.file('opened'), first.key);
    expect(folder.bytes('opened')).toEqual(utf8('hello'));
    expect(await rejectionOf(decryptFile(folder.file('first'), folder.file('other'), second.key))).toBe('VerificationError not-authentic');
  });

  test('and its decryption belong to their owner only', async () => {
    await encryptFile(folder.put('plain', utf8('hello')), folder.file('sealed'), { key });
    await decryptFile(folder.file('sealed'), folder.file('opened'), key);
    for (const name of ['sealed', 'opened']) expect(statSync(folder.file(name)).mode & 0o777).toBe(0o600);
  });

  test('may be read through a link', async () => {
    folder.put('plain', utf8('hello'));
    symlinkSync('plain', folder.file('link'));
    await encryptFile(folder.file('link'), folder.file('sealed'), { key });
    expect(folder.bytes('sealed')).toEqual(seal(key.expose(), zeroIv, fileAssociatedData, utf8('hello')));
  });

  test('may take the place of its content, and the content that of it', async () => {
    const content = seededBytes('content', block + 5);
    const file = folder.put('file', content);
    await encryptFile(file, file, { key, overwrite: true });
    expect(sameBytes(folder.bytes('file'), seal(key.expose(), zeroIv, fileAssociatedData, content))).toBe(true);
    await decryptFile(file, file, key, { overwrite: true });
    expect(sameBytes(folder.bytes('file'), content)).toBe(true);
    expect(folder.names).toEqual(['file']);
  });

  test('does not take the place of its content under a key that nobody has stored', async () => {
    const file = folder.put('file', utf8('hello'));
    expect(await rejectionOf(encryptFile(file, file, { overwrite: true }))).toBe('UsageError key-needed');
    expect([folder.names, folder.bytes('file')]).toEqual([['file'], utf8('hello')]);
  });

  test('reports how far it has come', async () => {
    const length = 2 * block + 1;
    const seen: number[][] = [];
    const onProgress = (done: number, total: number): void => void seen.push([done, total]);
    await encryptFile(folder.put('plain', seededBytes('content', length)), folder.file('sealed'), { key, onProgress });
    const expected = [block, 2 * block, length].map((done) => [done, length]);
    expect(seen).toEqual(expected);
    await decryptFile(folder.file('sealed'), folder.file('opened'), key, { onProgress });
    expect(seen).toEqual([...expected, ...expected]);
  });
});

describe('what is not authentic is refused, and the target stays as it was', () => {
  const content = seededBytes('content', 2 * block + 100);
  const changes: readonly (readonly [string, (sealed: Uint8Array) => Uint8Array])[] = [
    ['with a changed first byte', (sealed) => altered(sealed, 0)],
    ['with a changed byte of the second block', (sealed) => altered(sealed, block + 1)],
    ['with a changed tag', (sealed) => altered(sealed, -1)],
    ['without its last byte', (sealed) => sealed.subarray(0, -1)],
    ['without its first byte', (sealed) => sealed.subarray(1)],
    ['cut after its first block', (sealed) => sealed.subarray(0, block)],
    ['with one byte more', (sealed) => Buffer.concat([sealed, Uint8Array.of(0)])],
    ['shorter than a tag', (sealed) => sealed.subarray(0, 15)],
    ['of no bytes', () => noBytes],
  ];

  test.each(changes)('a file %s', async (_, change) => {
    const sealed = folder.put('sealed', change(seal(key.expose(), zeroIv, fileAssociatedData, content)));
    folder.put('kept', utf8('as before'));
    expect(await rejectionOf(decryptFile(sealed, folder.file('new'), key))).toBe('VerificationError not-authentic');
    expect(await rejectionOf(decryptFile(sealed, folder.file('kept'), key, { overwrite: true }))).toBe('VerificationError not-authentic');
    expect(folder.names).toEqual(['kept', 'sealed']);
    expect(folder.bytes('kept')).toEqual(utf8('as before'));
  });

  test('a file under another key', async () => {
    const sealed = folder.put('sealed', seal(key.expose(), zeroIv, fileAssociatedData, content));
    const other = importFileKey(altered(key.expose(), 0));
    expect(await rejectionOf(decryptFile(sealed, sealed, other, { overwrite: true }))).toBe('VerificationError not-authentic');
    expect(folder.names).toEqual(['sealed']);
    await decryptFile(sealed, sealed, key, { overwrite: true });
    expect(sameBytes(folder.bytes('sealed'), content)).toBe(true);
  });

  test('the error says nothing about the reason', async () => {
    const sealed = folder.put('sealed', new Uint8Array(100));
    const refused = decryptFile(sealed, folder.file('new'), key);
    await expect(refused).rejects.toThrow(/^the sealed text is not authentic$/u);
    await expect(refused).rejects.not.toHaveProperty('cause');
  });
});
