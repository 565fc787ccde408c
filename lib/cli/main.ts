#!/usr/bin/env node
import { CommanderError } from 'commander';
import { describeError, exitCodeOf } from './exit-codes.js';
import { write } from './output.js';
import { createProgram } from './program.js';
import { keepingAlive } from './signals.js';

/** Runs the command line and returns its exit code; an error becomes one line on standard error. */
async function main(words: readonly string[]): Promise<number> {
  try {
    await keepingAlive(() => createProgram().parseAsync(words, { from: 'user' }));
    return 0;
  } catch (error) {
    // Whoever read our output has gone, as in `skissm listen | head -1`: that is an end, not a failure.
    if (isBrokenPipe(error)) return 0;
    const code = exitCodeOf(error);
    if (code !== 0 || !(error instanceof CommanderError)) await report(error, words.includes('--json'));
    return code;
  }
}

async function report(error: unknown, json: boolean): Promise<void> {
  const { code, message } = describeError(error);
  const line = json ? JSON.stringify({ event: 'error', code, message }) : `error: ${code}: ${message}`;
  await write(process.stderr, `${line}\n`).catch(() => undefined);
}

function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE';
}

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
