/**
 * Builds the addon and the C libraries with AddressSanitizer and UndefinedBehaviorSanitizer and runs the exercise of every export under them.
 * The last line is a JSON count; one visible skip where there is no such compiler.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const output = path.join(root, 'build/sanitize');

const runtimes = process.platform === 'linux' ? ['libasan.so', 'libubsan.so'].map(runtime) : [];
if (runtimes.length === 0 || runtimes.includes(undefined)) {
  process.stdout.write('no gcc with sanitizer runtimes here: skipped\n');
  process.stdout.write(`${JSON.stringify({ passed: 0, failed: 0, skipped: 1 })}\n`);
} else {
  const failure = build() ?? exercise();
  if (failure !== undefined) {
    process.stdout.write(`${failure}\n${JSON.stringify({ passed: 0, failed: 1, skipped: 0 })}\n`);
    process.exitCode = 1;
  }
}

/** Where gcc keeps a shared library of its own; `undefined` without gcc or library. */
function runtime(name) {
  const { status, stdout } = spawnSync('gcc', [`-print-file-name=${name}`], { encoding: 'utf8' });
  const file = status === 0 ? stdout.trim() : '';
  return path.isAbsolute(file) && existsSync(file) ? file : undefined;
}

function build() {
  const script = path.join(root, 'node_modules/cmake-js/bin/cmake-js');
  // The compiler must be the one whose runtimes are loaded.
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [script, 'build', '--prefer-gnu', '-O', output, '--CDSKISSM_SANITIZE=ON'],
    { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  return status === 0 ? undefined : `the sanitizer build failed\n${stdout}\n${stderr}`;
}

function exercise() {
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(root, 'test/native/exercise.mjs'), path.join(output, 'Release')],
    {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        LD_PRELOAD: runtimes.join(':'),
        // Node itself keeps memory until the end, so leaks cannot be told apart.
        ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=0:exitcode=99',
        UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
      },
    },
  );
  process.stderr.write(stderr);
  process.stdout.write(stdout);
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  if (status === 0 && last.startsWith('{')) return undefined;
  // A count with failures is the last line already; anything else needs one.
  if (status === 1 && last.startsWith('{')) {
    process.exitCode = 1;
    return undefined;
  }
  return `the exercise ended with ${signal ?? `code ${status}`}`;
}
