import { statSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { utf8 } from '../../lib/base/bytes.js';
import { importFileKey, type FileKey } from '../../lib/file/file-key.js';
import { loadFileKey, saveFileKey } from '../../lib/file/key-file.js';
import { decodeFileKey, encodeFileKey } from '../../lib/file/key-text.js';
import { errorOf } from '../crypto/error-code.js';
import { seededBytes } from '../crypto/seeded-bytes.js';
import { Folder, rejectionOf } from './folder.js';

let folder: Folder;

beforeEach(() => {
  folder = new Folder();
});

afterEach(() => {
  folder.remove();
});

const seededKey = (seed: string): FileKey => importFileKey(seededBytes(seed, 32));
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

describe('the text of a key', () => {
  test('is its base64 as an independent implementation makes it, and gives the key back', () => {
    const samples = [
      new Uint8Array(32),
      new Uint8Array(32).fill(0xff),
      ...Array.from({ length: 200 }, (_, i) => seededBytes(`key ${i}`, 32)),
    ];
    for (const bytes of samples) {
      const text = encodeFileKey(importFileKey(bytes)).expose();
      expect(Buffer.from(text).toString()).toBe(`${base64(bytes)}\n`);
      expect(decodeFileKey(text).expose()).toEqual(bytes);
    }
  });

  test.each(['', '\n', '\r\n'])('may end with %j', (ending) => {
    const key = seededKey('key');
    expect(decodeFileKey(utf8(`${base64(key.expose())}${ending}`)).expose()).toEqual(key.expose());
  });

  const good = base64(seededBytes('key', 32));
  test.each([
    ['nothing', ''],
    ['a line feed', '\n'],
    ['a key of 31 bytes', base64(seededBytes('key', 31))],
    ['a key of 33 bytes', base64(seededBytes('key', 33))],
    ['a key of 30 bytes and blanks', `${base64(seededBytes('key', 30))}    `],
    ['two line feeds', `${good}\n\n`],
    ['a blank before it', ` ${good}`],
    ['no padding', good.slice(0, -1)],
    ['padding in the middle', `=${good.slice(1)}`],
    ['a character of the other alphabet', `_${good.slice(1)}`],
    ['bits beyond the key', `${'A'.repeat(42)}B=`],
  ])('is not %s', (_, text) => {
    expect(errorOf(() => decodeFileKey(utf8(text)))).toBe('DecodeError key-text');
  });
});

describe('a key file', () => {
  test('is for its owner only and gives the key back', async () => {
    const key = seededKey('key');
    await saveFileKey(folder.file('key'), key);
    expect(statSync(folder.file('key')).mode & 0o777).toBe(0o600);
    expect(Buffer.from(folder.bytes('key')).toString()).toBe(`${base64(key.expose())}\n`);
    expect((await loadFileKey(folder.file('key'))).expose()).toEqual(key.expose());
    expect(folder.names).toEqual(['key']);
  });

  test('is never replaced', async () => {
    await saveFileKey(folder.file('key'), seededKey('first'));
    expect(await rejectionOf(saveFileKey(folder.file('key'), seededKey('second')))).toBe('UsageError target-exists');
    expect((await loadFileKey(folder.file('key'))).expose()).toEqual(seededBytes('first', 32));
    expect(folder.names).toEqual(['key']);
  });

  test('that holds something else is refused, and the error does not repeat it', async () => {
    for (const text of ['not a key', `${'x'.repeat(1_000)}\n`, '']) {
      const file = folder.put('key', utf8(text));
      expect(await rejectionOf(loadFileKey(file))).toBe('DecodeError key-text');
      await expect(loadFileKey(file)).rejects.not.toThrow(/not a key|xxx/u);
    }
  });

  test('that is not there is said to be missing', async () => {
    expect(await rejectionOf(loadFileKey(folder.file('key')))).toBe('UsageError no-such-file');
  });
});
