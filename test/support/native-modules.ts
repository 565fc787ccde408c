/** The modules that the native build leaves beside each other: of every build the shipped addon and the one whose randomness comes from a queue. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { UsageError } from '../../lib/base/errors.js';
import { packageRoot } from '../../lib/base/package-root.js';
import type { NativeAddon, NativeBuild, TestingAddon } from '../../lib/crypto/addon.js';
import { addon, nativeAcceleration } from '../../lib/crypto/native.js';

/** The builds that can be loaded here, the portable one first. */
export function nativeBuilds(): readonly NativeBuild[] {
  return existsSync(moduleFile('skissm', 'x86-64-v3')) && addon.runsX8664V3() ? ['portable', 'x86-64-v3'] : ['portable'];
}

/** The file of a module: of the build that the library uses unless another is named. */
export function moduleFile(name: 'skissm' | 'skissm_testing', build: NativeBuild = nativeAcceleration().build): string {
  return join(packageRoot(), 'build', 'Release', `${name}${build === 'portable' ? '' : '_v3'}.node`);
}

/** The shipped addon itself, without the layer of lib/crypto above it. */
export function shippedAddon(build?: NativeBuild): NativeAddon {
  return createRequire(import.meta.url)(moduleFile('skissm', build)) as NativeAddon;
}

/** The addon whose randomness comes from a queue. Throws `UsageError('addon-missing')` when it has not been built. */
export function testingAddon(build?: NativeBuild): TestingAddon {
  const file = moduleFile('skissm_testing', build);
  if (!existsSync(file)) throw new UsageError('addon-missing', 'the testing addon has not been built: run `npm run build`');
  return createRequire(import.meta.url)(file) as TestingAddon;
}
