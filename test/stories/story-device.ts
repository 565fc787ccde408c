/** One device of a story: its store outlives its clients. */
import { type DeviceAddress, deviceKey } from '../../lib/base/address.js';
import type { Clock } from '../../lib/base/clock.js';
import { fromUtf8 } from '../../lib/base/bytes.js';
import { StoreError } from '../../lib/base/errors.js';
import { Client, type ClientEvent, type ClientOptions, type ReceivedMessage } from '../../lib/index.js';
import { suiteByName } from '../../lib/crypto/cipher-suite.js';
import { MemoryTables, openMemoryStore } from '../../lib/store/memory/memory-store.js';
import { type Store, tables } from '../../lib/store/store.js';
import type { FrameChannel } from '../../lib/transport/channel.js';
import type { Transport } from '../../lib/transport/transport.js';
import { type Dice, turns } from './dice.js';
import { type StoryKeys, seededRandom, storyAsymmetric } from './jobs.js';
import { Line, type LineTap } from './line.js';
import { domain } from './relay-host.js';

/** A message as the application got it. */
export interface Receipt {
  readonly kind: ReceivedMessage['kind'];
  readonly from: string;
  readonly groupId: string | undefined;
  readonly text: string;
}

function copyOf(original: MemoryTables): MemoryTables {
  const copy = new MemoryTables();
  for (const table of tables) {
    for (const [key, value] of original.rows(table).entries({ prefix: '', after: undefined, reverse: false })) {
      copy.rows(table).set(key, value.slice());
    }
  }
  return copy;
}

/** What a device is made of. */
export interface DeviceSurroundings {
  readonly seed: number;
  readonly suite: string;
  readonly oneTimePreKeys: number;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly keys: StoryKeys;
  readonly accept: (channel: FrameChannel) => void;
  readonly tap: (device: DeviceAddress) => LineTap;
  /** Puts somebody between the device and its line. */
  readonly between: (transport: Transport, device: StoryDevice) => Transport;
}

/** One device. */
export class StoryDevice {
  readonly address: DeviceAddress;
  /** Its `deviceKey`. */
  readonly key: string;
  readonly line: Line;
  readonly events: ClientEvent[] = [];
  /** Each text once per time that the application could not know it yet. */
  readonly receipts: Receipt[] = [];
  /** Texts that came although they had come before. */
  readonly repeated: string[] = [];
  /** Removed at the relay: it is not heard of any more. */
  isGone = false;
  /** Changes of groups that it was asked for and that have not ended. */
  changes = 0;
  readonly #surroundings: DeviceSurroundings;
  #tables = new MemoryTables();
  #backup: MemoryTables | undefined;
  /** How often its store went back in time. */
  restores = 0;
  readonly #handedOut = new Map<string, { life: number; isAcknowledged: boolean }>();
  #client: Client | undefined;
  #reading: Promise<void> | undefined;
  #lives = 0;
  #isDead = false;

  constructor(surroundings: DeviceSurroundings, userId: string, deviceId: string) {
    this.#surroundings = surroundings;
    this.address = { domain, userId, deviceId };
    this.key = deviceKey(this.address);
    const { clock, dice, tap, accept } = surroundings;
    this.line = new Line(clock, dice, tap(this.address), accept);
  }

  get name(): string {
    return `${this.address.userId}/${this.address.deviceId}`;
  }

  get user(): { readonly domain: string; readonly userId: string } {
    const { userId } = this.address;
    return { domain, userId };
  }

  get client(): Client {
    if (this.#client === undefined) throw new Error(`${this.name} is not running`);
    return this.#client;
  }

  async register(): Promise<this> {
    const { suite, oneTimePreKeys } = this.#surroundings;
    const { userId, deviceId } = this.address;
    this.#client = await Client.register({
      ...this.#options(),
      userId,
      deviceId,
      authenticator: `mailto:${userId}@${domain}`,
      authCode: 'open',
      suite: suiteByName(suite),
      oneTimePreKeys,
    });
    this.#read(this.#client);
    return this;
  }

  async close(): Promise<void> {
    await this.#client?.close();
    await this.#reading;
    this.#client = undefined;
  }

  /** A new process over the same store. */
  async restart(): Promise<void> {
    await this.close();
    this.#client = await Client.open(this.#options());
    this.#read(this.#client);
  }

  /** The process dies: nothing more is stored and nothing leaves. Then a new one starts over the same store. */
  async crash(): Promise<void> {
    this.#isDead = true;
    this.line.disconnect();
    await this.close();
    this.#isDead = false;
    this.line.connect();
    await this.restart();
  }

  /** Whether there is a backup to go back to. */
  get hasBackup(): boolean {
    return this.#backup !== undefined;
  }

  /** Copies what is durable at this moment. */
  backUp(): void {
    this.#backup = copyOf(this.#tables);
  }

  /** The process dies, and a new one starts over the backup. */
  async restore(): Promise<void> {
    if (this.#backup === undefined) throw new Error(`${this.name} has no backup`);
    this.#isDead = true;
    this.line.disconnect();
    await this.close();
    this.#isDead = false;
    this.#tables = copyOf(this.#backup);
    this.restores += 1;
    // What it received since is news to the restored store.
    for (const noted of this.#handedOut.values()) Object.assign(noted, { life: 0, isAcknowledged: false });
    this.line.connect();
    await this.restart();
  }

  #options(): ClientOptions {
    this.#lives += 1;
    const { clock, dice, keys } = this.#surroundings;
    const seed = `${this.#surroundings.seed} ${this.name} ${this.#lives}`;
    return {
      store: () => this.#open(),
      transport: this.#surroundings.between(this.line.transport, this),
      common: { clock, random: seededRandom(seed) },
      events: {
        onEvent: (event) => {
          // What a dead process would say nobody hears.
          if (!this.#isDead) this.events.push(event);
        },
      },
      asymmetric: storyAsymmetric(`${seed} jobs`, keys, dice),
    };
  }

  async #open(): Promise<Store> {
    const { dice } = this.#surroundings;
    const store = await openMemoryStore({ unsafeTestingTables: this.#tables });
    return {
      get: (table, key) => store.get(table, key),
      list: (table, range) => store.list(table, range),
      close: () => store.close(),
      commit: async (writes) => {
        await turns(dice.below(3));
        if (this.#isDead) throw new StoreError('unavailable', 'the process is dead');
        await store.commit(writes);
      },
    };
  }

  #read(client: Client): void {
    const life = this.#lives;
    this.#reading = (async () => {
      for await (const message of client.messages()) {
        this.#note(message, life);
        await message.ack().then(
          () => {
            const noted = this.#handedOut.get(fromUtf8(message.bytes));
            if (noted !== undefined) noted.isAcknowledged = true;
          },
          () => undefined,
        );
      }
    })();
  }

  /** What was not acknowledged comes again after a restart; the application knows it by its id. */
  #note({ kind, from, group, bytes }: ReceivedMessage, life: number): void {
    const text = fromUtf8(bytes);
    const before = this.#handedOut.get(text);
    if (before !== undefined) {
      if (before.isAcknowledged || before.life === life) this.repeated.push(text);
      before.life = life;
      return;
    }
    this.#handedOut.set(text, { life, isAcknowledged: false });
    this.receipts.push({ kind, from: deviceKey(from), groupId: group?.groupId, text });
  }
}
