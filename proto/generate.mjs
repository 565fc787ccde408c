// Makes lib/wire/generated from the schema; does nothing when it is newer than the schema and made by the same generator and this file.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, '..', 'lib', 'wire', 'generated');
const require = createRequire(import.meta.url);
const cli = require.resolve('protobufjs-cli/package.json');

const options = [
  ...['-t', 'static-module', '-w', 'esm', '--dependency', 'protobufjs/minimal.js', '-r', 'skissm', '--force-long', '--dts'],
  ...['--no-verify', '--no-convert', '--no-delimited', '--no-service', '--no-typeurl'],
];
const sources = ['.', 'relay'].flatMap((folder) =>
  readdirSync(join(here, folder))
    .filter((name) => name.endsWith('.proto'))
    .sort()
    .map((name) => join(folder, name)),
);

const hash = createHash('sha256')
  .update(JSON.parse(readFileSync(cli, 'utf8')).version)
  .update(JSON.stringify(options))
  .update(readFileSync(fileURLToPath(import.meta.url)));
for (const source of sources) hash.update(`\0${source}\0`).update(readFileSync(join(here, source)));
const stamp = hash.digest('hex');
const stampFile = join(out, 'stamp');

if (read(stampFile) !== stamp || read(join(out, 'e2ees.js')) === undefined || read(join(out, 'e2ees.d.ts')) === undefined) generate();

function generate() {
  mkdirSync(out, { recursive: true });
  // Written beside and renamed: a second run at the same time, or one that is stopped, never leaves half a module.
  const temporary = join(out, `e2ees.${process.pid}.js`);
  const pbjs = join(dirname(cli), 'bin', 'pbjs');
  const run = spawnSync(process.execPath, [pbjs, ...options, '-p', here, '-o', temporary, ...sources.map((source) => join(here, source))], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (run.status !== 0) {
    console.error('proto/generate.mjs: pbjs failed');
    process.exit(1);
  }
  const temporaryTypes = temporary.replace(/\.js$/, '.d.ts');
  writeFileSync(temporaryTypes, withOpenEnums(readFileSync(temporaryTypes, 'utf8')));
  renameSync(temporary, join(out, 'e2ees.js'));
  renameSync(temporaryTypes, join(out, 'e2ees.d.ts'));
  writeFileSync(stampFile, stamp);
}

/** Enums of proto3 are open: a field holds any number, which the typings of the generator deny. */
function withOpenEnums(types) {
  const names = [...types.matchAll(/^\s+enum (\w+) \{/gm)].map(([, name]) => name);
  return types.replaceAll(new RegExp(`\\be2ees\\.(${names.join('|')})\\b`, 'g'), 'number');
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
