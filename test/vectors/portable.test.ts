import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { packageRoot } from '../../lib/base/package-root.js';
import { defaultVectorDirectory } from './run-vectors.js';

const program = join(packageRoot(), 'dist/test/vectors/main.js');
const shared = defaultVectorDirectory(process.env);

/** Those with AES-GCM, SHA-256, HMAC, HKDF, ML-KEM and ML-DSA, whose portable code is not what the other tests run here. */
for (const kind of ['wycheproof', 'cavp', 'acvp', 'cctv']) {
  const folder = shared === undefined ? undefined : join(shared, kind);
  if (folder === undefined || !existsSync(folder)) {
    test.skip(`the published vectors of ${kind} are not at hand: name their folder in SKISSM_VECTORS`, () => undefined);
  } else {
    test(`every case of ${kind} gives the published result in the portable build without the processor's instructions, too`, () => {
      const { status, stdout } = spawnSync(process.execPath, [program, folder], {
        env: { ...process.env, NODE_OPTIONS: '', SKISSM_NATIVE: 'portable' },
        encoding: 'utf8',
      });
      expect([status, stdout.trimEnd().split('\n').at(-1)]).toEqual([
        0,
        expect.stringMatching(/^[1-9]\d* passed, 0 failed, \d+ skipped$/u),
      ]);
    });
  }
}
