import { expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../lib/base/package-root.js';

const root = packageRoot();

/** The rows of the tables of faults and attacks: what, what happens, which tests show it. */
function rows(): { readonly what: string; readonly tests: readonly string[] }[] {
  const page = readFileSync(join(root, 'SECURITY.md'), 'utf8');
  const from = page.indexOf('## Faults and attacks');
  const lines = page.slice(from, page.indexOf('\n## ', from + 1)).split('\n');
  return lines
    .filter((line) => line.startsWith('| ') && !/^\| (?:-|fault |attack )/u.test(line))
    .map((line) => {
      const [, what = '', , shown = ''] = line.split('|').map((cell) => cell.trim());
      return { what, tests: [...shown.matchAll(/`([^`]+)`/gu)].map(([, path = '']) => path) };
    });
}

test('every fault and attack of SECURITY.md names a test that exists', () => {
  const found = rows();
  expect(found.length).toBeGreaterThan(20);
  expect(found.filter(({ tests }) => tests.length === 0).map(({ what }) => what)).toEqual([]);
  expect(found.flatMap(({ tests }) => tests.filter((path) => !existsSync(join(root, path))))).toEqual([]);
});
