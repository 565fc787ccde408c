/**
 * The only file that loads the native addon, and the place where its coded errors become ours.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { E2eeError, InternalError, ProtocolError, UsageError, VerificationError } from '../base/errors.js';
import { packageRoot } from '../base/package-root.js';
import type { AddonErrorCode, NativeAcceleration, NativeAddon } from './addon.js';

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

/** Loads the addon of the package at `root`. Throws `UsageError('addon-missing')` when it has not been built. */
export function loadAddon(root: string): NativeAddon {
  const file = join(root, 'build', 'Release', 'skissm.node');
  if (!existsSync(file)) {
    throw new UsageError(
      'addon-missing',
      'the native addon has not been built: run `npm run build` in the directory of the skissm package',
    );
  }
  return createRequire(import.meta.url)(file) as NativeAddon;
}

/** The native addon that is shipped. Importing this throws `UsageError('addon-missing')` when it has not been built. */
export const addon: NativeAddon = loadAddon(packageRoot());

/** Which primitives run on the processor's own instructions. `SKISSM_NATIVE=portable` in the environment keeps to portable code. */
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
