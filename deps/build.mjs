/**
 * Compiles the TypeScript to `dist/`: wire modules first, then the compiler, then the files that it does not copy. The old `dist/` is replaced
 * only when everything went well, so that programs running from it are not cut off half-way.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const dist = path.join(root, 'dist');
const next = path.join(root, 'build', `dist-${process.pid}`);
const previous = path.join(root, 'build', `dist-previous-${process.pid}`);

try {
  run('proto/generate.mjs');
  run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', next);
  for (const folder of ['lib/wire/generated', 'lib/store/sqlite/migrations', 'test/vectors/data']) {
    const from = path.join(root, folder);
    if (existsSync(from)) cpSync(from, path.join(next, folder), { recursive: true });
  }
  const command = path.join(next, 'lib/cli/main.js');
  if (existsSync(command)) chmodSync(command, 0o755);
  if (existsSync(dist)) renameSync(dist, previous);
  renameSync(next, dist);
} finally {
  for (const folder of [next, previous]) rmSync(folder, { recursive: true, force: true });
}

function run(...args) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status === 0) return;
  process.exitCode = status ?? 1;
  throw new Error(`failed: ${args.join(' ')}`);
}
