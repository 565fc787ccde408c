import { type SpawnOptions, spawn } from 'node:child_process';
import { join } from 'node:path';

const script = join(import.meta.dirname, 'sqlite-child.mjs');

/** How a process ended and what it printed. */
export interface ChildResult {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a task of `sqlite-child.mjs` to its end; `before` is shell code, for limits. */
export function runChild(args: readonly string[], options: SpawnOptions = {}, before = ':'): Promise<ChildResult> {
  const child = spawn('/bin/sh', ['-c', `${before}; exec "$@"`, 'sh', process.execPath, script, ...args], {
    ...options,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, output });
    });
  });
}

/** Kills a task without warning once it has acknowledged `commits` commits; returns how many it had acknowledged in the end. */
export function killDuring(args: readonly string[], commits: number): Promise<number> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    let acknowledged = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      acknowledged += chunk.toString().split('\n').length - 1;
      if (acknowledged >= commits) child.kill('SIGKILL');
    });
    child.on('error', reject);
    child.on('close', () => {
      resolve(acknowledged);
    });
  });
}
