import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { page } from '../../bench/html/page.js';
import { readmeTable, withTable } from '../../bench/readme-table.js';
import { parseReport } from '../../bench/report.js';
import { fixture } from './fixture.js';

const root = path.resolve(import.meta.dirname, '../..');
const read = (name: string): string => readFileSync(path.join(root, name), 'utf8');
const published = parseReport(read('bench/report/report.json'));

test("the README's table is what the published report says", () => {
  expect(withTable(read('README.md'), published)).toBe(read('README.md'));
});

test('the published page is what the published report says', () => {
  expect(page(published) === read('bench/report/report.html')).toBe(true);
});

test('rows that were not measured are left out, and columns are aligned', () => {
  const lines = readmeTable(fixture).trimEnd().split('\n').slice(2);
  expect(lines).toHaveLength(2 + 10);
  expect(new Set(lines.map((line) => line.length)).size).toBe(1);
});

test('a document without the marks is refused', () => {
  expect(() => withTable('# nothing', fixture)).toThrow('no marks');
});

test('what is no report is refused', () => {
  expect(() => parseReport('{"machine":{},"results":[]}')).toThrow('no report');
});
