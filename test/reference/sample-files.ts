import { seededBytes } from '../support/seeded-jobs.js';

/** Bytes of the longest sample. */
const longest = 4_096;

/** The 2000 sample files of the reference's tests, made from a seed: 0 to 4096 bytes, every short length among them. */
export function* sampleFiles(): Generator<Uint8Array> {
  const draw = seededBytes('reference sample files');
  for (let number = 0; number < 2000; number += 1) {
    const [low = 0, high = 0] = draw(2);
    yield draw(number < 300 ? number : ((high << 8) | low) % (longest + 1));
  }
}
