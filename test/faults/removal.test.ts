import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { join } from 'node:path';
import { HostPool } from './host.js';
import { runStory } from './run-story.js';
import type { Step, StepKind, Story } from './story.js';

/** The story starts some processes. */
jest.setTimeout(300_000);

const died = 'client remove_device leaves';

function step(kind: StepKind, a: number, b = 0): Step {
  return { kind, a, b, c: 0, pause: 0 };
}

/** One device is to remove the other one of its user and dies; somebody writes to them; another user's device is removed, before which all comes to rest. */
const story: Story = {
  number: 1,
  seed: 1,
  suite: 'curve25519',
  devices: [2, 2],
  oneTimePreKeys: 4,
  faults: [{ kind: 'kill', label: died, nth: 1 }],
  steps: [step('remove-own-device', 1), step('send', 1), step('remove-own-device', 1)],
};

describe('the removal of a device that is cut off', () => {
  let pool: HostPool;

  beforeEach(() => {
    pool = new HostPool(1, join(import.meta.dirname, '../../dist/test/faults/host-program.js'));
  });

  afterEach(() => pool.end());

  test('is asked for again before a story comes to rest, so that nothing waits for the device', async () => {
    const { wrong, diedAt, log } = await runStory(story, pool, false);
    expect(wrong).toEqual([]);
    expect([...diedAt]).toEqual([died]);
    expect(log.filter((line) => /removed|sends/u.test(line))).toEqual([
      'remove-own-device: user-0/device-1 is removed by user-0/device-0',
      'send: user-1/device-0 sends 1 to user-0',
      'remove-own-device: user-1/device-1 is removed by user-1/device-0',
    ]);
  });
});
