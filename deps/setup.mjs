/**
 * Sets up whatever is missing, so that `npm run demo` and `npm test` work in a fresh clone: system tools, npm packages, the SQLite binding,
 * the native addon and the compiled TypeScript. Plain Node, no dependencies. Does nothing when all is in place.
 *
 * --quiet: print only what is being done, nothing when there is nothing to do.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const quiet = process.argv.includes('--quiet');
const node = process.execPath;

/** What the build needs from the system: how to see it, and the package that brings it. */
const tools = [
  { name: 'cmake', present: () => runs('cmake', ['--version']), apt: ['cmake'], brew: ['cmake'] },
  { name: 'make', present: () => runs('make', ['--version']), apt: ['make'], brew: [] },
  { name: 'a C++20 compiler', present: () => runs('c++', ['--version']), apt: ['g++'], brew: [] },
  { name: 'mbed TLS (headers and static library, 2.28 or 3.x)', present: mbedtlsPresent, apt: ['libmbedtls-dev'], brew: ['mbedtls@3'] },
  {
    name: 'python3 (builds the SQLite binding)',
    present: () => sqlitePresent() || runs('python3', ['--version']),
    apt: ['python3'],
    brew: ['python3'],
  },
];

checkNode();
installTools();
step('npm packages', 'packages', ['package-lock.json'], () => {
  run(npm(), ['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
});
step('the SQLite binding', 'sqlite', ['package-lock.json'], () => run(npm(), ['rebuild', 'better-sqlite3'], nodeHeaders()), sqlitePresent);
step(
  'the native addon',
  'native',
  ['package-lock.json', 'CMakeLists.txt', 'native', 'deps', 'bench/native'],
  () => run(node, ['node_modules/cmake-js/bin/cmake-js', 'compile'], { CMAKE_BUILD_PARALLEL_LEVEL: String(availableParallelism()) }),
  addonPresent,
);
step(
  'the TypeScript build',
  'typescript',
  ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'deps/build.mjs', 'deps/bundle.mjs', 'proto', 'lib', 'bench', 'test'],
  () => run(node, ['deps/build.mjs']),
);

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) fail(`Node ${process.versions.node} is too old: install Node 20.19 or newer.`);
}

function installTools() {
  const missing = tools.filter((tool) => !tool.present());
  if (missing.length === 0) return;
  const names = missing.map((tool) => tool.name).join(', ');
  if (process.platform === 'linux' && runs('apt-get', ['--version'])) {
    const packages = missing.flatMap((tool) => tool.apt);
    const asRoot = process.getuid?.() === 0 ? [] : runs('sudo', ['-n', 'true']) ? ['sudo', '-n'] : undefined;
    if (asRoot === undefined) fail(`Missing: ${names}. Install with: sudo apt-get install ${packages.join(' ')}`);
    say(`installing ${names} with apt-get`);
    for (const words of [
      ['update', '-qq'],
      ['install', '-y', '-qq', ...packages],
    ]) {
      const [command, ...rest] = [...asRoot, 'apt-get', ...words];
      run(command, rest, { DEBIAN_FRONTEND: 'noninteractive' });
    }
  } else if (process.platform === 'darwin' && runs('brew', ['--version'])) {
    const packages = missing.flatMap((tool) => tool.brew);
    if (packages.length === 0) fail(`Missing: ${names}. Install with: xcode-select --install`);
    say(`installing ${names} with Homebrew`);
    run('brew', ['install', ...packages]);
  }
  const still = missing.filter((tool) => !tool.present());
  if (still.length > 0) {
    fail(
      `Missing: ${still.map((tool) => tool.name).join(', ')}. Install it with your system's package manager (Debian: ${still.flatMap((tool) => tool.apt).join(' ')}).`,
    );
  }
}

/** CMake looks in the same places; the library is linked statically, so the archive has to be there too. */
function mbedtlsPresent() {
  const prefixes = ['/usr', '/usr/local', '/opt/homebrew/opt/mbedtls@3', '/usr/local/opt/mbedtls@3'];
  return prefixes.some((prefix) => {
    if (!existsSync(path.join(prefix, 'include/mbedtls/gcm.h'))) return false;
    const lib = path.join(prefix, 'lib');
    const folders = [lib, ...(existsSync(lib) ? readdirSync(lib).map((name) => path.join(lib, name)) : [])];
    return folders.some((folder) => existsSync(path.join(folder, 'libmbedcrypto.a')));
  });
}

function sqlitePresent() {
  return existsSync(path.join(root, 'node_modules/better-sqlite3/build/Release/better_sqlite3.node'));
}

/** The portable addon, and on x86-64 the one for AVX2 where the compiler can make it. */
function addonPresent() {
  const isThere = (name) => existsSync(path.join(root, 'build/Release', name));
  const hasV3 = () =>
    process.arch !== 'x64' || isThere('skissm_v3.node') || !runs('c++', ['-march=x86-64-v3', '-fsyntax-only', '-x', 'c++', '/dev/null']);
  return isThere('skissm.node') && hasV3();
}

/** A Node that came with its headers builds bindings without a download. */
function nodeHeaders() {
  const prefix = path.resolve(node, '../..');
  return existsSync(path.join(prefix, 'include/node/node_api.h')) ? { npm_config_nodedir: prefix } : {};
}

/** Runs `work` unless its inputs are those of the last successful run and `present` holds. */
function step(what, name, inputs, work, present = () => true) {
  const stamp = path.join(root, name === 'packages' ? 'node_modules' : 'build', `.${name}-stamp`);
  const wanted = fingerprint(inputs);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted && present()) return;
  say(`setting up ${what}`);
  rmSync(stamp, { force: true });
  work();
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
}

function fingerprint(inputs) {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch} ${process.versions.modules}\n`);
  for (const input of inputs)
    for (const file of filesOf(path.join(root, input))) hash.update(path.relative(root, file)).update(readFileSync(file));
  return hash.digest('hex');
}

function filesOf(place) {
  if (!existsSync(place)) return [];
  if (!place.startsWith(root)) throw new Error(`outside the package: ${place}`);
  try {
    return readdirSync(place, { withFileTypes: true })
      .filter((entry) => entry.name !== 'generated' && entry.name !== 'src')
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap((entry) => filesOf(path.join(place, entry.name)));
  } catch (error) {
    if (error.code === 'ENOTDIR') return [place];
    throw error;
  }
}

function runs(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

function npm() {
  return process.platform === 'win32' ? 'npm.cmd' : 'npm';
}

/** Runs a command and shows its output only when it fails. */
function run(command, args, environment = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    env: { ...process.env, ...environment },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (result.status === 0) return;
  process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
  fail(`Failed: ${command} ${args.join(' ')}${result.error === undefined ? '' : ` (${result.error.message})`}`);
}

function say(text) {
  if (!quiet || process.stderr.isTTY) process.stderr.write(`setup: ${text}\n`);
}

function fail(text) {
  process.stderr.write(`setup: ${text}\n`);
  process.exit(1);
}
