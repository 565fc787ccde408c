/** The build of the addon and the C libraries with AddressSanitizer and UndefinedBehaviorSanitizer, and how to run something under them. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const output = path.join(root, 'build/sanitize');

/** Where the built addons are. */
export const sanitizedFolder = path.join(output, 'Release');

/** Where gcc keeps a shared library of its own; `undefined` without gcc or library. */
function runtime(name) {
  const { status, stdout } = spawnSync('gcc', [`-print-file-name=${name}`], { encoding: 'utf8' });
  const file = status === 0 ? stdout.trim() : '';
  return path.isAbsolute(file) && existsSync(file) ? file : undefined;
}

/** The environment in which Node can load the built addons; `undefined` where gcc or its runtimes are missing. */
export function sanitizerEnvironment() {
  const runtimes = process.platform === 'linux' ? ['libasan.so', 'libubsan.so'].map(runtime) : [];
  if (runtimes.length === 0 || runtimes.includes(undefined)) return undefined;
  return {
    ...process.env,
    NODE_OPTIONS: '',
    LD_PRELOAD: runtimes.join(':'),
    // Node itself keeps memory until the end, so leaks cannot be told apart.
    ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=0:exitcode=99',
    UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
  };
}

/** Builds; gives what went wrong, or `undefined`. */
export function buildSanitized() {
  const script = path.join(root, 'node_modules/cmake-js/bin/cmake-js');
  // The compiler must be the one whose runtimes are loaded.
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [script, 'build', '--prefer-gnu', '-O', output, '--CDSKISSM_SANITIZE=ON'],
    { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  return status === 0 ? undefined : `the sanitizer build failed\n${stdout}\n${stderr}`;
}
