/** A small world: one relay, devices with clients, one clock, one seed. */
import { jest } from '@jest/globals';
import {
  Client,
  type ClientEvent,
  type ClientEventOf,
  type ClientEventType,
  type ClientOptions,
  type ReceivedMessage,
  type RegisterOptions,
} from '../../lib/index.js';
import type { Asymmetric } from '../../lib/client/asymmetric.js';
import { utf8, fromUtf8 } from '../../lib/base/bytes.js';
import { TransportError } from '../../lib/base/errors.js';
import type { RandomSource } from '../../lib/base/random.js';
import { MemoryTables, type UnsafeTestingFailure, openMemoryStore } from '../../lib/store/memory/memory-store.js';
import { keyBytes } from '../../lib/store/key-text.js';
import { type Row, type Table, tables } from '../../lib/store/store.js';
import { settled } from '../transport/fake-clock.js';
import { type FixtureOptions, type RelayFixture, domain, startRelay } from '../server/relay-fixture.js';
import { ScenarioClock } from './scenario-clock.js';
import { type Traffic, watchedTransport } from './scenario-transport.js';
import { seededBytes, seededRun } from './seeded-jobs.js';

/** Real time after which a test gives up waiting, ms: the pool is slow on a busy machine. */
const patience = 20_000;

/** Real time that the pool, which knows no fake time, gets for each second of the fake clock, ms. */
const realTimePerSecond = 4;

jest.setTimeout(30_000);

/** Resolves when `condition` holds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + patience;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`did not happen: ${what}`);
    await settled();
  }
}

function seededRandom(seed: string): RandomSource {
  const draw = seededBytes(seed);
  return { fill: (out) => out.set(draw(out.length)) };
}

/** What a scenario may say about a device. */
export interface DeviceOptions {
  readonly client?: Partial<ClientOptions>;
  readonly register?: Partial<RegisterOptions>;
  /** Tells apart devices of one name. */
  readonly seed?: string;
}

/** One device of one user: its store outlives its clients. */
export class Device {
  readonly userId: string;
  readonly deviceId: string;
  readonly tables: MemoryTables;
  readonly events: ClientEvent[] = [];
  readonly received: ReceivedMessage[] = [];
  readonly traffic: Traffic = { sent: [], premature: [], interfere: undefined };
  /** How the next commits fail. */
  failures: (UnsafeTestingFailure | undefined)[] = [];
  commits = 0;
  /** Messages whose acknowledgement was durable. */
  readonly acknowledged: ReceivedMessage[] = [];
  #death: { readonly commit: number; readonly mode: 'before-commit' | 'in-commit' } | undefined;
  /** Whether received messages are acknowledged at once. */
  acknowledges = true;
  readonly #world: World;
  readonly #options: DeviceOptions;
  #client: Client | undefined;
  #lives = 0;
  #reading: Promise<void> | undefined;

  constructor(world: World, userId: string, deviceId: string, options: DeviceOptions, tables = new MemoryTables()) {
    this.#world = world;
    this.userId = userId;
    this.deviceId = deviceId;
    this.#options = options;
    this.tables = tables;
  }

  get user(): { readonly domain: string; readonly userId: string } {
    return { domain, userId: this.userId };
  }

  get address(): { readonly domain: string; readonly userId: string; readonly deviceId: string } {
    return { domain, userId: this.userId, deviceId: this.deviceId };
  }

  get client(): Client {
    if (this.#client === undefined) throw new Error(`${this.userId}/${this.deviceId} is not running`);
    return this.#client;
  }

  /** The rows of a table that are durable now. */
  rows(table: Table): Row[] {
    return [...this.tables.rows(table).entries({ prefix: '', after: undefined, reverse: false })].map(([key, value]) => ({
      key: keyBytes(key),
      value,
    }));
  }

  /** A copy of everything durable, as a backup would have it. */
  snapshot(): MemoryTables {
    const copy = new MemoryTables();
    for (const table of tables) {
      for (const [key, value] of this.tables.rows(table).entries({ prefix: '', after: undefined, reverse: false }))
        copy.rows(table).set(key, value.slice());
    }
    return copy;
  }

  options(): ClientOptions {
    this.#lives += 1;
    const seed = `${this.#world.seed} ${this.userId}/${this.deviceId} ${this.#options.seed ?? ''} ${this.#lives}`;
    const asymmetric: Asymmetric = { run: seededRun(`${seed} jobs`) };
    return {
      store: () =>
        openMemoryStore({
          unsafeTestingTables: this.tables,
          unsafeTestingFailure: () => this.#nextFailure(),
        }),
      transport: watchedTransport(this.#world.relay.network.transport, (table) => this.rows(table), this.traffic),
      common: { clock: this.#world.clock, random: seededRandom(seed) },
      events: {
        onEvent: (event) => {
          this.events.push(event);
        },
      },
      asymmetric,
      ...this.#options.client,
    };
  }

  /**
   * Lets the process die at a later commit: before it, or in it, when it is durable but nobody has been told. From then on nothing is stored and
   * nothing leaves.
   */
  dies(after: number, mode: 'before-commit' | 'in-commit'): void {
    this.#death = { commit: this.commits + after, mode };
  }

  /** Whether the process has died. */
  get isDead(): boolean {
    return this.#death !== undefined && this.commits >= this.#death.commit;
  }

  #nextFailure(): UnsafeTestingFailure | undefined {
    this.commits += 1;
    if (!this.isDead) return this.failures.shift();
    this.traffic.interfere = () => ({ error: new TransportError('offline', 'the process is dead'), deliver: false });
    return this.#death?.mode === 'in-commit' && this.#death.commit === this.commits ? undefined : 'unavailable';
  }

  async register(): Promise<this> {
    this.#client = await Client.register({
      ...this.options(),
      userId: this.userId,
      deviceId: this.deviceId,
      authenticator: `mailto:${this.userId}@example.test`,
      authCode: 'open',
      oneTimePreKeys: 5,
      ...this.#options.register,
    });
    this.#read();
    return this;
  }

