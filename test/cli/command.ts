import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';

const main = path.resolve(import.meta.dirname, '../../dist/lib/cli/main.js');

/** What a finished command left. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built command line as a process. */
export class Command {
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  #stdout = '';
  #stderr = '';
  readonly finished: Promise<Finished>;

  /** Starts `skissm` with these words; `home` is where it finds its default files. */
  constructor(words: readonly string[], home: string, environment: Readonly<Record<string, string>> = {}) {
    this.#process = spawn(process.execPath, [main, ...words], {
      env: { ...process.env, NODE_OPTIONS: '', HOME: home, XDG_DATA_HOME: path.join(home, 'data'), ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#process.stdin.on('error', () => undefined);
    this.#process.stdout.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text));
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    this.finished = once(this.#process, 'close').then(([code]) => ({
      code: code as number | null,
      stdout: this.#stdout,
      stderr: this.#stderr,
    }));
  }

  /** The lines of standard output so far, without the one that is not complete. */
  get lines(): string[] {
    return this.#stdout.split('\n').slice(0, -1);
  }

  /** Standard error so far. */
  get remarks(): string {
    return this.#stderr;
  }

  /** The JSON objects printed so far. */
  get events(): Record<string, unknown>[] {
    return this.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Waits until the output satisfies a condition; throws when the process ends before. */
  async until<T>(find: (command: Command) => T | undefined): Promise<T> {
    for (;;) {
      const found = find(this);
      if (found !== undefined) return found;
      if (this.#process.exitCode !== null || this.#process.signalCode !== null) {
        throw new Error(`the command ended before: ${this.#stdout}${this.#stderr}`);
      }
      await Promise.race([once(this.#process.stdout, 'data'), once(this.#process.stderr, 'data'), this.finished]);
    }
  }

  /** Waits for an event with this name. */
  event(name: string): Promise<Record<string, unknown>> {
    return this.until(({ events }) => events.find(({ event }) => event === name));
  }

  write(text: string): void {
    this.#process.stdin.write(text);
  }

  end(): void {
    this.#process.stdin.end();
  }

  /** Closes the reading end of its standard output, as `head` does when it has enough. */
  closeOutput(): void {
    this.#process.stdout.destroy();
  }

  /** Sends a signal to this process. */
  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** Ends the process whatever it does; for cleaning up after a test. */
  async destroy(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.finished;
  }
}

/** Runs a command to its end, with this standard input. */
export async function run(
  words: readonly string[],
  home: string,
  input = '',
  environment: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  const command = new Command(words, home, environment);
  command.write(input);
  command.end();
  return command.finished;
}
