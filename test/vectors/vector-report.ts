import type { VectorCase } from './vector-case.js';

/** What the cases of one file gave. */
export interface VectorReport {
  passed: number;
  readonly failures: string[];
  /** Reason to number of cases. */
  readonly skipped: Map<string, number>;
}

/** How to treat cases that take longer than ten seconds. */
export interface RunOptions {
  readonly slow: 'run' | 'skip';
}

/** Runs all of `cases`, one after another. */
export function runCases(cases: readonly VectorCase[], { slow }: RunOptions): VectorReport {
  const report: VectorReport = { passed: 0, failures: [], skipped: new Map() };
  for (const entry of cases) {
    const reason =
      'skipped' in entry ? entry.skipped : entry.slow === true && slow === 'skip' ? 'takes long; `npm run vectors` runs it' : undefined;
    if (reason !== undefined) {
      report.skipped.set(reason, (report.skipped.get(reason) ?? 0) + 1);
    } else if ('run' in entry) {
      try {
        entry.run();
        report.passed += 1;
      } catch (error) {
        report.failures.push(`${entry.name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
  return report;
}

/** Number of skipped cases. */
export function skippedCases(report: VectorReport): number {
  return [...report.skipped.values()].reduce((sum, count) => sum + count, 0);
}
