import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from '@jest/globals';
import { Command, run, type Finished } from './command.js';

/** What a command printed with `--json`, one object per line. */
export function eventsIn({ stdout }: Finished): Record<string, unknown>[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** A relay and accounts in one temporary directory; every command is a process of its own. */
export class Accounts {
  readonly home: string;
  readonly #running: Command[] = [];
  #url = '';
  #invitations: string[] = [];

  private constructor(home: string) {
    this.home = home;
  }

  /** Starts a relay with so many invitations. */
  static async create(invitations: number): Promise<Accounts> {
    const accounts = new Accounts(await mkdtemp(path.join(tmpdir(), 'skissm-cli-')));
    const data = path.join(accounts.home, 'relay');
    const relay = accounts.#start('relay', '--data', data, '--domain', 'example.org', '--invitations', String(invitations), '--json');
    accounts.#url = String((await relay.event('listening'))['url']);
    accounts.#invitations = await relay.until(({ events }) => {
      const found = events.filter(({ event }) => event === 'invitation').map(({ code }) => String(code));
      return found.length === invitations ? found : undefined;
    });
    return accounts;
  }

  /** Registers users, each on a device called `laptop`. */
  async register(...users: string[]): Promise<void> {
    const registered = users.map(async (user) => {
      const words = ['register', '--relay', this.#url, '--user', user, '--device', 'laptop', '--one-time-pre-keys', '25'];
      const SKISSM_INVITATION = this.#invitations.pop() ?? '';
      expect(await run([...words, '--store', this.#store(user)], this.home, '', { SKISSM_INVITATION })).toMatchObject({
        code: 0,
        stderr: '',
      });
    });
    await Promise.all(registered);
  }

  /** Runs a command of a user's account to its end. */
  run(user: string, ...words: string[]): Promise<Finished> {
    return run([...words, '--store', this.#store(user)], this.home);
  }

  /** Starts a command of a user's account. */
  start(user: string, ...words: string[]): Command {
    return this.#start(...words, '--store', this.#store(user));
  }

  /** Starts to listen, sends what is written to it as JSON, and waits until the account is open. */
  async listen(user: string): Promise<Command> {
    const command = this.start(user, 'listen', '--json', '--json-input');
    await command.event('ready');
    return command;
  }

  /** Ends a listening command as a user does. */
  async stop(command: Command): Promise<void> {
    command.signal('SIGTERM');
    expect((await command.finished).code).toBe(0);
  }

  /** Ends everything and removes the directory. */
  async end(): Promise<void> {
    for (const command of this.#running) await command.destroy();
    await rm(this.home, { recursive: true, force: true });
  }

  #start(...words: string[]): Command {
    const command = new Command(words, this.home);
    this.#running.push(command);
    return command;
  }

  #store(user: string): string {
    return path.join(this.home, `${user}.db`);
  }
}
