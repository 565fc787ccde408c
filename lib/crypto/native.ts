/**
 * The only file that loads the native addon, and the place where its coded errors become ours.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { E2eeError, InternalError, ProtocolError, UsageError, VerificationError } from '../base/errors.js';
import { packageRoot } from '../base/package-root.js';
import type { AddonErrorCode, NativeAcceleration, NativeAddon, NativeBuild } from './addon.js';

type ErrorClass = new (code: string, message: string, options?: { cause?: unknown }) => E2eeError;

/** Who has to act on a code. What a peer can cause is never the caller's mistake. */
const errorClasses: Readonly<Record<AddonErrorCode, ErrorClass>> = {
  'argument-type': UsageError,
  'argument-length': UsageError,
  'argument-overlap': UsageError,
  'argument-range': UsageError,
  'unknown-scheme': UsageError,
  'bad-public-key': ProtocolError,
  'bad-private-key': ProtocolError,
  'zero-shared-secret': ProtocolError,
  'not-authentic': VerificationError,
  'crypto-failed': InternalError,
  'random-exhausted': InternalError,
};

/**
 * The build to load: the best that can run here, unless the environment variable `SKISSM_NATIVE` (`wish`) names one. Throws
 * `UsageError('native-build-unknown')` when it names something else, `UsageError('native-build-unavailable')` when the build cannot run here.
 */
export function chosenBuild(wish: string | undefined, v3: { isBuilt(): boolean; runsHere(): boolean }): NativeBuild {
  if (wish === 'portable') return 'portable';
  if (wish !== undefined && wish !== '' && wish !== 'v3') {
    throw new UsageError('native-build-unknown', `SKISSM_NATIVE is ${JSON.stringify(wish)}: set it to "portable" or "v3", or unset it`);
  }
  const isBuilt = v3.isBuilt();
  if (isBuilt && v3.runsHere()) return 'x86-64-v3';
  if (wish === 'v3') {
    const hindrance = isBuilt ? 'this processor lacks AVX2 or BMI2' : 'it has not been built here';
    throw new UsageError('native-build-unavailable', `SKISSM_NATIVE asks for the x86-64-v3 build, but ${hindrance}: unset it`);
  }
  return 'portable';
}

/**
 * Loads the addon of the package at `root`, in the build that {@link chosenBuild} says. Throws `UsageError('addon-missing')` when it has not been
 * built.
 */
export function loadAddon(root: string, wish = process.env['SKISSM_NATIVE']): NativeAddon {
  const fileOf = (name: string) => join(root, 'build', 'Release', name);
  const v3File = fileOf('skissm_v3.node');
  if (!existsSync(fileOf('skissm.node'))) {
    throw new UsageError(
      'addon-missing',
      'the native addon has not been built: run `npm run build` in the directory of the skissm package',
    );
  }
  const load = (file: string) => createRequire(import.meta.url)(file) as NativeAddon;
  // The portable build runs everywhere, so it can be asked what the processor has before code for a newer one is loaded.
  const portable = load(fileOf('skissm.node'));
  const build = chosenBuild(wish, { isBuilt: () => existsSync(v3File), runsHere: () => portable.runsX8664V3() });
  return build === 'portable' ? portable : load(v3File);
}

/** The native addon that is shipped. Importing this throws what {@link loadAddon} does. */
export const addon: NativeAddon = loadAddon(packageRoot());

/**
 * Which build of the addon is loaded, and which primitives run on the processor's own instructions. The environment variable `SKISSM_NATIVE` chooses:
 * `portable` keeps to portable code, `v3` asks for the build for x86-64 with AVX2 and BMI2; unset, the best that the processor can run is taken.
 */
export function nativeAcceleration(): NativeAcceleration {
  return addon.acceleration();
}

/** The error of class {@link E2eeError} that stands for an addon's error code, with the same code. */
export function errorOfCode(code: AddonErrorCode, message: string): E2eeError {
  return new errorClasses[code](code, message);
}

/**
 * The error of ours that stands for what the addon threw. Recognised by `code`, not by class: an error made in C++ may belong to another
 * realm. Anything without a known code is an `InternalError('addon')`.
 */
export function asPackageError(thrown: unknown): E2eeError {
  if (thrown instanceof E2eeError) return thrown;
  if (typeof thrown === 'object' && thrown !== null && 'code' in thrown && 'message' in thrown) {
    const { code, message } = thrown;
    if (typeof code === 'string' && Object.hasOwn(errorClasses, code)) return errorOfCode(code as AddonErrorCode, String(message));
  }
  return new InternalError('addon', 'the native addon failed without a known code', { cause: thrown });
}

/** Calls the addon through `f`; what it throws comes out as an {@link E2eeError}. */
export function callAddon<T>(f: () => T): T {
  try {
    return f();
  } catch (thrown) {
    throw asPackageError(thrown);
  }
}
