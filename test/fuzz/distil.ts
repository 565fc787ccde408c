/** Fewer and smaller inputs that show the same. */
import type { Target } from './target.js';

/** Bytes of an input that is worth a place in the repository. */
const longest = 1_200;
/** Bytes of all inputs of one target. */
const mostBytes = 50_000;

/** Of `inputs` those that show something which neither the target's own seeds nor shorter ones show, the shortest first; closes the target. */
export async function distil(target: Target, inputs: readonly Uint8Array[]): Promise<Uint8Array[]> {
  const seen = new Set<string>();
  const kept: Uint8Array[] = [];
  let bytes = 0;
  const showsNew = async (input: Uint8Array): Promise<boolean> => {
    const known = seen.size;
    try {
      for (const feature of (await target.run(input.slice())).features) seen.add(feature);
    } catch {
      // A finding is reported by the campaign, and belongs to the fixed defects once it is one.
      return false;
    }
    return seen.size > known;
  };
  for (const seed of target.seeds) await showsNew(seed);
  const candidates = inputs.filter(({ length }) => length <= longest).sort((a, b) => a.length - b.length || Buffer.compare(a, b));
  for (const input of candidates) {
    if (bytes + input.length > mostBytes) break;
    if (!(await showsNew(input))) continue;
    kept.push(input);
    bytes += input.length;
  }
  await target.close?.();
  return kept;
}
