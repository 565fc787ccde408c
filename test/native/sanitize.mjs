/**
 * Builds the addon and the C libraries with AddressSanitizer and UndefinedBehaviorSanitizer and runs under them the exercise of every export, and
 * calls with random arguments. The last line is a JSON count; one visible skip where there is no such compiler.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSanitized, sanitizedFolder, sanitizerEnvironment } from './sanitizers.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const environment = sanitizerEnvironment();
/** Sequences of random calls; `npm run fuzz -- --target addon` makes as many as it is asked for. */
const randomCalls = 3_000;

if (environment === undefined) {
  process.stdout.write('no gcc with sanitizer runtimes here: skipped\n');
  process.stdout.write(`${JSON.stringify({ passed: 0, failed: 0, skipped: 1 })}\n`);
} else {
  const failure = buildSanitized();
  const counts = failure === undefined ? [exercise(environment), fuzz(environment)] : [{ passed: 0, failed: 1, skipped: 0, failure }];
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const count of counts) {
    if (count.failure !== undefined) process.stdout.write(`${count.failure}\n`);
    for (const kind of Object.keys(sum)) sum[kind] += count[kind];
  }
  process.stdout.write(`${JSON.stringify(sum)}\n`);
  process.exitCode = sum.failed === 0 ? 0 : 1;
}

/** Runs a script of this repository under the sanitizers; its last line is of JSON. */
function run(env, ...args) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env,
  });
  process.stderr.write(stderr);
  const lines = stdout.trimEnd().split('\n');
  process.stdout.write(`${lines.filter((line) => !line.startsWith('{')).join('\n')}\n`);
  const last = lines.at(-1) ?? '';
  if (!last.startsWith('{')) return { failure: `${args[0]} ended with ${signal ?? `code ${status}`}` };
  return { status, found: JSON.parse(last) };
}

function exercise(env) {
  const { status, found, failure } = run(env, path.join(root, 'test/native/exercise.mjs'), sanitizedFolder);
  if (failure !== undefined) return { passed: 0, failed: 1, skipped: 0, failure };
  return status === 0 || found.failed > 0 ? found : { ...found, failed: 1, failure: `the exercise ended with code ${status}` };
}

function fuzz(env) {
  const { found, failure } = run(env, path.join(root, 'test/fuzz/addon-child.mjs'), sanitizedFolder, String(randomCalls), '1', '0');
  if (found?.result === undefined) return { passed: 0, failed: 1, skipped: 0, failure: failure ?? 'no result of the random calls' };
  const { executions, failed, found: findings } = found.result;
  const told = findings.map(({ what, input }) => `FAILED random calls: ${what} (${input})`).join('\n');
  return { passed: executions - failed, failed, skipped: 0, ...(failed === 0 ? {} : { failure: told }) };
}
