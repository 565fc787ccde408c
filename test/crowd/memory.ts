/** Whether the memory of a process stays flat while it works. */

/** What a process takes after so many messages, bytes; the heap after a collection. */
export interface MemorySample {
  readonly messages: number;
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
}

/**
 * Bytes per message by which heap and external memory may grow in the second half: a fifth of the shortest thing that the relay could keep of a
 * message, its id in a map.
 */
export const heapSlopeBound = 32;

/** The same for the resident set, in which the allocators of C libraries and the page cache of SQLite find their level more slowly. */
export const rssSlopeBound = 512;

/** Slope of the straight line nearest to the points; 0 for fewer than two. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  if (points.length < 2) return 0;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return spread === 0 ? 0 : points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
}

/** Growth in the second half of the run, bytes per message. */
export function growthOf(samples: readonly MemorySample[]): { readonly heap: number; readonly rss: number } {
  const half = (samples.at(-1)?.messages ?? 0) / 2;
  const second = samples.filter(({ messages }) => messages >= half);
  return {
    heap: slopeOf(second.map(({ messages, heapUsed, external }) => [messages, heapUsed + external])),
    rss: slopeOf(second.map(({ messages, rss }) => [messages, rss])),
  };
}

/** The samples as lines of a table, in MB. */
export function tableOf(samples: readonly MemorySample[]): string[] {
  const cell = (text: string): string => text.padStart(11);
  const megabytes = (bytes: number): string => cell((bytes / 1_048_576).toFixed(1));
  return [
    ['messages', 'rss', 'heap used', 'external'].map(cell).join(''),
    ...samples.map(
      ({ messages, rss, heapUsed, external }) => `${cell(String(messages))}${megabytes(rss)}${megabytes(heapUsed)}${megabytes(external)}`,
    ),
  ];
}
