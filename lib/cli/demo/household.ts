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

/** How the process of an account is started. */
export interface ListenOptions {
  /** Gets what does not say to whom it goes. */
  readonly to?: Party;
  /** What the relay pushes is recorded in the folder of the account. */
  readonly record?: boolean;
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

  /** The folder of one account. */
  folder(party: Party): string {
    return path.join(this.directory, party.user, party.device);
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

  /** Makes an invitation for a further device of a user of the running relay. */
  async invite(user: string): Promise<string> {
    const args = ['relay', 'invite', '--user', user, '--data', this.relayDirectory];
    const invitation = await this.#run(`the invitation of ${user}`, args, path.join(this.relayDirectory, 'stderr.log'), 'invitation');
    return String(invitation['code']);
  }

  /** Registers an account and returns the name of its suite. */
  async register(party: Party, relay: RunningRelay, invitation: string, suite: string | undefined): Promise<string> {
    await mkdir(this.folder(party), { recursive: true, mode: 0o700 });
    const args = [
      ...['register', '--relay', relay.url, '--user', party.user, '--device', party.device, '--store', this.#store(party)],
      ...(suite === undefined ? [] : ['--suite', suite]),
    ];
    const registered = await this.#run(`the registration of ${party.user}`, args, this.#errorLog(party), 'registered', {
      SKISSM_INVITATION: invitation,
    });
    return String(registered['suite']);
  }

  /** Runs `skissm group` with these words on an account that no other process has open; returns the group as it is then. */
  group(party: Party, ...words: readonly string[]): Promise<OutputEvent> {
    const name = `the change of the group by ${party.user}`;
    return this.#run(name, ['group', ...words, '--store', this.#store(party)], this.#errorLog(party), 'group');
  }

  /** Starts the process of one account: it prints what it receives and sends what it is told. */
  async listen(party: Party, { to, record }: ListenOptions, onEvent: (event: OutputEvent) => void): Promise<Child> {
    return this.#start((report) => ({
      name: `the process of ${party.user}`,
      args: [
        ...['listen', '--store', this.#store(party), '--json-input', '--exit-on-eof'],
        ...(to === undefined ? [] : ['--to', `${to.user}@${this.domain}`]),
        ...(record === true ? ['--record', recordingIn(this.folder(party))] : []),
      ],
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

  /** Runs a command to its end and returns its event of that name. */
  async #run(
    name: string,
    args: readonly string[],
    errorLog: string,
    result: string,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<OutputEvent> {
    let found: OutputEvent | undefined;
    const child = this.#spawn({
      name,
      args,
      environment,
      errorLog,
      onEvent(event) {
        if (event.event === result) found = event;
      },
    });
    await child.ended;
    this.#running.delete(child);
    if (found === undefined) throw new InternalError('demonstration-process', `${name} ended without a result`);
    return found;
  }

  #store(party: Party): string {
    return storeIn(this.folder(party));
  }

  #errorLog(party: Party): string {
    return path.join(this.folder(party), 'stderr.log');
  }
}

/** The database in the folder of an account. */
export function storeIn(folder: string): string {
  return path.join(folder, 'account.db');
}

/** What the relay has pushed to the device, in the folder of its account. */
export function recordingIn(folder: string): string {
  return path.join(folder, 'pushes.base64');
}
