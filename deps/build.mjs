/** Compiles the TypeScript to `dist/`: wire modules first, then the compiler, then the files that it does not copy. */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

run('proto/generate.mjs');
rmSync(path.join(root, 'dist'), { recursive: true, force: true });
run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json');
for (const folder of ['lib/wire/generated', 'lib/store/sqlite/migrations', 'test/vectors/data']) {
  const from = path.join(root, folder);
  if (existsSync(from)) cpSync(from, path.join(root, 'dist', folder), { recursive: true });
}
const command = path.join(root, 'dist/lib/cli/main.js');
if (existsSync(command)) chmodSync(command, 0o755);

function run(...args) {
  const result = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (result.status !== 0) process.exit(result.status ?? 1);
}
