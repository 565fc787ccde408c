import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { InternalError } from '../../index.js';
import { linesOf } from '../lines.js';
import type { OutputEvent } from '../output.js';
import { packageFile } from '../package-file.js';

/** How long a process may take to end by itself before it is killed, ms: its last commit and checkpoint fit many times. */
const stopPatience = 15_000;

/** Bytes of one line of its output: the largest message with every byte escaped, and its names. */
const longestEvent = 8 * 1024 * 1024;

/** How a process of the demonstration is started. */
export interface ChildOptions {
  /** Who it is, for error messages: `the relay`. */
  readonly name: string;
  /** Arguments of the `skissm` command. */
  readonly args: readonly string[];
  /** What must not stand among the arguments, where every user of the machine can read it. */
  readonly environment?: Readonly<Record<string, string>>;
  /** File that takes its standard error. */
  readonly errorLog: string;
  /** Called for each JSON line it prints. */
  readonly onEvent: (event: OutputEvent) => void;
}

/** One process of the demonstration: this same command, started with `--json`; it ends gracefully when its standard input ends. */
export class Child {
  readonly name: string;
  /** Resolves when it has ended as it should; rejects and says why when it has not. */
  readonly ended: Promise<void>;
  readonly #process: ChildProcess;
  #room: Promise<void> | undefined;

  constructor(options: ChildOptions) {
    this.name = options.name;
    const main = packageFile('dist/lib/cli/main.js');
    const errorLog = openSync(options.errorLog, 'a', 0o600);
    try {
      this.#process = spawn(process.execPath, [main, ...options.args, '--json'], {
        env: { ...process.env, ...options.environment },
        stdio: ['pipe', 'pipe', errorLog],
      });
    } finally {
      closeSync(errorLog);
    }
    // Writing to a process that has ended fails here and is told by `ended`.
    this.#process.stdin?.on('error', () => undefined);
    this.ended = this.#run(options);
    this.ended.catch(() => undefined);
  }

  /** Writes to its standard input; resolves when the pipe can take more, or is closed. */
  async write(bytes: Uint8Array): Promise<void> {
    const { stdin } = this.#process;
    if (stdin === null || stdin.destroyed || stdin.write(bytes)) return;
    this.#room ??= new Promise<void>((resolve) => {
      stdin.once('drain', resolve).once('close', resolve);
    }).finally(() => {
      this.#room = undefined;
    });
    await this.#room;
  }

  /** Ends its standard input, which asks it to finish, and waits; a process that does not end is killed by its id. */
  async stop(): Promise<void> {
    this.#process.stdin?.end();
    await this.#awaitEnd();
  }

  /** Tells it to end at once, with whatever it has stored; a process that does not is killed by its id. */
  async terminate(): Promise<void> {
    this.#process.kill('SIGTERM');
    await this.#awaitEnd();
  }

  async #awaitEnd(): Promise<void> {
    const killer = setTimeout(() => this.#process.kill('SIGKILL'), stopPatience);
    try {
      await this.ended;
    } finally {
      clearTimeout(killer);
    }
  }

  async #run(options: ChildOptions): Promise<void> {
    const closed = new Promise<string | undefined>((resolve, reject) => {
      this.#process.once('error', reject);
      this.#process.once('close', (code, signal) => {
        resolve(code === 0 ? undefined : signal === null ? `exit code ${String(code)}` : `signal ${signal}`);
      });
    });
    const [end] = await Promise.all([closed, this.#read(options.onEvent)]);
    if (end === undefined) return;
    const reason = reasonIn(await readFile(options.errorLog, 'utf8'));
    throw new InternalError('demonstration-process', `${this.name} ended with ${end}${reason === '' ? '' : `: ${reason}`}`);
  }

  async #read(onEvent: (event: OutputEvent) => void): Promise<void> {
    if (this.#process.stdout === null) return;
    for await (const line of linesOf(this.#process.stdout, longestEvent)) {
      const event: unknown = JSON.parse(Buffer.from(line).toString('utf8'));
      if (isEvent(event)) onEvent(event);
    }
  }
}

/** What the last line of its standard error says; its own errors are JSON. */
function reasonIn(errorLog: string): string {
  const lastLine = errorLog.trimEnd().split('\n').at(-1) ?? '';
  try {
    const value: unknown = JSON.parse(lastLine);
    if (isEvent(value) && value.event === 'error') return `${String(value['code'])}: ${String(value['message'])}`;
  } catch {
    // A crash is told in plain text.
  }
  return lastLine;
}

function isEvent(value: unknown): value is OutputEvent {
  return typeof value === 'object' && value !== null && 'event' in value && typeof value.event === 'string';
}
