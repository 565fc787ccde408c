/**
 * Runs a campaign in a process of its own and finds the input that ends it or never returns: a run that dies or falls silent is repeated, and
 * because the same seed gives the same inputs, the second one writes each input down before it tries it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Line, Report } from './report.js';

/** What is run: `args` are those of Node; the trace is asked for with two more, a file and the number of the first input to write. */
export interface Campaign {
  readonly args: readonly string[];
  /** ms without a word after which the process counts as hanging. */
  readonly silence: number;
}

/** How a process ended. */
type Ending = { readonly report: Report } | { readonly how: string; readonly progress: number };

/** Something that ended the campaign. */
export interface Lost {
  readonly how: string;
  /** Executions before it, roughly. */
  readonly executions: number;
  /** The input it happened with; `undefined` when it did not happen again. */
  readonly input: Uint8Array | undefined;
}

/** Runs the campaign to its end, whatever that is. */
export async function supervise(campaign: Campaign): Promise<Report | Lost> {
  const first = await run(campaign, []);
  if ('report' in first) return first.report;
  const folder = mkdtempSync(path.join(tmpdir(), 'skissm-fuzz-'));
  try {
    const file = path.join(folder, 'input');
    const second = await run(campaign, [file, String(first.progress)]);
    const isAgain = !('report' in second) && existsSync(file);
    return { how: first.how, executions: first.progress, input: isAgain ? new Uint8Array(readFileSync(file)) : undefined };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run({ args, silence }: Campaign, trace: readonly string[]): Promise<Ending> {
  const child = spawn(process.execPath, [...args, ...trace], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  let progress = 0;
  let report: Report | undefined;
  const seen = { isSilent: false };
  const kill = (): void => {
    seen.isSilent = true;
    child.kill('SIGKILL');
  };
  let timer = setTimeout(kill, silence);
  for await (const text of createInterface({ input: outputOf(child) })) {
    clearTimeout(timer);
    timer = setTimeout(kill, silence);
    if (!text.startsWith('{')) continue;
    const line = JSON.parse(text) as Line;
    if ('progress' in line) progress = line.progress;
    else report = line.result;
  }
  clearTimeout(timer);
  const [code, signal] = (await ended) as [number | null, string | null];
  if (report !== undefined) return { report };
  return { how: seen.isSilent ? `no word for ${silence} ms` : `ended with ${signal ?? `code ${code}`}`, progress };
}

function outputOf({ stdout }: ChildProcess): NonNullable<ChildProcess['stdout']> {
  if (stdout === null) throw new Error('the process has no output');
  return stdout;
}
