import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { defaultVectorDirectory, ownVectorDirectory } from './run-vectors.js';
import { readVectorFile, vectorKinds, vectorPaths } from './vector-file.js';
import { runCases } from './vector-report.js';

const shared = defaultVectorDirectory(process.env);

/** The folder of a kind: the published set, else the copy that the repository carries. */
function folderOf(kind: string): string | undefined {
  return [shared, ownVectorDirectory()]
    .flatMap((place) => (place === undefined ? [] : [join(place, kind)]))
    .find((folder) => existsSync(folder) && readdirSync(folder).length > 0);
}

describe.each(vectorKinds)('the published vectors of %s', (kind) => {
  const folder = folderOf(kind);
  if (folder === undefined) {
    test.skip('are not at hand: name their folder in SKISSM_VECTORS', () => undefined);
    return;
  }
  for (const path of vectorPaths(folder)) {
    const file = readVectorFile(join(folder, path), path);
    if ('covered' in file) continue;
    const able = file.cases.filter((entry) => !('skipped' in entry) && entry.slow !== true);
    const unable = file.cases.filter((entry) => !able.includes(entry));
    test(`every case of ${path} gives the published result`, () => {
      const report = runCases(able, { slow: 'skip' });
      expect(report.failures).toEqual([]);
      expect(report.passed).toBe(able.length);
    }, 120_000);
    for (const entry of unable) {
      test.skip(`${path}, ${entry.name}: ${'skipped' in entry ? entry.skipped : 'takes long, npm run vectors runs it'}`, () => undefined);
    }
  }
});
