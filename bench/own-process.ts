/** A task in a process of its own: what was measured before leaves optimised code for other uses and a large heap behind, which a program has not. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { type Effort, quickEffort } from './measure.js';
import { type Findings, parseReport } from './report.js';
import type { Task } from './task.js';

/** Runs `task` by the command line that runs nothing else. Rejects when that fails. */
export async function runInOwnProcess({ name, subject }: Task, effort: Effort): Promise<Findings> {
  const words = ['--only', name, '--json', ...(effort === quickEffort ? ['--quick'] : ['--duration', String(effort.roundSeconds)])];
  if (subject !== undefined) words.push('--suite', subject);
  const [program = ''] = process.argv.slice(1);
  const child = spawn(process.execPath, [...process.execArgv, program, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  const [report, problems, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (code !== 0) throw new Error(`${name} could not be measured: ${problems.trim()}`);
  return parseReport(report);
}
