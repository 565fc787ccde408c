import { spawnSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';

const root = path.resolve(import.meta.dirname, '../..');
mkdirSync(path.join(root, 'build'), { recursive: true });
// Inside the package, so that `import 'skissm'` means this package as it was built.
const folder = mkdtempSync(path.join(root, 'build/readme-'));

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function examples(document: string): string[] {
  const text = readFileSync(path.join(root, document), 'utf8');
  return [...text.matchAll(/^```js\n([\s\S]*?)^```$/gmu)].map(([, code]) => code ?? '');
}

describe('examples of the README', () => {
  const found = examples('README.md');

  test('there is one', () => {
    expect(found.length).toBeGreaterThan(0);
  });

  test.each(found.map((code, index) => [index + 1, code] as const))('example %i runs to its end', (number, code) => {
    const file = path.join(folder, `example-${number}.mjs`);
    writeFileSync(file, code);
    const { status, stderr } = spawnSync(process.execPath, [file], { cwd: folder, encoding: 'utf8', timeout: 60_000 });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

describe('the README names what exists', () => {
  const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { readonly scripts: Record<string, string> };
  const scripts = new Set(Object.keys(manifest.scripts));

  test('every `npm run` command is a script of the package', () => {
    const named = [...readFileSync(path.join(root, 'README.md'), 'utf8').matchAll(/npm (?:run )?([a-z]+)/gu)].map(([, name]) => name ?? '');
    expect(named.filter((name) => !['ci', 'install', 'test'].includes(name) && !scripts.has(name))).toEqual([]);
    expect(named).toContain('demo');
    expect(named).toContain('test');
  });
});
