/** Plays a crowd: starts its processes, leads them through the run, watches the relay's memory, and judges. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type MemorySample, growthOf, heapSlopeBound, rssSlopeBound, tableOf } from './memory.js';
import { expectedAt, planCrowd } from './plan.js';
import type { ClientsCommand, ClientsLine, ClientsSettings, CrowdSettings, Progress, RelayCommand, RelayLine } from './protocol.js';
import { type TallyCount, sumOf } from './tally.js';

/** What to play. */
export interface CrowdOptions extends Omit<CrowdSettings, 'folder'> {
  readonly processes: number;
  /** Whether the relay's memory is judged: a short run is over before caches have found their size. */
  readonly judgesMemory: boolean;
  readonly print: (line: string) => void;
}

/** How the run went. */
export interface CrowdSummary {
  readonly passed: number;
  readonly failed: number;
}

/** The memory is looked at so often in a run. */
const samplesOfRun = 10;

/** Time without anything sent or received after which a run is given up, ms. */
const patience = 120_000;

/** A child process and what it has said. */
class Part<Line extends object> {
  readonly ended: Promise<void>;
  readonly #process: ChildProcess;
  readonly #waiting = new Set<{ readonly take: (line: Line) => boolean; readonly fail: (error: Error) => void }>();
  #end: string | undefined;

  constructor(file: string, settings: object, onLine: (line: Line) => void = () => undefined) {
    this.#process = fork(path.join(import.meta.dirname, file), [JSON.stringify(settings)], { execArgv: ['--expose-gc'] });
    this.#process.on('message', (message) => {
      const line = message as Line;
      onLine(line);
      for (const waiter of this.#waiting) if (waiter.take(line)) this.#waiting.delete(waiter);
    });
    this.ended = new Promise((resolve) => {
      this.#process.on('exit', (code, signal) => {
        this.#end = `${file} ended with ${code ?? signal}`;
        this.fail(this.#end);
        resolve();
      });
    });
  }

  /** Resolves with what `find` finds in a line that comes. */
  next<T>(find: (line: Line) => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) reject(new Error(this.#end));
      const take = (line: Line): boolean => {
        const found = find(line);
        if (found !== undefined) resolve(found);
        return found !== undefined;
      };
      this.#waiting.add({ take, fail: reject });
    });
  }

  say(command: string): void {
    this.#process.send(command);
  }

  /** Whoever waits for it waits in vain. */
  fail(reason: string): void {
    for (const { fail } of this.#waiting) fail(new Error(reason));
    this.#waiting.clear();
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }
}

/** One run. */
class Crowd {
  readonly #options: CrowdOptions;
  readonly #folder: string;
  readonly #relay: Part<RelayLine>;
  readonly #parts: Part<ClientsLine>[] = [];
  readonly #progress: Progress[] = [];
  readonly #samples: MemorySample[] = [];
  #sampling: Promise<void> = Promise.resolve();
  #sampled = 0;
  #lastChange = performance.now();

  constructor(options: CrowdOptions, folder: string) {
    this.#options = options;
    this.#folder = folder;
    this.#relay = new Part('relay-process.js', this.#settings());
  }

