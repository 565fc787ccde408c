import { describe, expect, jest, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** Every story starts some processes. */
jest.setTimeout(1_800_000);

/** Enough to come by every point. */
const stories = 60;

describe('stories of clients and a relay whose processes die, whose disks fill and whose lines break', () => {
  test('lose nothing, duplicate nothing, use no key twice and get stuck nowhere', () => {
    const words = [join(import.meta.dirname, '../../dist/test/faults/main.js'), '--runs', String(stories), '--seed', '1'];
    const { stdout, stderr } = spawnSync(process.execPath, words, {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    process.stdout.write(stdout);
    expect({ wrong: stdout.split('\n').filter((line) => /went wrong|no story came by/u.test(line)), stderr }).toEqual({
      wrong: [],
      stderr: '',
    });
    expect(stdout.trimEnd().split('\n').at(-1)).toBe(`${stories} passed, 0 failed`);
  });
});
