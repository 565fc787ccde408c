/** One device of a story over all its processes. */
import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { ClientStore } from '../../lib/store/client-store.js';
import { storedCopy } from '../support/stored-tables.js';
import { CommandFailed, type Host, HostDied } from './host.js';
import type { ClientStart } from './hosted-client.js';
import { messagesHeldIn } from './held-messages.js';
import { Line } from './line.js';
import { Notes, nameOf } from './notes.js';
import { keysOwedBy } from './owed-keys.js';
import type { ArmedFault } from './points.js';
import { type RelayKnowledge, isLater } from './unseen-loss.js';

/** What a device needs of its world. */
export interface DeviceSurroundings {
  path(name: string): string;
  takeHost(): Host;
  giveBack(host: Host): void;
  relayPort(): number;
  /** How far clocks go ahead now, ms. */
  readonly offset: number;
  readonly faults: readonly ArmedFault[];
  readonly suite: string;
  readonly oneTimePreKeys: number;
  /** What the relay has stored of a device's store. */
  relayKnowledge(device: Device): Promise<RelayKnowledge | undefined>;
  /** A process of the device has ended by itself. */
  died(device: Device): void;
}

/** Copies a database that nobody has open, with the log that a process that was killed has left. */
function copy(from: string, to: string): void {
  for (const suffix of ['-wal', '-shm']) rmSync(to + suffix, { force: true });
  copyFileSync(from, to);
  if (existsSync(`${from}-wal`)) copyFileSync(`${from}-wal`, `${to}-wal`);
}

/** One device. */
export class Device {
  readonly userId: string;
  readonly deviceId: string;
  readonly name: string;
  readonly store: string;
  readonly notes: Notes;
  readonly line: Line;
  /** Nobody counts on it any more. */
  isGone = false;
  /** The relay has confirmed that. */
  isRemoved = false;
  /** How many messages had been sent in the story when its store was last restored from a backup. */
  restoredAt: number | undefined;
  /** Keys of groups that were still to go out when its store was restored. */
  readonly lostKeys = new Set<string>();
  /** Messages that its store kept unopened when a process of it began. */
  readonly heldMessages = new Set<string>();
  /** How many notes there were at each restoration that the relay could not notice. */
  readonly unseenLosses: number[] = [];
  /** The code with which its client last could not start. */
  whyDown = '';
  /** How far its own clock goes wrong, ms. */
  skew = 0;
  readonly #surroundings: DeviceSurroundings;
  readonly #notesPath: string;
  #host: Host | undefined;
  #isRegistered = false;
  #lives = 0;
  #backup: string | undefined;

  private constructor(surroundings: DeviceSurroundings, userId: string, deviceId: string, line: Line) {
    this.#surroundings = surroundings;
    this.userId = userId;
    this.deviceId = deviceId;
    this.name = nameOf({ userId, deviceId });
    this.line = line;
    this.store = surroundings.path(`${userId}-${deviceId}.db`);
    this.#notesPath = surroundings.path(`${userId}-${deviceId}.notes`);
    this.notes = new Notes(this.#notesPath);
  }

  static async make(surroundings: DeviceSurroundings, userId: string, deviceId: string): Promise<Device> {
    return new Device(surroundings, userId, deviceId, await Line.open(() => surroundings.relayPort()));
  }

  /** Whether a process of it runs. */
  get isUp(): boolean {
    return this.#host?.hasEnded === false;
  }

  /** Whether it can be restored. */
  get hasBackup(): boolean {
    return this.#backup !== undefined;
  }

  /**
   * Has a process run the client. Resolves when it stands, and when it could not yet: it died on the way, or the relay did not answer. Rejects when
   * something else kept it from that.
   */
  async start(): Promise<void> {
    if (this.isUp) return;
    if (this.#isRegistered) for (const id of await messagesHeldIn(new ClientStore(storedCopy(this.store)))) this.heldMessages.add(id);
    const host = this.#surroundings.takeHost();
    this.#host = host;
    void host.ended.then(() => {
      if (this.#host === host) this.#surroundings.died(this);
    });
    this.#lives += 1;
    try {
      await host.do('client', { ...this.#options() });
      this.#isRegistered = true;
    } catch (error) {
      if (error instanceof HostDied) return;
      this.#host = undefined;
      await host.kill();
      if (!(error instanceof CommandFailed) || error.code === 'unexpected') throw error;
      // It had been answered and stored just before the death.
      if (error.code === 'account-exists') this.#isRegistered = true;
      this.whyDown = error.code;
    }
  }

  /** Whether it has ever been answered. */
  get isRegistered(): boolean {
    return this.#isRegistered;
  }

  /** Has the client do something. Rejects with {@link HostDied} or {@link CommandFailed}. */
  do<T = unknown>(name: string, words: object = {}): Promise<T> {
    return this.#host === undefined ? Promise.reject(new HostDied(`${this.name} is not running`)) : this.#host.do<T>(name, words);
  }

  /** Ends the client in order; its process goes back to the others. */
  async stop(): Promise<void> {
    const host = this.#host;
    if (host === undefined || host.hasEnded) return;
    try {
      await host.do('release');
    } catch (error) {
      if (!(error instanceof HostDied)) throw error;
      return;
    }
    this.#host = undefined;
    this.#surroundings.giveBack(host);
  }

  /** Ends the process whatever it does. */
  async kill(): Promise<void> {
    await this.#host?.kill();
  }

  /** Keeps a copy of the store as it is now; the client is stopped meanwhile. */
  async backUp(): Promise<void> {
    await this.stop();
    this.#backup = `${this.store}.backup`;
    copy(this.store, this.#backup);
  }

  /** Puts the copy in the place of the store, `sent` messages after the beginning. */
  async restore(sent: number): Promise<void> {
    if (this.#backup === undefined) return;
    await this.stop();
    await this.kill();
    for (const keys of await keysOwedBy(new ClientStore(storedCopy(this.store)))) this.lostKeys.add(keys);
    copy(this.#backup, this.store);
    this.restoredAt = sent;
    const known = await this.#surroundings.relayKnowledge(this);
    const isNoticed = known !== undefined && (await isLater(known, new ClientStore(storedCopy(this.store))));
    if (!isNoticed) this.unseenLosses.push(this.notes.all.length);
  }

  /** What its processes said besides answers. */
  get troubles(): readonly string[] {
    return this.#host?.troubles ?? [];
  }

  #options(): ClientStart {
    const { suite, oneTimePreKeys, offset, faults } = this.#surroundings;
    const { store, userId, deviceId, line, skew } = this;
    return {
      task: this.#isRegistered ? 'open' : 'register',
      store,
      notes: this.#notesPath,
      url: line.url,
      userId,
      deviceId,
      suite,
      oneTimePreKeys,
      offset: offset + skew,
      life: this.#lives,
      faults,
    };
  }
}
