import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { flawedCopy, flaws } from './flaws.js';

/** Every story starts some processes. */
jest.setTimeout(1_200_000);

/** Within so many stories the harness has to find each. */
const stories = 200;

describe('the harness of faults', () => {
  let copy: string | undefined;

  afterEach(() => {
    if (copy !== undefined) rmSync(copy, { recursive: true, force: true });
  });

  test.each(flaws)('finds that $name', async (flaw) => {
    copy = await flawedCopy(flaw);
    const words = [join(copy, 'dist/test/faults/main.js'), '--runs', String(stories), '--seed', '1', '--stop-at-failure'];
    const { stdout, status } = spawnSync(process.execPath, words, {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    expect({ status, last: stdout.trimEnd().split('\n').at(-1) }).toEqual({
      status: 1,
      last: expect.stringMatching(/^\d+ passed, [1-9]\d* failed$/u),
    });
    expect(stdout).toMatch(/story \d+ went wrong/u);
  });
});
