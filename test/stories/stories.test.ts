import { describe, expect, jest, test } from '@jest/globals';
import { runStories } from './run-stories.js';
import { runStory } from './run-story.js';
import { least, storyOf } from './story.js';

/** Says only that it hangs: a busy machine has taken twelve times as long as an idle one. */
jest.setTimeout(3_600_000);

const seed = 1;
const runs = 300;

describe('random stories', () => {
  test('lose, duplicate and leak no message', async () => {
    const lines: string[] = [];
    const print = (line: string): void => {
      lines.push(line);
      process.stdout.write(`${line}\n`);
    };
    const { passed, failed, outcomes } = await runStories({ seed, runs, shrinks: false, print });
    expect({ passed, failed, wrong: outcomes.flatMap(({ wrong }) => wrong) }).toEqual({ passed: runs, failed: 0, wrong: [] });
    expect(lines.at(-1)).toBe(`${runs} passed, 0 failed`);
    expect(Math.min(...outcomes.map(({ users }) => users))).toBeGreaterThanOrEqual(least.users);
    expect(Math.min(...outcomes.map(({ devices }) => devices))).toBeGreaterThanOrEqual(least.devices);
    expect(Math.min(...outcomes.map(({ steps }) => steps))).toBeGreaterThanOrEqual(least.steps);
  });

  test('go the same way again, step by step and event by event', async () => {
    const story = storyOf(seed, 7);
    expect(await runStory(story)).toEqual(await runStory(story));
  });
});
