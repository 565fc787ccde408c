import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { InternalError } from '../../index.js';
import type { OutputEvent } from '../output.js';
import { Child, type ChildOptions } from './child.js';

/** One account of the demonstration. */
export interface Party {
  readonly user: string;
  readonly device: string;
}

/** The relay as it reported itself. */
export interface RunningRelay {
  readonly child: Child;
  readonly url: string;
  readonly invitations: readonly string[];
}

/**
 * The processes of one demonstration and their files: `relay/` with everything the relay writes, and a folder for each account. A process
 * that ends before it should makes `failed` reject; `close` ends whatever still runs.
 */
export class Household {
  readonly directory: string;
  readonly domain: string;
  /** Never resolves; rejects when a process dies. */
  readonly failed: Promise<never>;
  #fail: (reason: unknown) => void = () => undefined;
  readonly #running = new Set<Child>();
  #closed = false;

  constructor(directory: string, domain: string) {
    this.directory = directory;
    this.domain = domain;
    this.failed = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => undefined);
  }

  /** The folder that holds all the relay's files. */
  get relayDirectory(): string {
    return path.join(this.directory, 'relay');
  }

  /** Starts a relay that hands out one invitation per party, and waits until it listens. */
  async startRelay(parties: number): Promise<RunningRelay> {
    await mkdir(this.relayDirectory, { recursive: true, mode: 0o700 });
    const data = this.relayDirectory;
    const invitations: string[] = [];
    let url: string | undefined;
    const child = await this.#start((report) => ({
      name: 'the relay',
      args: [
        ...['relay', '--port', '0', '--data', data, '--domain', this.domain, '--log', path.join(data, 'relay.log')],
        ...['--log-level', 'debug', '--large-keys', '--invitations', String(parties), '--exit-on-eof'],
      ],
      errorLog: path.join(data, 'stderr.log'),
      onEvent(event) {
        if (event.event === 'listening') url = String(event['url']);
        if (event.event === 'invitation') invitations.push(String(event['code']));
        if (url !== undefined && invitations.length === parties) report();
      },
    }));
    if (url === undefined) throw new InternalError('demonstration-process', 'the relay did not report where it listens');
    return { child, url, invitations };
  }

  /** Registers an account and returns the name of its suite. */
  async register(party: Party, relay: RunningRelay, invitation: string, suite: string | undefined): Promise<string> {
    await mkdir(path.join(this.directory, party.user), { recursive: true, mode: 0o700 });
    let registered: string | undefined;
    const child = this.#spawn({
      name: `the registration of ${party.user}`,
      args: [
        ...['register', '--relay', relay.url, '--user', party.user, '--device', party.device, '--store', this.#store(party)],
        ...(suite === undefined ? [] : ['--suite', suite]),
      ],
      environment: { SKISSM_INVITATION: invitation },
      errorLog: this.#errorLog(party),
      onEvent(event) {
        if (event.event === 'registered') registered = String(event['suite']);
      },
    });
    await child.ended;
    this.#running.delete(child);
    if (registered === undefined) throw new InternalError('demonstration-process', `${child.name} ended without a result`);
    return registered;
  }

  /** Starts the process of one account: it prints what it receives and sends what it is told to `peer`. */
  async listen(party: Party, peer: Party, onEvent: (event: OutputEvent) => void): Promise<Child> {
    return this.#start((report) => ({
      name: `the process of ${party.user}`,
      args: ['listen', '--store', this.#store(party), '--to', `${peer.user}@${this.domain}`, '--json-input', '--exit-on-eof'],
      errorLog: this.#errorLog(party),
      onEvent(event) {
        if (event.event === 'ready') report();
        onEvent(event);
      },
    }));
  }

  /** Stops one process and checks that it ended well. */
  async stop(child: Child): Promise<void> {
    this.#running.delete(child);
    await child.stop();
  }

  /** Ends everything that still runs, clients before the relay. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const child of [...this.#running].reverse()) {
      this.#running.delete(child);
      await child.terminate().catch(() => undefined);
    }
  }

  /** Starts a process and waits until it has called `report`. */
  async #start(options: (report: () => void) => ChildOptions): Promise<Child> {
    return new Promise((resolve, reject) => {
      const child: Child = this.#spawn(options(() => resolve(child)));
      child.ended.then(
        () => this.#endedEarly(child, new InternalError('demonstration-process', `${child.name} ended too early`), reject),
        (error: unknown) => this.#endedEarly(child, error, reject),
      );
    });
  }

  #spawn(options: ChildOptions): Child {
    if (this.#closed) throw new InternalError('demonstration-process', 'the demonstration is being stopped');
    const child = new Child(options);
    this.#running.add(child);
    return child;
  }

  #endedEarly(child: Child, error: unknown, reject: (reason: unknown) => void): void {
    if (!this.#running.delete(child)) return;
    this.#fail(error);
    reject(error);
  }

  #store(party: Party): string {
    return path.join(this.directory, party.user, 'account.db');
  }

  #errorLog(party: Party): string {
    return path.join(this.directory, party.user, 'stderr.log');
  }
}
