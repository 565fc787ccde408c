import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { gaps, lines } from './lines.js';

/** Where the specification is, on machines that have it: beside the repository, or beside the folder of its worktrees. */
const specification = ['../shared', '../../shared']
  .map((folder) => path.resolve(import.meta.dirname, '../..', folder, 'spec/reference-tests.md'))
  .find((file) => existsSync(file));

const named = [
  ...Object.entries(lines).flatMap(([program, names]) => names.map((name) => `${program} ${name}: `)),
  ...gaps.map((gap) => `gap ${gap}: `),
];

/** Beginnings of the titles of all tests and describes of this folder; what is skipped by name does not count. */
function titles(): string[] {
  return readdirSync(import.meta.dirname)
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => readFileSync(path.join(import.meta.dirname, name), 'utf8'))
    .flatMap((text) => [...text.matchAll(/\b(?:test|describe)\(\s*(['"`])(.*?)\1,/gu)].map(([, , title]) => title ?? ''));
}

test('every line of the reference’s tests, and every gap in them, is the title of a test here', () => {
  const found = titles();
  expect(found.length).toBeGreaterThan(0);
  expect(named.filter((name) => !found.some((title) => title.startsWith(name)))).toEqual([]);
});

/** The tables of a Markdown text, by the heading above: the cells of each row. */
function tables(text: string): { readonly heading: string; readonly cells: readonly string[] }[] {
  let heading = '';
  const rows: { readonly heading: string; readonly cells: readonly string[] }[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('## ')) heading = line.slice(3).split(' (')[0] ?? '';
    else if (/^\|(?!-)/u.test(line) && !/^\| (?:test|program) \|/u.test(line))
      rows.push({
        heading,
        cells: line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      });
  }
  return rows;
}

(specification === undefined ? test.skip : test)('the specification has no line and no gap that is not listed', () => {
  const text = readFileSync(specification ?? '', 'utf8');
  const expected = tables(text).flatMap(({ heading, cells: [name = '', checks = ''] }) =>
    heading.startsWith('test_')
      ? [`${heading} ${name}: `]
      : name.split(', ').flatMap((program) => checks.split(/; (?![^(]*\))/u).map((check) => `${program} ${check}: `)),
  );
  const [, paragraph = ''] = text.split('## Gaps we should cover ourselves\n');
  const gapNames = paragraph.trim().replaceAll('\n', ' ').replace(/\.$/u, '').split(/[,;] /u);
  expect([...expected, ...gapNames.map((gap) => `gap ${gap}: `)].sort()).toEqual([...named].sort());
});
