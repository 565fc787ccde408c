/** A small crowd in real processes, and that the judges of a crowd can condemn. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type MemorySample, growthOf, heapSlopeBound } from './memory.js';
import { expectedAt, planCrowd, userOf } from './plan.js';
import { Tally, sumOf } from './tally.js';

const main = path.resolve(import.meta.dirname, '../../dist/test/crowd/main.js');

test('ten clients exchange a thousand messages over lines that break: nothing is lost, doubled or out of order', () => {
  const words = ['--clients', '10', '--messages', '1000', '--seed', '7', '--processes', '2', '--cut-bytes', '49152'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  expect({ status, stderr, failed: stdout.split('\n').filter((line) => line.startsWith('FAILED')) }).toEqual({
    status: 0,
    stderr: '',
    failed: [],
  });
  expect(stdout).toMatch(/\n7 passed, 0 failed\n$/u);
}, 240_000);

describe('the plan of a crowd', () => {
  const size = { seed: 3, clients: 20, messages: 2_000 };

  test('is the same for the same seed, and another for another', () => {
    expect(planCrowd(size)).toEqual(planCrowd(size));
    expect(planCrowd({ ...size, seed: 4 })).not.toEqual(planCrowd(size));
  });

  test('expects every message at everybody it is for, and nowhere else', () => {
    const plan = planCrowd(size);
    const sent = plan.messages.flat();
    expect(sent).toHaveLength(size.messages);
    const deliveries = sent.reduce(
      (sum, target) => sum + (target.kind === 'client' ? 1 : plan.groups[target.group]!.members.length - 1),
      0,
    );
    const expected = plan.messages.map((_, client) => [...expectedAt(plan, client).values()].reduce((sum, count) => sum + count, 0));
    expect(expected.reduce((sum, count) => sum + count, 0)).toBe(deliveries);
    expect(plan.groups.every(({ members }) => new Set(members).size === members.length)).toBe(true);
    expect([...expectedAt(plan, 5).keys()].some((line) => line.startsWith(`${userOf(5)} `))).toBe(false);
  });
});

describe('a tally', () => {
  const expected = new Map([
    ['a to b', 3],
    ['c to b', 2],
  ]);

  function countOf(...messages: readonly (readonly [string, number])[]): object {
    const tally = new Tally(expected);
    for (const [line, number] of messages) tally.note(line, number);
    return tally.count();
  }

  const clean = { received: 5, lost: 0, duplicated: 0, disordered: 0, foreign: 0 };
  const all = [
    ['a to b', 1],
    ['c to b', 1],
    ['a to b', 2],
    ['c to b', 2],
    ['a to b', 3],
  ] as const;

  test('finds nothing wrong when lines interleave', () => {
    expect(countOf(...all)).toEqual(clean);
  });

  test('finds what is lost, in the middle and at the end', () => {
    expect(countOf(...all.filter(([, number]) => number !== 2))).toEqual({ ...clean, received: 3, lost: 2 });
  });

  test('finds what came twice and what came late', () => {
    expect(countOf(...all, ['a to b', 2])).toEqual({ ...clean, duplicated: 1 });
    expect(countOf(['a to b', 2], ['a to b', 1], ['a to b', 3], ['c to b', 1], ['c to b', 2])).toEqual({ ...clean, disordered: 1 });
  });

  test('finds what nobody has sent', () => {
    expect(countOf(...all, ['a to b', 4], ['x to b', 1], ['a to b', Number.NaN])).toEqual({ ...clean, foreign: 3 });
  });

  test('of all is the sum', () => {
    expect(sumOf([clean, clean])).toMatchObject({ received: 10, lost: 0 });
  });
});

describe('the memory of a relay', () => {
  const samples = (growth: number): MemorySample[] =>
    Array.from({ length: 11 }, (_, index) => ({
      messages: 5_000 * index,
      // It may grow as it likes in the first half.
      heapUsed: 10_000_000 + 200 * Math.min(25_000, 5_000 * index) + growth * 5_000 * index + (index % 2) * 100_000,
      external: 1_000_000,
      rss: 100_000_000,
    }));

  test('that jumps up and down is flat, and one that grows by a message id for each message is not', () => {
    expect(growthOf(samples(0)).heap).toBeLessThanOrEqual(heapSlopeBound);
    expect(growthOf(samples(150)).heap).toBeGreaterThan(heapSlopeBound);
    expect(growthOf(samples(0)).rss).toBe(0);
  });
});
