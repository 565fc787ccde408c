/** Packs compiled modules into programs and the modules that the package exports. */
import { build } from 'esbuild';
import { chmodSync, cpSync, existsSync } from 'node:fs';
import path from 'node:path';

/** What is shipped: what package.json names, and the thread of the SQLite store. */
const library = ['index', 'core', 'server/index', 'store/sqlite/index', 'store/sqlite/worker', 'cli/main'].map((name) => `lib/${name}`);

/** Programs of the repository. */
const programs = [
  'bench/main',
  'bench/relay/process',
  'test/crowd/clients-process',
  'test/crowd/main',
  'test/crowd/relay-process',
  'test/faults/host-program',
  'test/faults/main',
  'test/fuzz/child',
  'test/fuzz/main',
  'test/interop/main',
  'test/stories/main',
  'test/suites/main',
  'test/vectors/main',
];

const common = { bundle: true, splitting: true, format: 'esm', platform: 'node', target: 'node20', logLevel: 'warning' };

/** Packs the compiled modules of `from` into `to`, with the declarations of the library. Rejects when something cannot be resolved. */
export async function bundle(from, to) {
  const entries = (names) => names.map((name) => path.join(from, `${name}.js`)).filter((file) => existsSync(file));
  await build({
    ...common,
    entryPoints: entries(library),
    outbase: from,
    outdir: to,
    packages: 'external',
    chunkNames: 'lib/shared-[hash]',
  });
  await build({
    ...common,
    entryPoints: entries(programs),
    outbase: from,
    outdir: to,
    // Programs that are started many times carry their packages with them. Native ones cannot be.
    external: ['better-sqlite3', 'bufferutil', 'esbuild', '@swc/core', '@matrix-org/olm', 'pqclean'],
    chunkNames: 'test/shared-[hash]',
    // What packages in the older module format call.
    banner: { js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);" },
  });
  cpSync(path.join(from, 'lib'), path.join(to, 'lib'), { recursive: true, filter: (file) => !file.endsWith('.js') });
  chmodSync(path.join(to, 'lib/cli/main.js'), 0o755);
}
