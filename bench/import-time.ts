/** How long a program waits for an import: new processes with it and without, in turn. */
import { spawnSync } from 'node:child_process';
import { packageRoot } from './package-root.js';
import { median } from './statistics.js';
import type { Question } from './task.js';

export const importTimeQuestion: Question = () =>
  modules.map((module) => ({
    name: 'import',
    subject: module,
    run: (effort) => {
      const times: number[] = [];
      for (let i = 0; i < startsPerRound * effort.rounds; i += 1) times.push(start(`await import('${module}')`) - start(''));
      const about = 'a process that imports it less one that imports nothing; the median of pairs';
      return Promise.resolve({ quantities: [{ name: `import.${module}`, value: median(times), unit: 'ms' as const, about }] });
    },
  }));

const modules = ['skissm', 'skissm/core', 'skissm/server', 'skissm/store/sqlite', '@matrix-org/olm'];
const startsPerRound = 3;

/** Milliseconds of a process with `script`. */
function start(script: string): number {
  const began = performance.now();
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: packageRoot(),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`a process that only imports has failed: ${stderr}`);
  return performance.now() - began;
}
