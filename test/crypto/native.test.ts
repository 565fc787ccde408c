import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { InternalError, ProtocolError, UsageError, VerificationError } from '../../lib/base/errors.js';
import { packageRoot } from '../../lib/base/package-root.js';
import { addon, asPackageError, callAddon, errorOfCode, loadAddon } from '../../lib/crypto/native.js';

test('a package whose addon has not been built says what to run', () => {
  const directory = mkdtempSync(join(tmpdir(), 'skissm-root-'));
  try {
    expect(() => loadAddon(directory)).toThrow(UsageError);
    expect(() => loadAddon(directory)).toThrow(/npm run build/u);
    expect(() => loadAddon(directory)).toThrow(expect.objectContaining({ code: 'addon-missing' }));
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('the package root is found from anywhere below it', () => {
  const here = dirname(fileURLToPath(import.meta.url));
  expect(realpathSync(packageRoot())).toBe(realpathSync(join(here, '..', '..')));
});

test.each([
  ['argument-type', UsageError],
  ['argument-length', UsageError],
  ['argument-overlap', UsageError],
  ['argument-range', UsageError],
  ['unknown-scheme', UsageError],
  ['bad-public-key', ProtocolError],
  ['bad-private-key', ProtocolError],
  ['zero-shared-secret', ProtocolError],
  ['not-authentic', VerificationError],
  ['crypto-failed', InternalError],
  ['random-exhausted', InternalError],
] as const)('the code %s of the addon keeps its name and gets its class', (code, errorClass) => {
  const translated = asPackageError({ code, message: 'what happened' });
  expect(translated).toBeInstanceOf(errorClass);
  expect(translated).toMatchObject({ code, message: 'what happened' });
  expect(errorOfCode(code, 'again')).toBeInstanceOf(errorClass);
});

test.each([['a text'], [undefined], [new Error('without a code')], [{ code: 'toString', message: '' }], [{ code: 7, message: '' }]])(
  'anything else that is thrown is an internal error with its cause: %p',
  (thrown) => {
    const translated = asPackageError(thrown);
    expect(translated).toBeInstanceOf(InternalError);
    expect(translated).toMatchObject({ code: 'addon', cause: thrown });
  },
);

test('an error of ours passes through unchanged', () => {
  const error = new ProtocolError('duplicate', 'seen before');
  expect(asPackageError(error)).toBe(error);
});

test('an error made in C++ arrives with its class, code, and sizes in the message', () => {
  const call = () => callAddon(() => addon.hash(1, new Uint8Array(1), new Uint8Array(31)));
  expect(call).toThrow(UsageError);
  expect(call).toThrow(/31/u);
  expect(call).toThrow(expect.objectContaining({ code: 'argument-length' }));
});

test('what the addon returns passes through', () => {
  expect(callAddon(() => 7)).toBe(7);
});