  async open(): Promise<this> {
    this.#client = await Client.open(this.options());
    this.#read();
    return this;
  }

  async close(): Promise<void> {
    await this.#client?.close();
    await this.#reading;
    this.#client = undefined;
  }

  /** Closes and opens again: a new process over the same store. */
  async restart(): Promise<this> {
    await this.close();
    return this.open();
  }

  /** Sends a text to a user. */
  async send(to: Device, text: string): Promise<string> {
    return (await this.client.send(to.user, utf8(text))).messageId;
  }

  /** The texts received so far, in order. */
  get texts(): string[] {
    return this.received.map(({ bytes }) => fromUtf8(bytes));
  }

  /** Waits until `count` messages have come. */
  async hears(count: number): Promise<string[]> {
    await until(
      () => this.received.length >= count,
      `${this.userId}/${this.deviceId} receives ${count} messages (has ${this.received.length})`,
    );
    return this.texts;
  }

  /** Events of one type so far. */
  eventsOf<Type extends ClientEventType>(type: Type): ClientEventOf<Type>[] {
    return this.events.filter((event): event is ClientEventOf<Type> => event.type === type);
  }

  /** Waits for the event number `count` of a type. */
  async sees<Type extends ClientEventType>(type: Type, count = 1): Promise<ClientEventOf<Type>[]> {
    await until(() => this.eventsOf(type).length >= count, `${this.userId}/${this.deviceId} sees ${count} of ${type}`);
    return this.eventsOf(type);
  }

  /** Waits until nothing is under way on this device. */
  async isQuiet(): Promise<void> {
    const end = performance.now() + patience;
    while (performance.now() < end) {
      await settled();
      const { outbox, pending, unconsumedPushes } = await this.client.status();
      if (outbox === 0 && pending === 0 && unconsumedPushes === 0) return;
    }
    throw new Error(`${this.userId}/${this.deviceId} does not come to rest`);
  }

  #read(): void {
    const { client } = this;
    this.#reading = (async () => {
      for await (const message of client.messages()) {
        this.received.push(message);
        if (!this.acknowledges) continue;
        await message.ack().then(
          () => this.acknowledged.push(message),
          () => undefined,
        );
      }
    })();
  }
}

/** Everything of one scenario. */
export class World {
  readonly seed: string;
  relay: RelayFixture;
  readonly clock: ScenarioClock;
  readonly #devices: Device[] = [];

  private constructor(seed: string, relay: RelayFixture, clock: ScenarioClock) {
    this.seed = seed;
    this.relay = relay;
    this.clock = clock;
  }

  static async create(seed: string, options: FixtureOptions = {}): Promise<World> {
    const clock = new ScenarioClock();
    return new World(seed, await startRelay({ seed: `${seed} relay`, clock, ...options }), clock);
  }

  /** Lets time pass in small steps until `condition` holds. */
  async passes(condition: () => boolean, what: string): Promise<void> {
    for (let second = 0; second < 300; second += 1) {
      const end = performance.now() + realTimePerSecond;
      while (performance.now() < end) {
        if (condition()) return;
        await settled();
      }
      await this.clock.advance(1_000);
    }
    throw new Error(`did not happen within five minutes: ${what}`);
  }

  /** Ends the relay's process; its store stays. */
  async stopRelay(): Promise<void> {
    this.relay.network.listen(undefined);
    await this.relay.relay.close();
  }

  /** Starts the relay again over its store; devices find it where it was. */
  async startRelay(): Promise<void> {
    const { tables, network } = this.relay;
    const next = await startRelay({ tables, clock: this.clock, seed: `${this.seed} relay again` });
    network.listen((channel) => {
      next.relay.accept(channel);
    });
    this.relay = { ...next, network };
  }

  /** A device that is not registered yet. */
  device(userId: string, deviceId = 'one', options: DeviceOptions = {}, tables?: MemoryTables): Device {
    const device = new Device(this, userId, deviceId, options, tables);
    this.#devices.push(device);
    return device;
  }

  /** A registered, running device. */
  async join(userId: string, deviceId = 'one', options: DeviceOptions = {}): Promise<Device> {
    const device = await this.device(userId, deviceId, options).register();
    await device.sees('connection');
    return device;
  }

  /** Ends everything. Returns what left a device before it was durable, which must be nothing. */
  async end(): Promise<string[]> {
    for (const device of this.#devices) await device.close();
    await this.relay.relay.close();
    return this.#devices.flatMap(({ traffic }) => traffic.premature);
  }
}