  async play(): Promise<CrowdSummary> {
    const { clients, messages, seed, suite, processes, print } = this.#options;
    print(`${clients} clients in ${processes} processes, ${messages} messages, seed ${seed}, ${suite}`);
    const port = await this.#relay.next((line) => ('port' in line ? line.port : undefined));
    await this.#startClients(port);
    print('registered');
    await this.#all('make-groups');
    print(`${planCrowd(this.#options).groups.length} groups made`);
    await this.#sample(0);
    const begun = performance.now();
    await this.#all('talk');
    await this.#hasArrived();
    const seconds = (performance.now() - begun) / 1_000;
    const counts = await this.#all('rest');
    await this.#sampling;
    await this.#sample(messages);
    await this.#all('close');
    this.#relay.say('close' satisfies RelayCommand);
    const left = await this.#relay.next((line) => ('left' in line ? line.left : undefined));
    await Promise.all([this.#relay.ended, ...this.#parts.map(({ ended }) => ended)]);
    return this.#judge(sumOf(counts), left, seconds);
  }

  /** Ends every process. */
  kill(): void {
    for (const part of [this.#relay, ...this.#parts]) part.kill();
  }

  #settings(): CrowdSettings {
    const { seed, clients, messages, suite, cutBytes } = this.#options;
    return { seed, clients, messages, suite, cutBytes, folder: this.#folder };
  }

  async #startClients(port: number): Promise<void> {
    const { clients, processes } = this.#options;
    const started: Promise<unknown>[] = [];
    for (let index = 0; index < processes; index += 1) {
      const own = Array.from({ length: clients }, (_, client) => client).filter((client) => client % processes === index);
      const settings: ClientsSettings = { ...this.#settings(), port, own };
      const part: Part<ClientsLine> = new Part<ClientsLine>('clients-process.js', settings, (line) => {
        if ('failed' in line) part.fail(line.failed);
        else this.#note(index, line.progress);
      });
      this.#parts.push(part);
      started.push(this.#done(part, 'start'));
    }
    await Promise.all(started);
  }

  async #all(command: ClientsCommand): Promise<TallyCount[]> {
    const counts = await Promise.all(
      this.#parts.map((part) => {
        const done = this.#done(part, command);
        part.say(command);
        return done;
      }),
    );
    return counts.flat();
  }

  #done(part: Part<ClientsLine>, name: 'start' | ClientsCommand): Promise<readonly TallyCount[]> {
    return part.next((line) => ('done' in line && line.done === name ? line.counts : undefined));
  }

  #note(index: number, progress: Progress): void {
    const before = this.#sum('sent') + this.#sum('received');
    this.#progress[index] = progress;
    if (this.#sum('sent') + this.#sum('received') !== before) this.#lastChange = performance.now();
    else if (performance.now() - this.#lastChange > patience) for (const part of this.#parts) part.fail('nothing moves any more');
    const { messages } = this.#options;
    const due = Math.floor((this.#sum('sent') * samplesOfRun) / messages);
    if (due <= this.#sampled || due >= samplesOfRun) return;
    this.#sampled = due;
    this.#sampling = this.#sampling.then(() => this.#sample(this.#sum('sent')));
  }

  #sum(what: 'sent' | 'received' | 'cuts' | 'resends'): number {
    return this.#progress.reduce((sum, progress) => sum + progress[what], 0);
  }

  async #sample(messages: number): Promise<void> {
    const memory = this.#relay.next((line) => ('memory' in line ? line.memory : undefined));
    this.#relay.say('memory' satisfies RelayCommand);
    this.#samples.push({ messages, ...(await memory) });
    this.#options.print(
      `${this.#sum('sent')} sent, ${this.#sum('received')} received, ${this.#sum('cuts')} connections cut, ${this.#sum('resends')} resent`,
    );
  }

  /** Resolves when everybody has received what he should have. */
  async #hasArrived(): Promise<void> {
    const plan = planCrowd(this.#options);
    let expected = 0;
    for (let client = 0; client < this.#options.clients; client += 1) {
      for (const count of expectedAt(plan, client).values()) expected += count;
    }
    while (this.#sum('received') < expected) await this.#parts[0]!.next((line) => 'progress' in line || undefined);
  }

  #judge(count: TallyCount, left: { readonly pushes: number; readonly bodies: number }, seconds: number): CrowdSummary {
    const { messages, print, judgesMemory } = this.#options;
    const growth = growthOf(this.#samples);
    const troubles = new Map<string, number>();
    for (const progress of this.#progress) {
      for (const [name, times] of Object.entries(progress.troubles)) troubles.set(name, (troubles.get(name) ?? 0) + times);
    }
    for (const line of tableOf(this.#samples)) print(line);
    print(`${count.received} received in ${seconds.toFixed(1)} s: ${Math.round(messages / seconds)} messages a second`);
    print(`${this.#sum('cuts')} connections cut, ${this.#sum('resends')} requests sent again`);
    const checks: (readonly [string, boolean])[] = [
      [`${count.lost} lost`, count.lost === 0],
      [`${count.duplicated} duplicated`, count.duplicated === 0],
      [`${count.disordered} out of the order of their sender`, count.disordered === 0],
      [`${count.foreign} that nobody sent`, count.foreign === 0],
      [`${this.#sum('cuts')} connections cut`, this.#sum('cuts') > 0],
      [`${left.pushes} pushes and ${left.bodies} bodies left at the relay`, left.pushes === 0 && left.bodies === 0],
      [`troubles: ${[...troubles].map(([name, times]) => `${times} of ${name}`).join(', ') || 'none'}`, troubles.size === 0],
    ];
    if (judgesMemory) {
      const perMessage = (bytes: number): string => `${bytes.toFixed(1)} bytes per message`;
      checks.push(
        [
          `heap and external memory of the relay grow by ${perMessage(growth.heap)}, at most ${heapSlopeBound}`,
          growth.heap <= heapSlopeBound,
        ],
        [`its resident set grows by ${perMessage(growth.rss)}, at most ${rssSlopeBound}`, growth.rss <= rssSlopeBound],
      );
    }
    for (const [name, holds] of checks) print(`${holds ? 'ok    ' : 'FAILED'} ${name}`);
    const failed = checks.filter(([, holds]) => !holds).length;
    return { passed: checks.length - failed, failed };
  }
}

/** Plays the crowd; the last line is `N passed, N failed`. */
export async function runCrowd(options: CrowdOptions): Promise<CrowdSummary> {
  const folder = await mkdtemp(path.join(tmpdir(), 'crowd-'));
  const crowd = new Crowd(options, folder);
  let summary: CrowdSummary = { passed: 0, failed: 1 };
  try {
    summary = await crowd.play();
  } catch (error) {
    options.print(`FAILED ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    crowd.kill();
    await rm(folder, { recursive: true, force: true });
  }
  options.print(`${summary.passed} passed, ${summary.failed} failed`);
  return summary;
}
