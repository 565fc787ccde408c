import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** One line of a child's output. */
export type Line = Readonly<Record<string, unknown>>;

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program that speaks lines of JSON, in a process of its own. */
export class Child {
  readonly ended: Promise<Ending>;
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #waiting = new Set<() => void>();
  #output = '';
  #errors = '';
  #ending: Ending | undefined;
  #lines: Line[] = [];
  #lastId = 0;

  constructor(command: readonly string[]) {
    this.#process = spawn(process.execPath, command, { env: { ...process.env, NODE_OPTIONS: '' }, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#process.stdin.on('error', () => undefined);
    this.#process.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#take(text);
    });
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
    this.ended = once(this.#process, 'close').then(([code, signal]) => {
      this.#ending = { code: code as number | null, signal: signal as NodeJS.Signals | null };
      this.#wake();
      return this.#ending;
    });
  }

  /** A program of this folder with a JSON object as its argument. */
  static program(name: string, argument: object): Child {
    return new Child([join(import.meta.dirname, name), JSON.stringify(argument)]);
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** What it has printed. */
  get lines(): readonly Line[] {
    return this.#lines;
  }

  /** What it has printed on standard error. */
  get errors(): string {
    return this.#errors;
  }

  /** The lines that tell of an event. */
  events(name: string): Line[] {
    return this.#lines.filter(({ event }) => event === name);
  }

  /** Waits until `find` finds something in the output; throws when the process ends before. */
  async until<T>(find: (lines: readonly Line[]) => T | undefined): Promise<T> {
    for (;;) {
      const found = find(this.#lines);
      if (found !== undefined) return found;
      if (this.#ending !== undefined)
        throw new Error(`the process ended (${JSON.stringify(this.#ending)}): ${this.#output}${this.#errors}`);
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
      });
    }
  }

  /** Waits for a line with this property. */
  line(name: string): Promise<Line> {
    return this.until((lines) => lines.find((line) => name in line));
  }

  /** Waits for the event number `count` of a name. */
  event(name: string, count = 1): Promise<Line> {
    return this.until(() => this.events(name)[count - 1]);
  }

  /** Waits until `count` texts have been received. */
  async hears(count: number): Promise<unknown[]> {
    return this.until((lines) => {
      const texts = lines.filter((line) => 'got' in line).map(({ got }) => got);
      return texts.length >= count ? texts : undefined;
    });
  }

  /** Has a command carried out and gives its result; throws its error. */
  async do(name: string, words: object = {}): Promise<unknown> {
    const id = this.ask(name, words);
    const { result, error } = await this.until((lines) => lines.find((line) => line['id'] === id));
    if (error !== undefined) throw new Error(JSON.stringify(error));
    return result;
  }

  /** Gives a command without waiting for what comes of it; returns its number. */
  ask(name: string, words: object = {}): number {
    this.#lastId += 1;
    this.#process.stdin.write(`${JSON.stringify({ id: this.#lastId, do: name, ...words })}\n`);
    return this.#lastId;
  }

  /** Closes what it runs and waits for its end. */
  async close(): Promise<Ending> {
    this.ask('close');
    return this.ended;
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** Ends it whatever it does. */
  async kill(): Promise<Ending> {
    this.signal('SIGKILL');
    return this.ended;
  }

  #take(text: string): void {
    this.#output += text;
    const lines = this.#output.split('\n');
    this.#output = lines.pop() ?? '';
    this.#lines.push(
      ...lines.filter((line) => line !== '').map((line) => (line.startsWith('{') ? (JSON.parse(line) as Line) : { text: line })),
    );
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
