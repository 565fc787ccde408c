import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { InternalError, ProtocolError, UsageError, VerificationError } from '../../lib/base/errors.js';
import { packageRoot } from '../../lib/base/package-root.js';
import { addon, asPackageError, callAddon, chosenBuild, errorOfCode, loadAddon, nativeAcceleration } from '../../lib/crypto/native.js';

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

/** Builds that are there or not, on a processor that runs them or not. */
const v3 = (isBuilt: boolean, runsHere: boolean) => ({ isBuilt: () => isBuilt, runsHere: () => runsHere });

test('the best build that can run is taken unless the environment names one', () => {
  expect(chosenBuild(undefined, v3(true, true))).toBe('x86-64-v3');
  expect(chosenBuild('', v3(true, true))).toBe('x86-64-v3');
  expect(chosenBuild('v3', v3(true, true))).toBe('x86-64-v3');
  expect(chosenBuild('portable', v3(true, true))).toBe('portable');
  for (const [isBuilt, runsHere] of [
    [true, false],
    [false, true],
    [false, false],
  ] as const) {
    expect(chosenBuild(undefined, v3(isBuilt, runsHere))).toBe('portable');
    expect(chosenBuild('portable', v3(isBuilt, runsHere))).toBe('portable');
  }
});

test('a processor is not asked for a build that is not there', () => {
  const runsHere = () => {
    throw new Error('asked');
  };
  expect(chosenBuild(undefined, { isBuilt: () => false, runsHere })).toBe('portable');
});

test.each([
  ['v3', v3(true, false), 'native-build-unavailable', /lacks AVX2 or BMI2: unset it/u],
  ['v3', v3(false, true), 'native-build-unavailable', /has not been built here: unset it/u],
  ['v4', v3(true, true), 'native-build-unknown', /is "v4": set it to "portable" or "v3", or unset it/u],
  ['Portable', v3(true, true), 'native-build-unknown', /is "Portable"/u],
])('SKISSM_NATIVE=%s is refused where it cannot be had, with what to do', (wish, there, code, message) => {
  const choose = () => chosenBuild(wish, there);
  expect(choose).toThrow(UsageError);
  expect(choose).toThrow(expect.objectContaining({ code }));
  expect(choose).toThrow(message);
});

test('the addon says which build it is, and the portable one can always be had', () => {
  expect(loadAddon(packageRoot(), 'portable').acceleration()).toMatchObject({ build: 'portable', fourWayKeccak: false });
  const { build, fourWayKeccak } = nativeAcceleration();
  expect(fourWayKeccak).toBe(build === 'x86-64-v3');
  expect(() => loadAddon(packageRoot(), 'fast')).toThrow(expect.objectContaining({ code: 'native-build-unknown' }));
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
