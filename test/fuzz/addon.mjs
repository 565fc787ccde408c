/**
 * Fuzzes the addon under AddressSanitizer and UndefinedBehaviorSanitizer: `node addon.mjs RUNS SEED SECONDS [TRACE FROM]`, lines as those of
 * child.ts. Without a compiler for that it takes the shipped build, and says so.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSanitized, sanitizedFolder, sanitizerEnvironment } from '../native/sanitizers.mjs';

const folder = path.dirname(fileURLToPath(import.meta.url));
const environment = sanitizerEnvironment();
const failure = environment === undefined ? undefined : buildSanitized();
if (failure !== undefined) {
  process.stderr.write(`${failure}\n`);
  process.exit(1);
}
if (environment === undefined) process.stderr.write('no gcc with sanitizer runtimes here: the addon is fuzzed without them\n');
const release = environment === undefined ? path.resolve(folder, '../../build/Release') : sanitizedFolder;
const child = spawn(process.execPath, [path.join(folder, 'addon-child.mjs'), release, ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: environment ?? process.env,
});
// Whoever ends this process ends the child as well.
process.on('exit', () => child.kill('SIGKILL'));
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(1));
child.on('close', (code) => process.exit(code ?? 1));
