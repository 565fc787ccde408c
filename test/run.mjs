/**
 * Everything that `npm test` checks, one after another, each with its own count. Ends with `N passed, N failed, N skipped`, summed from the
 * results, and fails when anything failed.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const results = path.join(root, 'build/test-results');
rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });

/** A check that either holds or does not. */
const verdict =
  (...args) =>
  () => {
    const status = run(args);
    return { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
  };

/** A script whose last line is a JSON count. */
const counted = (script) => () => {
  const result = spawnSync(process.execPath, [script], { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  process.stdout.write(`${result.stdout}${result.stderr}`);
  const last = result.stdout.trimEnd().split('\n').at(-1) ?? '';
  try {
    const count = JSON.parse(last);
    return result.status === 0 || count.failed > 0 ? count : { ...count, failed: 1 };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
};

const checks = {
  format: verdict('node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'),
  lint: verdict('node_modules/eslint/bin/eslint.js', '--max-warnings', '0', '.'),
  types: verdict('node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json'),
  'native format': nativeFormat,
  jest,
  sanitizers: counted('test/native/sanitize.mjs'),
  'secret dependence': counted('test/native/secret-dependence.mjs'),
};

const total = { passed: 0, failed: 0, skipped: 0 };
for (const [name, check] of Object.entries(checks)) {
  process.stdout.write(`\n== ${name}\n`);
  const count = check();
  writeFileSync(path.join(results, `${name.replaceAll(' ', '-')}.json`), JSON.stringify(count));
  for (const kind of Object.keys(total)) total[kind] += count[kind];
  process.stdout.write(`${name}: ${line(count)}\n`);
}
process.stdout.write(`\n${line(total)}\n`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;

function jest() {
  const output = path.join(root, 'build/jest.json');
  rmSync(output, { force: true });
  run(['node_modules/jest/bin/jest.js', '--ci', '--json', `--outputFile=${output}`], { NODE_OPTIONS: '--experimental-vm-modules' });
  const summary = readJson(output);
  // A suite that could not even start has no tests to count.
  return summary === undefined
    ? { passed: 0, failed: 1, skipped: 0 }
    : {
        passed: summary.numPassedTests,
        failed: summary.numFailedTests + summary.numRuntimeErrorTestSuites,
        skipped: summary.numPendingTests + summary.numTodoTests,
      };
}

/** C++ formatting; a machine without clang-format skips it and says so. */
function nativeFormat() {
  if (spawnSync('clang-format', ['--version'], { stdio: 'ignore' }).status !== 0) {
    process.stdout.write('clang-format is not installed: skipped\n');
    return { passed: 0, failed: 0, skipped: 1 };
  }
  const files = spawnSync('git', ['ls-files', 'native/*.cc', 'native/*.h', 'bench/native/*.cc', 'test/native/*.cc', 'test/native/*.h'], {
    cwd: root,
    encoding: 'utf8',
  });
  const names = files.stdout.split('\n').filter((name) => name !== '');
  const { status } = spawnSync('clang-format', ['--dry-run', '-Werror', ...names], { cwd: root, stdio: 'inherit' });
  return { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
}

function run(args, environment = {}) {
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...environment } }).status;
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function line({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
