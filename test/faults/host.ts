import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** Says that the process died before it answered. */
export class HostDied extends Error {}

/** Says how a command failed. */
export class CommandFailed extends Error {
  /** Code of the package's error; `unexpected` for any other. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A line of the program: the answer to a command, or what it has to say besides. */
interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
  readonly trouble?: string;
}

/** A process that runs relays and clients, one at a time. */
export class Host {
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #waiting = new Map<number, Waiting>();
  #text = '';
  #errors = '';
  #hasEnded = false;
  #lastId = 0;
  /** What it said that no command was answered with. */
  readonly troubles: string[] = [];

  constructor(program: string) {
    this.#process = spawn(process.execPath, [program], {
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#process.stdin.on('error', () => undefined);
    this.#process.stdout.setEncoding('utf8').on('data', (text: string) => this.#take(text));
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
    this.ended = once(this.#process, 'close').then(() => {
      this.#hasEnded = true;
      if (this.#errors !== '') this.troubles.push(this.#errors);
      for (const { reject } of this.#waiting.values()) reject(new HostDied('the process died'));
      this.#waiting.clear();
    });
  }

  /** Whether it has ended. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Has a command carried out. Rejects with {@link CommandFailed} or {@link HostDied}. */
  do<T = unknown>(name: string, words: object = {}): Promise<T> {
    if (this.#hasEnded) return Promise.reject(new HostDied('the process is dead'));
    this.#lastId += 1;
    const id = this.#lastId;
    this.#process.stdin.write(`${JSON.stringify({ id, do: name, ...words })}\n`);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: (result) => resolve(result as T), reject });
    });
  }

  /** Ends it, whatever it does. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.ended;
  }

  #take(text: string): void {
    const lines = (this.#text + text).split('\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) this.#answer(JSON.parse(line) as Answer);
  }

  #answer({ id, result, error, trouble }: Answer): void {
    if (trouble !== undefined) this.troubles.push(trouble);
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    if (error === undefined) waiting.resolve(result);
    else waiting.reject(new CommandFailed(error.code, error.message));
  }
}

/** Processes for many stories: starting one takes a third of a second, so those that live are used again, and some wait. */
export class HostPool {
  readonly #spare: number;
  readonly #program: string;
  readonly #free: Host[] = [];
  readonly #all = new Set<Host>();

  /** `spare`: processes that wait; `program`: what they run, when it does not stand beside this one. */
  constructor(spare: number, program = join(import.meta.dirname, 'host-program.js')) {
    this.#spare = spare;
    this.#program = program;
    this.#fill();
  }

  /** A process that runs nothing. */
  take(): Host {
    for (;;) {
      const host = this.#free.shift() ?? this.#start();
      if (host.hasEnded) continue;
      this.#fill();
      return host;
    }
  }

  /** Takes one back that runs nothing any more. */
  giveBack(host: Host): void {
    if (!host.hasEnded) this.#free.push(host);
  }

  /** Ends all of them. */
  async end(): Promise<void> {
    await Promise.all([...this.#all].map((host) => host.kill()));
  }

  #fill(): void {
    while (this.#free.length < this.#spare) this.#free.push(this.#start());
  }

  #start(): Host {
    const host = new Host(this.#program);
    this.#all.add(host);
    void host.ended.then(() => this.#all.delete(host));
    return host;
  }
}
