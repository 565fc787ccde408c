import { statSync, symlinkSync, truncateSync, watch } from 'node:fs';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { noBytes, toHex, utf8 } from '../../lib/base/bytes.js';
import { encryptFile, importFileKey, limits, saveFileKey } from '../../lib/index.js';
import { seededBytes } from '../crypto/seeded-bytes.js';
import { Folder } from '../file/folder.js';
import { Command, run, type Finished } from './command.js';

jest.setTimeout(60_000);

let folder: Folder;

beforeEach(() => {
  folder = new Folder();
});

afterEach(() => {
  folder.remove();
});

/** Runs `skissm file`; words that begin with `:` are names of files in the folder. */
function file(words: string, input = ''): Promise<Finished> {
  return run(['file', ...located(words)], folder.file(''), input);
}

function located(words: string): string[] {
  return words.split(' ').map((word) => (word.startsWith(':') ? folder.file(word.slice(1)) : word));
}

const notAuthentic = { code: 5, stdout: '', stderr: 'error: not-authentic: the sealed text is not authentic\n' };
const content = seededBytes('content', limits.fileBlockLength + 77);

/** Resolves when the first block of a target has been written under its temporary name. */
function targetBegun(): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(folder.file(''), () => {
      const unfinished = folder.names
        .filter((name) => name.endsWith('.tmp'))
        .map((name) => statSync(folder.file(name), { throwIfNoEntry: false }));
      if (!unfinished.some((stats) => (stats?.size ?? 0) >= limits.fileBlockLength)) return;
      watcher.close();
      resolve();
    });
  });
}

/** Makes the files `plain`, `key` and `sealed`. */
async function sealedUnderKeyFile(): Promise<void> {
  const key = importFileKey(seededBytes('key', 32));
  await saveFileKey(folder.file('key'), key);
  await encryptFile(folder.put('plain', content), folder.file('sealed'), { key });
}

describe('skissm file with a key file', () => {
  test('makes the key, encrypts, and decrypts with it', async () => {
    folder.put('plain', content);
    const encrypted = await file('encrypt :plain :sealed --key-file :key');
    expect(encrypted).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^encrypted \d+ bytes of .*; its key is in .*\n$/u),
    });
    expect(Buffer.from(folder.bytes('key')).toString()).toMatch(/^[A-Za-z0-9+/]{43}=\n$/u);
    for (const name of ['key', 'sealed']) expect(statSync(folder.file(name)).mode & 0o777).toBe(0o600);
    expect(folder.bytes('sealed').length).toBe(content.length + 16);
    expect(await file('decrypt :sealed :opened --key-file :key')).toMatchObject({ code: 0, stderr: '' });
    expect(Buffer.compare(folder.bytes('opened'), content)).toBe(0);
    expect(folder.names).toEqual(['key', 'opened', 'plain', 'sealed']);
  });

  test('encrypts a file in its own place and back, and tells it in JSON', async () => {
    folder.put('plain', content);
    const [plain, keyFile] = [folder.file('plain'), folder.file('key')];
    const encrypted = await file('encrypt :plain :plain --key-file :key --overwrite --json');
    expect(JSON.parse(encrypted.stdout)).toEqual({ event: 'encrypted', source: plain, target: plain, length: content.length, keyFile });
    const decrypted = await file('decrypt :plain :plain --key-file :key --overwrite --json');
    expect(JSON.parse(decrypted.stdout)).toEqual({ event: 'decrypted', source: plain, target: plain, length: content.length });
    expect(Buffer.compare(folder.bytes('plain'), content)).toBe(0);
    expect(folder.names).toEqual(['key', 'plain']);
  });

  test('does not replace a key file, and leaves none when the encryption fails', async () => {
    folder.put('plain', content);
    folder.put('kept', utf8('as before'));
    expect(await file('encrypt :plain :sealed --key-file :kept')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^error: target-exists: /u),
    });
    expect(folder.bytes('kept')).toEqual(utf8('as before'));
    expect(await file('encrypt :plain :kept --key-file :key')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^error: target-exists: /u),
    });
    expect(await file('encrypt :none :sealed --key-file :key')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^error: no-such-file: /u),
    });
    expect(folder.names).toEqual(['kept', 'plain']);
  });

  test('does not let the target replace the key, under whatever name', async () => {
    folder.put('plain', content);
    symlinkSync('.', folder.file('same'));
    const refused = { code: 2, stderr: expect.stringMatching(/^error: arguments: /u) };
    expect(await file('encrypt :plain :same/key --key-file :key --overwrite')).toMatchObject(refused);
    expect(folder.names).toEqual(['plain', 'same']);
    await file('encrypt :plain :sealed --key-file :key');
    const key = folder.bytes('key');
    expect(await file('decrypt :sealed :same/key --key-file :key --overwrite')).toMatchObject(refused);
    expect(folder.bytes('key')).toEqual(key);
  });

  test('refuses another key with exit code 5 and leaves the target as it was', async () => {
    await sealedUnderKeyFile();
    await saveFileKey(folder.file('other'), importFileKey(seededBytes('other key', 32)));
    folder.put('kept', utf8('as before'));
    expect(await file('decrypt :sealed :kept --key-file :other --overwrite')).toEqual(notAuthentic);
    expect(folder.bytes('kept')).toEqual(utf8('as before'));
    expect(folder.names).toEqual(['kept', 'key', 'other', 'plain', 'sealed']);
  });

  test('refuses an altered file with exit code 5 and makes no target', async () => {
    await sealedUnderKeyFile();
    folder.put('sealed', folder.bytes('sealed').subarray(0, -1));
    expect(await file('decrypt :sealed :new --key-file :key')).toEqual(notAuthentic);
    expect(folder.names).toEqual(['key', 'plain', 'sealed']);
  });

  test('refuses a key file that holds something else with exit code 5', async () => {
    await sealedUnderKeyFile();
    const { code, stderr } = await file('decrypt :sealed :new --key-file :plain');
    expect([code, stderr.split(':', 2).join(':')]).toEqual([5, 'error: key-text']);
    expect(folder.names).toEqual(['key', 'plain', 'sealed']);
  });

  test('leaves neither target nor key when it is stopped', async () => {
    truncateSync(folder.put('plain', noBytes), 4 * 1_073_741_824);
    const begun = targetBegun();
    const command = new Command(['file', ...located('encrypt :plain :sealed --key-file :key')], folder.file(''));
    await begun;
    command.signal('SIGTERM');
    const { code, stderr } = await command.finished;
    expect([code, stderr.split(':', 2).join(':')]).toEqual([1, 'error: interrupted']);
    expect(folder.names).toEqual(['plain']);
  });
});

