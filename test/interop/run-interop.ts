/** The command behind `npm run interop`: replays what another implementation did, file by file. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../support/vectors-json.js';
import type { VectorCase } from '../vectors/vector-case.js';
import { runCases } from '../vectors/vector-report.js';
import { accountCases } from './account.js';
import { fingerprintCases } from './fingerprint.js';
import { groupCases } from './group.js';
import { readInteropFile } from './interop-file.js';
import { keyDerivationCases } from './key-derivation.js';
import { messageCases } from './messages.js';
import { packIdCases } from './pack-ids.js';
import { sessionCases } from './session.js';

/** Beginning of a file's name to what makes cases of it. */
const kinds: readonly (readonly [RegExp, (file: JsonObject) => readonly VectorCase[]])[] = [
  [/^account-/u, accountCases],
  [/^session-/u, sessionCases],
  [/^messages-/u, messageCases],
  [/^fingerprint-/u, fingerprintCases],
  [/^key-derivation/u, keyDerivationCases],
  [/^pack-ids/u, packIdCases],
  [/^group-/u, groupCases],
];

interface Total {
  passed: number;
  failed: number;
}

const counts = ({ passed, failed }: Total) => `${passed} passed, ${failed} failed`;

function runFile(directory: string, name: string, write: (line: string) => void): Total {
  const failures: string[] = [];
  let passed = 0;
  try {
    const casesOf = kinds.find(([pattern]) => pattern.test(name))?.[1];
    if (casesOf === undefined || !name.endsWith('.json')) throw new Error('a file of an unknown kind');
    const report = runCases(casesOf(readInteropFile(join(directory, name))), { slow: 'run' });
    passed = report.passed;
    failures.push(...report.failures);
  } catch (error) {
    failures.push(error instanceof Error ? error.message : String(error));
  }
  const total = { passed, failed: failures.length };
  write(`${name}: ${counts(total)}`);
  for (const failure of failures) write(`  failed: ${failure}`);
  return total;
}

/**
 * Runs every vector file of `directory`. Gives the exit code: 1 for a failure, a file of an unknown kind or a folder without a file that can
 * be run, else 0.
 */
export function runInterop(directory: string | undefined, write: (line: string) => void): number {
  if (directory === undefined || !existsSync(directory) || !statSync(directory).isDirectory()) {
    write(directory === undefined ? 'usage: npm run interop -- DIR' : `${directory} is not a folder`);
    return 1;
  }
  const total: Total = { passed: 0, failed: 0 };
  for (const name of readdirSync(directory).sort()) {
    const { passed, failed } = runFile(directory, name, write);
    total.passed += passed;
    total.failed += failed;
  }
  if (total.passed + total.failed === 0) write(`no interop vectors in ${directory}`);
  write(counts(total));
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}
