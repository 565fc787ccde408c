/** Leaves out steps of a story that goes wrong, as long as it still does. */
import { runStory } from './run-story.js';
import type { Step, Story } from './story.js';

/** Plays that shrinking may take: some half a minute. */
const plays = 60;

/** The shortest story found that goes wrong like `story`. */
export async function shrink(story: Story): Promise<Story> {
  let { steps } = story;
  let left = plays;
  for (let size = Math.ceil(steps.length / 2); size >= 1 && left > 0; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < steps.length && left > 0;) {
      const without: readonly Step[] = [...steps.slice(0, from), ...steps.slice(from + size)];
      left -= 1;
      const { wrong } = await runStory({ ...story, steps: without });
      if (wrong.length > 0) steps = without;
      else from += size;
    }
  }
  return { ...story, steps };
}
