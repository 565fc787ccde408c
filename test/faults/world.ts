/** Everything of one story: the relay, the devices, what was sent, what died. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RelayStore } from '../../lib/store/relay-store.js';
import { Dice } from '../stories/dice.js';
import { storedCopy } from '../support/stored-tables.js';
import { Device, type DeviceSurroundings } from './device.js';
import { CommandFailed, type Host, HostDied, type HostPool } from './host.js';
import { domain } from './hosted-relay.js';
import { Ledger } from './ledger.js';
import { Notes } from './notes.js';
import type { ArmedFault } from './points.js';
import type { Story } from './story.js';
import { type RelayKnowledge, knowledgeOf } from './unseen-loss.js';
import { tearLastWrite } from './wal.js';

/** A group of a story. */
export interface StoryGroup {
  readonly groupId: string;
  /** Users that may ever have been in it. */
  readonly everIn: Set<string>;
  /** Users that may ever have been out of it after they were in it. */
  readonly everOut: Set<string>;
}

/** Attempts to register: each may be cut off by a death. */
const attempts = 20;

/** The world of a story. */
export class World implements DeviceSurroundings {
  readonly story: Story;
  readonly dice: Dice;
  readonly devices: Device[] = [];
  readonly groups: StoryGroup[] = [];
  readonly ledger = new Ledger();
  readonly relayNotes: Notes;
  /** What happened, for whoever has to find out why. */
  readonly log: string[] = [];
  /** What should never happen, noticed on the way. */
  readonly troubles: string[] = [];
  /** How often each call ended how. */
  readonly outcomes = new Map<string, number>();
  offset = 0;
  /** Time leapt by steps so far, ms. */
  leapt = 0;
  deaths = 0;
  faults: readonly ArmedFault[];
  readonly #pool: HostPool;
  readonly #notesAtDeath = new Map<string, number>();
  /** Devices whose removal is under way. */
  readonly #leaving = new Set<Device>();
  readonly #directory = mkdtempSync(join(tmpdir(), 'skissm-faults-'));
  #relay: Host | undefined;
  #port = 0;
  #underWay = 0;

  constructor(story: Story, pool: HostPool) {
    this.story = story;
    this.#pool = pool;
    this.dice = new Dice(story.seed);
    this.relayNotes = new Notes(this.path('relay.notes'));
    this.faults = story.faults.map(({ kind, label, nth }, index) => {
      const token = this.path(`fault-${index}`);
      writeFileSync(token, label);
      return { kind, label, nth, token };
    });
  }

  get suite(): string {
    return this.story.suite;
  }

  get oneTimePreKeys(): number {
    return this.story.oneTimePreKeys;
  }

