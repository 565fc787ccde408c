/** When a test interferes with a call: at a boundary of the client, or some microtasks after the call began. */
import type { Boundaries } from './boundaries.js';

/** A moment of a call that is under way. */
export interface Moment {
  readonly name: string;
  /** Calls `act` when it has come. */
  await(boundaries: Boundaries, act: () => void): void;
}

function afterMicrotasks(count: number): Moment {
  const turn = (left: number, act: () => void): void => {
    if (left === 0) act();
    else
      queueMicrotask(() => {
        turn(left - 1, act);
      });
  };
  return {
    name: `after ${count} microtasks`,
    await: (_, act) => {
      turn(count, act);
    },
  };
}

function atBoundary(count: number): Moment {
  return {
    name: `at boundary ${count}`,
    await: (boundaries, act) => {
      boundaries.arm(count, act);
    },
  };
}

/**
 * Runs `attempt` at every moment in turn: after each of the first `microtasks`, then at each boundary until one is not reached. `attempt` says whether
 * its moment had come before it ended. Gives the number of moments.
 */
export async function atEveryMoment(
  microtasks: number,
  attempt: (moment: Moment, number: number) => Promise<boolean>,
  boundaries = 400,
): Promise<number> {
  let number = 0;
  const isDue = async (moment: Moment): Promise<boolean> => {
    number += 1;
    return attempt(moment, number);
  };
  for (let count = 0; count < microtasks; count += 1) if (!(await isDue(afterMicrotasks(count)))) break;
  for (let count = 0; count < boundaries; count += 1) if (!(await isDue(atBoundary(count)))) break;
  return number;
}
