import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';

const root = path.resolve(import.meta.dirname, '../..');

/** Who may import whom inside `lib/`; a folder may always import itself. ARCHITECTURE.md explains the layers. */
const allowed: Record<string, readonly string[]> = {
  base: [],
  crypto: ['base'],
  account: ['crypto', 'base'],
  ratchet: ['crypto', 'base'],
  session: ['account', 'ratchet', 'crypto', 'base'],
  group: ['account', 'ratchet', 'crypto', 'base'],
  wire: ['account', 'group', 'session', 'ratchet', 'crypto', 'base'],
  store: ['wire', 'account', 'session', 'ratchet', 'group', 'crypto', 'base'],
  transport: ['wire', 'base'],
  file: ['crypto', 'base'],
  client: ['store', 'transport', 'wire', 'account', 'session', 'group', 'crypto', 'base'],
  server: ['store', 'transport', 'wire', 'crypto', 'base'],
};

/** The entry points that a user of the package can import; the command line and the benchmarks get no more than that. */
const publicEntries = ['lib/index.ts', 'lib/core.ts', 'lib/server/index.ts', 'lib/store/sqlite/index.ts'];

/** Folders of the pure core: synchronous transitions on values. Design D1. */
const pureCore = ['account', 'ratchet', 'session', 'group'];

interface SourceFile {
  readonly name: string;
  readonly text: string;
  readonly imports: readonly string[];
}

function sourceFiles(folder: string): SourceFile[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('generated'))
    .map((name) => read(path.posix.join(folder, name.split(path.sep).join('/'))));
}

function read(name: string): SourceFile {
  const text = readFileSync(path.join(root, name), 'utf8');
  const imports = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/gu)].map(([, specifier]) => specifier ?? '');
  return { name, text, imports };
}

/** The file of this repository that an import names, or undefined for a package. */
function target(file: SourceFile, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return path.posix.normalize(path.posix.join(path.posix.dirname(file.name), specifier)).replace(/\.js$/u, '.ts');
}

function folderOf(name: string): string {
  return name.split('/')[1] ?? '';
}

const lib = sourceFiles('lib');

describe('import rules', () => {
  test('a layer imports only the layers below it', () => {
    const broken = lib.flatMap((file) => {
      const folder = folderOf(file.name);
      const may = allowed[folder];
      if (may === undefined) return [];
      return file.imports
        .map((specifier) => target(file, specifier))
        .filter((name) => name !== undefined)
        .filter((name) => folderOf(name) !== folder && !may.includes(folderOf(name)))
        .map((name) => `${file.name} imports ${name}`);
    });
    expect(broken).toEqual([]);
  });

  test('every folder of lib has a rule', () => {
    const folders = new Set(lib.map((file) => folderOf(file.name)).filter((folder) => !folder.endsWith('.ts')));
    expect([...folders].filter((folder) => folder !== 'cli' && allowed[folder] === undefined)).toEqual([]);
  });

  test('the command line and the benchmarks import the public entry points only', () => {
    const outsiders = [...lib.filter((file) => folderOf(file.name) === 'cli'), ...sourceFiles('bench')];
    expect(outsiders.length).toBeGreaterThan(0);
    const broken = outsiders.flatMap((file) =>
      file.imports
        .map((specifier) => target(file, specifier))
        .filter((name) => name !== undefined)
        .filter((name) => name.startsWith('lib/') && folderOf(name) !== 'cli' && !publicEntries.includes(name))
        .map((name) => `${file.name} imports ${name}`),
    );
    expect(broken).toEqual([]);
  });

  test('there are no import cycles, not even of types', () => {
    const graph = new Map(
      lib.map((file) => [file.name, file.imports.map((specifier) => target(file, specifier)).filter((name) => name !== undefined)]),
    );
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (name: string, trail: readonly string[]): void => {
      if (trail.includes(name)) cycles.push([...trail.slice(trail.indexOf(name)), name].join(' -> '));
      if (done.has(name) || trail.includes(name)) return;
      for (const next of graph.get(name) ?? []) visit(next, [...trail, name]);
      done.add(name);
    };
    for (const name of graph.keys()) visit(name, []);
    expect(cycles).toEqual([]);
  });

  test('the pure core has no await, clock, randomness, input or output', () => {
    const forbidden = /\bawait\b|\basync\b|\bDate\b|Math\.random|\bsetTimeout\b|\bconsole\b|from 'node:|protobuf/u;
    const core = lib.filter((file) => pureCore.includes(folderOf(file.name)));
    expect(core.length).toBeGreaterThan(0);
    const broken = core.filter((file) => forbidden.test(file.text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gmu, ''))).map((file) => file.name);
    expect(broken).toEqual([]);
  });

  test('only one file loads the addon, and only lib/wire knows protobuf', () => {
    const loaders = lib.filter((file) => /createRequire|process\.dlopen/u.test(file.text)).map((file) => file.name);
    expect(loaders).toEqual(['lib/crypto/native.ts']);
    const protobuf = lib.filter((file) =>
      file.imports.some((specifier) => specifier.includes('generated') || specifier.startsWith('protobufjs')),
    );
    expect(protobuf.map((file) => folderOf(file.name)).filter((folder) => folder !== 'wire')).toEqual([]);
  });
});
