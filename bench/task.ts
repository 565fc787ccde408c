import type { CipherSuite } from '../lib/core.js';
import { type Case, type Effort, measure } from './measure.js';
import type { Findings } from './report.js';

/** One step of a run. */
export interface Task {
  /** What `--only` chooses by. */
  readonly name: string;
  /** The suite or algorithm. */
  readonly subject?: string;
  /** Runs in a process of its own when there are others. */
  readonly isolated?: boolean;
  run(effort: Effort): Promise<Findings>;
}

/** A question that `bench/` answers: its steps for these suites, of which the first is the one that most is asked about. */
export type Question = (suites: readonly [CipherSuite, ...CipherSuite[]]) => readonly Task[];

/** The step that measures `subject`. */
export function figureTask(subject: Case): Task {
  const of = subject.suite ?? subject.algorithm;
  return {
    name: subject.name,
    ...(of === undefined ? {} : { subject: of }),
    ...(subject.isolated === true ? { isolated: true } : {}),
    run: async (effort) => ({ results: [await measure(subject, effort)] }),
  };
}
