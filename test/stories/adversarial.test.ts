import { describe, expect, jest, test } from '@jest/globals';
import { plays, runHostile } from './hostile-run.js';

jest.setTimeout(3_600_000);

const seed = 20_240_501;
const runs = 60;

describe('against a relay that plays tricks', () => {
  test('no device gets a wrong text, a wrong sender or a text twice, and each notices what was done to it', async () => {
    const played = new Map<string, number>();
    const wrong: string[] = [];
    for (let number = 0; number < runs; number += 1) {
      const outcome = await runHostile(seed, number);
      played.set(outcome.trick, (played.get(outcome.trick) ?? 0) + outcome.played);
      wrong.push(...outcome.wrong.map((line) => `run ${number}, ${outcome.trick}: ${line}`));
    }
    process.stdout.write(`tricks: ${[...played].map(([name, count]) => `${name} ${count}`).join(', ')}\n`);
    expect(wrong).toEqual([]);
    expect(played.size).toBe(plays.length);
    expect([...played].filter(([, count]) => count === 0)).toEqual([]);
  });
});
