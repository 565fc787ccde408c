/** The command behind `npm run vectors`: runs folders of vectors and writes one line per file. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../lib/base/package-root.js';
import { readVectorFile, vectorKinds, vectorPaths } from './vector-file.js';
import { type VectorReport, runCases, skippedCases } from './vector-report.js';

/** Where vectors are when no folder is named: `$SKISSM_VECTORS`, else beside the repository; `undefined` when neither is there. */
export function defaultVectorDirectory(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const named = environment['SKISSM_VECTORS'];
  if (named !== undefined && named !== '') return named;
  const beside = join(packageRoot(), '..', 'shared', 'vectors');
  return existsSync(beside) ? beside : undefined;
}

/** The vectors that the repository carries itself. */
export function ownVectorDirectory(): string {
  return join(packageRoot(), 'test', 'vectors', 'data');
}

interface Total {
  passed: number;
  failed: number;
  skipped: number;
}

const counts = ({ passed, failed, skipped }: Total) => `${passed} passed, ${failed} failed, ${skipped} skipped`;

function readFailure(error: unknown): VectorReport {
  return { passed: 0, failures: [error instanceof Error ? error.message : String(error)], skipped: new Map() };
}

/** Runs every file under `directory`; each line of the report goes to `write`. */
function runDirectory(directory: string, write: (line: string) => void): Total {
  const total: Total = { passed: 0, failed: 0, skipped: 0 };
  for (const path of vectorPaths(directory)) {
    let report: VectorReport;
    try {
      const file = readVectorFile(join(directory, path), path);
      if ('covered' in file) {
        write(`${path}: covered by \`${file.covered}\``);
        continue;
      }
      report = runCases(file.cases, { slow: 'run' });
    } catch (error) {
      report = readFailure(error);
    }
    const sum: Total = { passed: report.passed, failed: report.failures.length, skipped: skippedCases(report) };
    write(`${path}: ${counts(sum)}`);
    for (const failure of report.failures) write(`  failed: ${failure}`);
    for (const [reason, count] of report.skipped) write(`  skipped ${count}: ${reason}`);
    total.passed += sum.passed;
    total.failed += sum.failed;
    total.skipped += sum.skipped;
  }
  return total;
}

/**
 * Runs the vectors of `directory`, or of the default place. Gives the exit code: 1 for a failure, a file of an unknown kind or a named folder
 * without vectors; 0 otherwise. Without any vectors at hand each kind is one visible skip.
 */
export function runVectors(
  directory: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  write: (line: string) => void,
): number {
  const place = directory ?? defaultVectorDirectory(environment);
  if (place === undefined) {
    const own = runDirectory(ownVectorDirectory(), write);
    const missing = vectorKinds.filter((kind) => !existsSync(join(ownVectorDirectory(), kind)));
    for (const kind of missing) write(`${kind}: 0 passed, 0 failed, 1 skipped\n  skipped 1: no vectors at hand; name their folder`);
    write(counts({ ...own, skipped: own.skipped + missing.length }));
    return own.failed === 0 ? 0 : 1;
  }
  if (!existsSync(place) || !statSync(place).isDirectory()) {
    write(`${place} is not a folder`);
    return 1;
  }
  const total = runDirectory(place, write);
  if (total.passed + total.failed + total.skipped === 0) write(`no vectors in ${place}`);
  write(counts(total));
  return total.failed === 0 && total.passed + total.skipped > 0 ? 0 : 1;
}