  path(name: string): string {
    return join(this.#directory, name);
  }

  takeHost(): Host {
    return this.#pool.take();
  }

  giveBack(host: Host): void {
    this.#pool.giveBack(host);
  }

  relayPort(): number {
    return this.#port;
  }

  /** The relay's database. */
  get relayStore(): string {
    return this.path('relay.db');
  }

  /** Devices that are registered. */
  get present(): readonly Device[] {
    return this.devices.filter(({ isGone, isRegistered }) => isRegistered && !isGone);
  }

  /** Devices that nobody counts on any more, and the relay may still have. */
  get unremoved(): readonly Device[] {
    return this.devices.filter(({ isGone, isRemoved }) => isGone && !isRemoved);
  }

  /** Ids of the users. */
  get users(): readonly string[] {
    return this.story.devices.map((_, user) => `user-${user}`);
  }

  /** Whether the relay runs. */
  get isRelayUp(): boolean {
    return this.#relay?.hasEnded === false;
  }

  /** Whether calls are being waited for. */
  get isBusy(): boolean {
    return this.#underWay > 0;
  }

  /** Has a process run the relay, on the port it had before. Resolves also when it has died on the way, or found its store failing. */
  async startRelay(): Promise<void> {
    if (this.isRelayUp) return;
    const host = this.takeHost();
    this.#relay = host;
    void host.ended.then(() => {
      if (this.#relay === host) this.#afterDeath(this.relayNotes, this.relayStore, 'the relay');
    });
    const { offset, faults } = this;
    const start = { store: this.relayStore, notes: this.path('relay.notes'), port: this.#port, offset, faults };
    try {
      this.#port = (await host.do<{ port: number }>('relay', start)).port;
    } catch (error) {
      if (error instanceof HostDied) return;
      this.#relay = undefined;
      await host.kill();
      if (!(error instanceof CommandFailed) || error.code === 'unexpected') throw error;
      this.log.push(`the relay does not start: ${error.code}`);
    }
  }

  /** Ends the relay in order. */
  async stopRelay(): Promise<void> {
    const host = this.#relay;
    if (host === undefined || host.hasEnded) return;
    try {
      await host.do('release');
    } catch (error) {
      if (!(error instanceof HostDied)) throw error;
      return;
    }
    this.#relay = undefined;
    this.giveBack(host);
  }

  async killRelay(): Promise<void> {
    await this.#relay?.kill();
  }

  /** Has the relay do something; what dies on the way is started again by others, and a store that fails is the caller's to know. */
  async askRelay(name: string, words: object): Promise<void> {
    try {
      await this.#relay?.do(name, words);
    } catch (error) {
      if (error instanceof CommandFailed && error.code !== 'unexpected') this.#count(`${name}: ${error.code}`);
      else if (!(error instanceof HostDied)) throw error;
    }
  }

  /** Registers a device, however often it dies on the way. */
  async join(userId: string): Promise<Device> {
    const count = this.devices.filter((device) => device.userId === userId).length;
    const device = await Device.make(this, userId, `device-${count}`);
    this.devices.push(device);
    for (let attempt = 1; !device.isUp || !device.isRegistered; attempt += 1) {
      if (attempt > attempts) throw new Error(`${device.name} cannot register`);
      await this.startRelay();
      await device.start();
    }
    return device;
  }

  /** What the relay has stored of a device's store: asked of the process that has the database open, or read when there is none. */
  async relayKnowledge({ userId, deviceId }: Device): Promise<RelayKnowledge | undefined> {
    try {
      if (this.#relay !== undefined) return (await this.#relay.do<RelayKnowledge | null>('knowledge', { userId, deviceId })) ?? undefined;
    } catch (error) {
      // Between a commit without a known outcome and the next look at the store: then nothing is excused.
      if (error instanceof CommandFailed && error.code !== 'unexpected') return { incarnation: error.code, commitCounter: 0, greeting: '' };
      if (!(error instanceof HostDied)) throw error;
    }
    return knowledgeOf(new RelayStore(storedCopy(this.relayStore), domain), { domain, userId, deviceId });
  }

  /** Starts whatever does not run. */
  async revive(): Promise<void> {
    await this.startRelay();
    for (const device of this.present) await device.start();
  }

  /** Has other devices of their users remove those that are gone. The call is no wish that is stored, so it is made again when it was cut off. */
  removeGone(): void {
    for (const device of this.unremoved) {
      if (this.#leaving.has(device)) continue;
      this.#leaving.add(device);
      const call = this.#remove(device).finally(() => this.#leaving.delete(device));
      this.goOn('remove device', call);
    }
  }

  died(device: Device): void {
    this.#afterDeath(device.notes, device.store, device.name);
  }

  /** Moves all clocks. */
  async leap(by: number): Promise<void> {
    this.offset += by;
    await this.#everywhere('leap', { by });
  }

  /** Nothing dies any more. */
  async disarm(): Promise<void> {
    this.faults = [];
    await this.#everywhere('arm', { faults: [] });
  }

  /** Goes on without waiting for `call`; how it ends is counted. */
  goOn(what: string, call: Promise<unknown>): void {
    this.#underWay += 1;
    void call
      .then(
        () => this.#count(`${what}: done`),
        (error: unknown) => {
          if (error instanceof HostDied) this.#count(`${what}: died`);
          else if (error instanceof CommandFailed && error.code !== 'unexpected') this.#count(`${what}: ${error.code}`);
          else this.troubles.push(`${what} failed: ${error instanceof Error ? error.message : String(error)}`);
        },
      )
      .finally(() => {
        this.#underWay -= 1;
      });
  }

  /** Stops everything in order. */
  async stop(): Promise<void> {
    for (const device of this.devices) await device.stop();
    await this.stopRelay();
  }

  /** Ends every process, whatever it does. */
  async abandon(): Promise<void> {
    for (const device of this.devices) await device.kill();
    await this.killRelay();
  }

  /** Removes everything; `keeps` leaves the files. */
  async end(keeps: boolean): Promise<string> {
    for (const { line } of this.devices) await line.close();
    if (!keeps) rmSync(this.#directory, { recursive: true, force: true });
    return this.#directory;
  }

  async #remove(device: Device): Promise<void> {
    const other = this.present.find(({ userId }) => userId === device.userId);
    if (other === undefined) throw new Error(`nobody is left who could remove ${device.name}`);
    await other.do('removeDevice', { deviceId: device.deviceId });
    device.isRemoved = true;
  }

  async #everywhere(name: string, words: object): Promise<void> {
    const ask = async (device: Device): Promise<void> => {
      try {
        await device.do(name, words);
      } catch (error) {
        if (!(error instanceof HostDied)) throw error;
      }
    };
    await Promise.all([this.askRelay(name, words), ...this.devices.filter(({ isUp }) => isUp).map(ask)]);
  }

  /** A power failure takes a part of the last write along. */
  #afterDeath(notes: Notes, store: string, name: string): void {
    const { all } = notes;
    const last = all.at(-1);
    const isNew = all.length > (this.#notesAtDeath.get(name) ?? 0);
    this.#notesAtDeath.set(name, all.length);
    this.deaths += 1;
    if (!isNew || last?.note !== 'died') {
      this.log.push(`${name} is killed`);
      return;
    }
    this.log.push(`${name} dies: ${last.label}`);
    if (last.wal === undefined || !existsSync(`${store}-wal`)) return;
    this.log.push(`its last write is torn: ${tearLastWrite(store, last.wal, this.dice)}`);
  }

  #count(outcome: string): void {
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
  }
}
