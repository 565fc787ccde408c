/** `npm run bench`: measures, prints a line per finding and writes what is asked for. `--help` tells the options. */
import { CommanderError } from 'commander';
import { UsageError } from '../lib/index.js';
import { tasksOf } from './catalogue.js';
import { FileError, checkWritable, readText, writeText } from './files.js';
import { linesOf } from './lines.js';
import { machine } from './machine.js';
import { type Options, parseOptions } from './options.js';
import { runInOwnProcess } from './own-process.js';
import { showProgress } from './progress.js';
import { withTable } from './readme-table.js';
import { type Findings, type Report, parseReport, reportOf } from './report.js';
import type { Task } from './task.js';

async function main(words: readonly string[]): Promise<void> {
  const options = parseOptions(words);
  const tasks = tasksOf(options.suites, options.only);
  if (tasks.length === 0) throw new UsageError('options', `no figure begins with ${options.only.join(' or ')}: see --list`);
  if (options.list) {
    for (const { name, subject = '' } of tasks) process.stdout.write(`${name.padEnd(30)}${subject}\n`);
    return;
  }
  for (const file of [options.json, options.html, options.readme]) if (typeof file === 'string') checkWritable(file);
  const report = options.from === undefined ? await run(tasks, options) : reportIn(options.from);
  await write(report, options);
}

function reportIn(file: string): Report {
  const text = readText(file);
  try {
    return parseReport(text);
  } catch {
    throw new FileError(`${file} holds no report of this benchmark`);
  }
}

async function run(tasks: readonly Task[], { effort, json }: Options): Promise<Report> {
  // The JSON is alone on standard output.
  const out = json === true ? process.stderr : process.stdout;
  const where = machine();
  out.write(`${where.cpu}, ${where.cores} cores, ${where.system}, Node ${where.node}, skissm ${where.skissm}\n`);
  const progress = showProgress(tasks.length, out);
  const findings: Findings[] = [];
  try {
    for (const task of tasks) {
      progress.begin(`${task.name} ${task.subject ?? ''}`);
      const isAlone = task.isolated !== true || tasks.length === 1;
      const found = isAlone ? await task.run(effort) : await runInOwnProcess(task, effort);
      findings.push(found);
      progress.end(linesOf(found));
    }
  } finally {
    progress.stop();
  }
  return reportOf(where, findings);
}

async function write(report: Report, { json, html, readme }: Options): Promise<void> {
  const text = `${JSON.stringify(report, null, 2)}\n`;
  if (json === true) process.stdout.write(text);
  else if (json !== undefined) writeText(json, text);
  if (readme !== undefined) writeText(readme, withTable(readText(readme), report));
  // Loaded by those who want a page only: a charting library is large.
  if (html !== undefined) writeText(html, (await import('./html/page.js')).page(report));
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof UsageError) return 2;
  return error instanceof FileError ? 4 : 1;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = exitCodeOf(error);
  const message = error instanceof Error ? error.message.replace(/^error: /u, '') : String(error);
  if (process.exitCode !== 0) process.stderr.write(`error: ${message}\n`);
}
