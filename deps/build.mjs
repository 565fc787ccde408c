/**
 * Compiles the TypeScript and packs it into `dist/`: a program, or a module that the package exports, is one file beside the few that several of them
 * share. Loading hundreds of small modules would take twice as long. Third-party packages of the library stay where npm puts them.
 *
 * The compiled modules stay in `build/modules/`. The old `dist/` is replaced only when everything went well, so that programs running from it are not
 * cut off half-way.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const modules = path.join(root, 'build/modules');
const dist = path.join(root, 'dist');
const next = path.join(root, 'build', `dist-${process.pid}`);
const previous = path.join(root, 'build', `dist-previous-${process.pid}`);

try {
  run('proto/generate.mjs');
  rmSync(modules, { recursive: true, force: true });
  run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', modules);
  for (const folder of ['lib/wire/generated', 'test/vectors/data']) copy(path.join(root, folder), path.join(modules, folder));
  // Not before the packages are there.
  const { bundle } = await import('./bundle.mjs');
  await bundle(modules, next);
  copy(path.join(root, 'lib/store/sqlite/migrations'), path.join(next, 'lib/store/sqlite/migrations'));
  copy(path.join(root, 'test/vectors/data'), path.join(next, 'test/vectors/data'));
  if (existsSync(dist)) renameSync(dist, previous);
  renameSync(next, dist);
} finally {
  for (const folder of [next, previous]) rmSync(folder, { recursive: true, force: true });
}

function copy(from, to) {
  if (existsSync(from)) cpSync(from, to, { recursive: true });
}

function run(...args) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status === 0) return;
  process.exitCode = status ?? 1;
  throw new Error(`failed: ${args.join(' ')}`);
}
