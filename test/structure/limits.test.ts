import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { limits } from '../../lib/base/limits.js';
import { defaultRelayLimits } from '../../lib/server/relay-limits.js';
import { type LimitTests, type Shown, limitTests, relayLimitTests } from '../limits/table.js';

const root = path.resolve(import.meta.dirname, '../..');

/** Whether the file exists and holds a test of that title. */
function isShown({ file, title }: Shown): boolean {
  const found = path.join(root, 'test', file);
  return existsSync(found) && readFileSync(found, 'utf8').replaceAll('’', "'").includes(`'${title}'`);
}

function notShown(tests: Readonly<Record<string, LimitTests>>): string[] {
  return Object.entries(tests)
    .filter(([, { holds, refuses }]) => !isShown(holds) || !isShown(refuses))
    .map(([name]) => name);
}

describe.each([
  ['lib/base/limits.ts', limits, limitTests],
  ['lib/server/relay-limits.ts', defaultRelayLimits, relayLimitTests],
] as const)('every bound of %s', (file, bounds, tests) => {
  test('stands in the table of tests, and the table names nothing else', () => {
    expect(Object.keys(tests).sort()).toEqual(Object.keys(bounds).sort());
  });

  test('is shown by tests that exist', () => {
    expect(notShown(tests)).toEqual([]);
  });

  test('has its reason in a comment above it', () => {
    const text = readFileSync(path.join(root, file), 'utf8');
    const withReason = [...text.matchAll(/\*\/\n {2}(?:readonly )?(\w+): /gu)].map(([, name]) => name);
    expect(Object.keys(bounds).filter((name) => !withReason.includes(name))).toEqual([]);
  });
});

test('a test that does not exist is noticed', () => {
  expect(isShown({ file: 'limits/door.test.ts', title: 'is ended when it says nothing' })).toBe(true);
  expect(isShown({ file: 'limits/door.test.ts', title: 'is ended when it says too much' })).toBe(false);
  expect(isShown({ file: 'limits/none.test.ts', title: 'is ended when it says nothing' })).toBe(false);
});
