/** The testing build of the addon: operations draw from bytes that the test gives. */
import { E2eeError, UsageError } from '../../lib/base/errors.js';
import type { NativeAddon, TestingAddon } from '../../lib/crypto/addon.js';
import { testingAddon as loadTestingAddon } from './native-modules.js';

let loaded: TestingAddon | undefined;

/** The addon with queued randomness, of the build that the library uses. Throws `UsageError('addon-missing')` when it has not been built. */
export function testingAddon(): TestingAddon {
  loaded ??= loadTestingAddon();
  return loaded;
}

/**
 * Runs `operation` on the testing addon with exactly `given` as its randomness. An operation that draws more or fewer bytes is refused with
 * `UsageError('random-length')`: a seed of a wrong length never makes a key.
 */
export function withRandom<T>(given: Uint8Array, operation: (native: NativeAddon) => T): T {
  const native = testingAddon();
  native.clearQueuedRandom();
  native.queueRandom(given);
  try {
    const result = operation(native);
    const left = native.queuedRandomLength();
    if (left !== 0) throw new UsageError('random-length', `${left} of ${given.length} given random bytes were not drawn`);
    return result;
  } catch (error) {
    if (error instanceof E2eeError && error.code === 'random-exhausted') {
      throw new UsageError('random-length', `the operation draws more than ${given.length} random bytes`, { cause: error });
    }
    throw error;
  } finally {
    native.clearQueuedRandom();
  }
}
