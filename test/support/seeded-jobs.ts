/** Runs computations of the pure core with randomness from a seed: the same seed gives the same keys, ciphertexts and messages. */
import { createCipheriv, createHash } from 'node:crypto';
import { createExecutor } from '../../lib/crypto/execute.js';
import { type Computation, drive } from '../../lib/crypto/job.js';
import { testingAddon } from './vectors-random.js';

/** Drives a computation to its end. */
export type Run = <T>(computation: Computation<T>) => T;

/** No single operation of any scheme draws more, but an encapsulation of Classic McEliece: it draws anew until its positions differ. */
const longestDraw = 4096;
const longestMcElieceDraw = 65_536;

/** A stream of bytes from `seed`. */
export function seededBytes(seed: string): (length: number) => Uint8Array {
  const key = createHash('sha256').update(seed).digest();
  const cipher = createCipheriv('aes-256-ctr', key, new Uint8Array(16));
  return (length) => new Uint8Array(cipher.update(new Uint8Array(length)));
}

/** A runner on the testing addon with the bytes of `seed` as its randomness. */
export function seededRun(seed: string): Run {
  const addon = testingAddon();
  const executor = createExecutor(addon);
  const draw = seededBytes(seed);
  return (computation) =>
    drive(computation, (jobs) =>
      jobs.map((job) => {
        addon.clearQueuedRandom();
        addon.queueRandom(draw('scheme' in job && job.scheme.name.includes('McEliece') ? longestMcElieceDraw : longestDraw));
        return executor.executeJob(job);
      }),
    );
}
