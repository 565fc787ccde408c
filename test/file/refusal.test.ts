import { execFileSync } from 'node:child_process';
import { appendFileSync, linkSync, mkdirSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { utf8 } from '../../lib/base/bytes.js';
import { limits } from '../../lib/base/limits.js';
import { seal } from '../../lib/crypto/aead.js';
import { decryptFile, encryptFile, type FileOptions } from '../../lib/file/file.js';
import { fileError } from '../../lib/file/file-error.js';
import { importFileKey, type FileKey } from '../../lib/file/file-key.js';
import { fileAssociatedData, zeroIv } from '../../lib/file/format.js';
import { seededBytes } from '../crypto/seeded-bytes.js';
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

const content = seededBytes('content', 2 * limits.fileBlockLength + 100);
type Work = (source: string, target: string, options: FileOptions) => Promise<unknown>;

/** Both directions: a name, the work, a file that it succeeds on, and what a file of too many bytes is to it. */
const directions: readonly (readonly [string, Work, () => Uint8Array, string])[] = [
  ['encryption', (source, target, options) => encryptFile(source, target, { key, ...options }), () => content, 'UsageError file-length'],
  [
    'decryption',
    (source, target, options) => decryptFile(source, target, key, options),
    () => seal(key.expose(), zeroIv, fileAssociatedData, content),
    'DecodeError too-large',
  ],
];

describe.each(directions)('%s', (_name, work, input, tooLong) => {
  test('does not replace a target unless asked', async () => {
    const source = folder.put('source', input());
    folder.put('target', utf8('as before'));
    expect(await rejectionOf(work(source, folder.file('target'), {}))).toBe('UsageError target-exists');
    expect(await rejectionOf(work(source, source, {}))).toBe('UsageError target-exists');
    expect([folder.names, folder.bytes('target')]).toEqual([['source', 'target'], utf8('as before')]);
  });

  test('does not replace what appears under the name of the target meanwhile', async () => {
    const source = folder.put('source', input());
    const onProgress = (): void => writeFileSync(folder.file('target'), 'first');
    expect(await rejectionOf(work(source, folder.file('target'), { onProgress }))).toBe('UsageError target-exists');
    expect([folder.names, folder.bytes('target')]).toEqual([['source', 'target'], utf8('first')]);
  });

  test('replaces a target when asked, under this name only', async () => {
    const source = folder.put('source', input());
    folder.put('target', utf8('as before'));
    linkSync(folder.file('target'), folder.file('other name'));
    await work(source, folder.file('target'), { overwrite: true });
    expect(Math.abs(folder.bytes('target').length - input().length)).toBe(16);
    expect(folder.bytes('other name')).toEqual(utf8('as before'));
    expect(folder.names).toEqual(['other name', 'source', 'target']);
  });

  test('refuses directories, pipes and devices', async () => {
    const source = folder.put('source', input());
    mkdirSync(folder.file('directory'));
    execFileSync('mkfifo', [folder.file('pipe')]);
    for (const special of [folder.file('directory'), folder.file('pipe'), '/dev/null']) {
      expect(await rejectionOf(work(special, folder.file('target'), {}))).toBe('UsageError not-a-file');
      expect(await rejectionOf(work(source, special, { overwrite: true }))).toBe('UsageError not-a-file');
    }
    expect(folder.names).toEqual(['directory', 'pipe', 'source']);
  });

  test('does not write through a link', async () => {
    const source = folder.put('source', input());
    folder.put('elsewhere', utf8('as before'));
    symlinkSync('elsewhere', folder.file('link'));
    symlinkSync('nowhere', folder.file('dangling'));
    for (const link of ['link', 'dangling']) {
      expect(await rejectionOf(work(source, folder.file(link), { overwrite: true }))).toBe('UsageError not-a-file');
    }
    expect(folder.bytes('elsewhere')).toEqual(utf8('as before'));
    expect(folder.names).toEqual(['dangling', 'elsewhere', 'link', 'source']);
  });

  test('says which path does not exist', async () => {
    const source = folder.put('source', input());
    const missing = path.join(folder.file('none'), 'file');
    await expect(work(missing, folder.file('target'), {})).rejects.toThrow(missing);
    expect(await rejectionOf(work(missing, folder.file('target'), {}))).toBe('UsageError no-such-file');
    await expect(work(source, missing, {})).rejects.toThrow(missing);
    expect(await rejectionOf(work(source, missing, {}))).toBe('UsageError no-such-file');
    expect(folder.names).toEqual(['source']);
  });

  test('refuses names that cannot be a path', async () => {
    const source = folder.put('source', input());
    for (const name of ['x'.repeat(300), 'a\0b']) {
      expect(await rejectionOf(work(folder.file(name), folder.file('target'), {}))).toBe('UsageError file-name');
      expect(await rejectionOf(work(source, folder.file(name), {}))).toBe('UsageError file-name');
    }
    expect(folder.names).toEqual(['source']);
  });

  test('ends with the reason of its signal and leaves nothing', async () => {
    const source = folder.put('source', input());
    folder.put('target', utf8('as before'));
    const controller = new AbortController();
    const onProgress = (done: number): void => {
      if (done === limits.fileBlockLength) controller.abort(new Error('enough'));
    };
    const options = { overwrite: true, signal: controller.signal, onProgress };
    await expect(work(source, folder.file('target'), options)).rejects.toThrow('enough');
    // A signal that is aborted already ends it before anything is looked at.
    await expect(work('nowhere', folder.file('target'), options)).rejects.toThrow('enough');
    expect([folder.names, folder.bytes('target')]).toEqual([['source', 'target'], utf8('as before')]);
  });

  test('that is given up after the last block, and without an error, does not touch the target', async () => {
    const source = folder.put('source', input());
    const controller = new AbortController();
    const onProgress = (done: number, length: number): void => {
      if (done === length) controller.abort('enough');
    };
    expect(await rejectionOf(work(source, folder.file('target'), { signal: controller.signal, onProgress }))).toBe('UsageError aborted');
    expect(folder.names).toEqual(['source']);
  });

  test('ends with what the progress callback throws and leaves nothing', async () => {
    const source = folder.put('source', input());
    const onProgress = (): void => {
      throw new Error('the display is gone');
    };
    await expect(work(source, folder.file('target'), { onProgress })).rejects.toThrow('the display is gone');
    expect(folder.names).toEqual(['source']);
  });

  test.each([
    ['longer', (file: string) => appendFileSync(file, 'more')],
    ['shorter', (file: string) => truncateSync(file, 10)],
  ])('refuses a source that becomes %s while it is read', async (_how, change) => {
    const source = folder.put('source', input());
    const onProgress = (): void => change(source);
    expect(await rejectionOf(work(source, folder.file('target'), { onProgress }))).toBe('StoreError source-changed');
    expect(folder.names).toEqual(['source']);
  });

  test('refuses a source that is longer than one key may seal, before any work', async () => {
    const source = folder.put('source', input());
    truncateSync(source, limits.fileLength + 17);
    const onProgress = (): void => {
      throw new Error('work has begun');
    };
    expect(await rejectionOf(work(source, folder.file('target'), { onProgress }))).toBe(tooLong);
    expect(folder.names).toEqual(['source']);
  });

  test('writes beside the target, for the owner only, until it is done', async () => {
    const source = folder.put('source', input());
    const seen = new Set<string>();
    const onProgress = (): void => {
      for (const name of folder.names)
        seen.add(`${name.replace(/[0-9a-f]{16}/u, '*')} ${(statSync(folder.file(name)).mode & 0o077).toString(8)}`);
    };
    await work(source, folder.file('target'), { onProgress });
    expect([...seen].filter((line) => !line.startsWith('source'))).toEqual(['.skissm-*.tmp 0']);
    expect(folder.names).toEqual(['source', 'target']);
  });
});

(process.platform === 'linux' ? test : test.skip)(
  'a source whose length the system does not tell is not taken for an empty one',
  async () => {
    expect(await rejectionOf(encryptFile('/proc/self/status', folder.file('target'), { key }))).toBe('StoreError source-changed');
    expect(folder.names).toEqual([]);
  },
);

describe('a wiped key', () => {
  test('encrypts and decrypts nothing', async () => {
    const source = folder.put('source', content);
    key.wipe();
    expect(await rejectionOf(encryptFile(source, folder.file('target'), { key }))).toBe('InternalError secret-wiped');
    expect(await rejectionOf(decryptFile(source, folder.file('target'), key))).toBe('InternalError secret-wiped');
    expect(folder.names).toEqual(['source']);
  });
});

describe('what the file system throws', () => {
  test.each([
    ['ENOSPC', 'StoreError disk-full'],
    ['EDQUOT', 'StoreError disk-full'],
    ['EFBIG', 'StoreError disk-full'],
    ['EACCES', 'StoreError unavailable'],
    ['EIO', 'StoreError unavailable'],
    ['EMFILE', 'StoreError unavailable'],
    ['ENOENT', 'UsageError no-such-file'],
    ['EISDIR', 'UsageError not-a-file'],
  ])('%s becomes %s', (code, expected) => {
    const cause = Object.assign(new Error('system text'), { code });
    const error = fileError(cause, '/some/file');
    expect(`${error.name} ${error.code}`).toBe(expected);
    expect(error.message).toContain('/some/file');
    expect(error.cause).toBe(cause);
  });

  test('that has no code is unavailable, and an error of ours stays what it is', () => {
    const error = fileError(new Error('odd'), '/some/file');
    expect(`${error.name} ${error.code}`).toBe('StoreError unavailable');
    expect(fileError(error, '/other/file')).toBe(error);
  });
});