describe('skissm file with a passphrase', () => {
  test('makes the bytes of the specification and warns against a second use', async () => {
    folder.put('plain', utf8('hello'));
    folder.put('pass', utf8('pw\n'));
    const encrypted = await file('encrypt :plain :sealed --passphrase-file :pass');
    expect(encrypted).toMatchObject({ code: 0, stderr: expect.stringContaining('for no other file') });
    expect(toHex(folder.bytes('sealed'))).toBe('d57d8d45391fe4a508015d393eedcd4adb7c986302');
    expect(await file('decrypt :sealed :opened --passphrase-file -', 'pw')).toMatchObject({ code: 0, stderr: '' });
    expect(folder.bytes('opened')).toEqual(utf8('hello'));
  });

  test('refuses a wrong one, an empty one and one that is too long', async () => {
    folder.put('plain', utf8('hello'));
    await file('encrypt :plain :sealed --passphrase-file -', 'pw');
    expect(await file('decrypt :sealed :opened --passphrase-file -', 'pw2')).toMatchObject({ code: 5 });
    for (const [input, code] of [
      ['\n', 'passphrase-empty'],
      ['x'.repeat(4_097), 'passphrase'],
    ] as const) {
      const { code: exitCode, stderr } = await file('decrypt :sealed :opened --passphrase-file -', input);
      expect([exitCode, stderr.split(':', 2).join(':')]).toEqual([2, `error: ${code}`]);
    }
    expect(folder.names).toEqual(['plain', 'sealed']);
  });
});

describe('skissm file', () => {
  test.each([
    ['no key and no passphrase', 'encrypt :plain :sealed', 'arguments'],
    ['both', 'decrypt :plain :sealed --key-file :key --passphrase-file :pass', 'usage'],
    ['a source only', 'encrypt :plain', 'usage'],
    ['a passphrase file that is not there', 'encrypt :plain :sealed --passphrase-file :pass', 'input'],
    ['a directory', 'encrypt . :sealed --key-file :key', 'not-a-file'],
  ])('with %s is wrong usage', async (_, words, code) => {
    folder.put('plain', content);
    const { code: exitCode, stderr, stdout } = await file(words);
    expect([exitCode, stdout, stderr.split(':', 2).join(':')]).toEqual([2, '', `error: ${code}`]);
    expect(folder.names).toEqual(['plain']);
  });

  test('explains what a key and a passphrase may be used for', async () => {
    const { code, stdout } = await file('encrypt --help');
    expect(code).toBe(0);
    expect(stdout).toContain('ONE FILE ONLY');
  });
});
