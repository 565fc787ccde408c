/** The relay of a story: its store outlives it, and who is in which group is noted with every commit. */
import type { Clock } from '../../lib/base/clock.js';
import { suiteByName } from '../../lib/crypto/cipher-suite.js';
import { type Relay, openRelay } from '../../lib/server/relay.js';
import { type Signer, openSigner } from '../../lib/server/signer.js';
import { GroupCommit } from '../../lib/store/group-commit.js';
import { RelayStore } from '../../lib/store/relay-store.js';
import { GroupRows } from '../../lib/store/group-rows.js';
import { keyBytes } from '../../lib/store/key-text.js';
import { MemoryTables, openMemoryStore } from '../../lib/store/memory/memory-store.js';
import { RowKeyReader } from '../../lib/store/row-key.js';
import type { Store } from '../../lib/store/store.js';
import type { FrameChannel } from '../../lib/transport/channel.js';
import { deviceKey } from '../../lib/base/address.js';
import type { GroupMember } from '../../lib/wire/group.js';
import { type Dice, turns } from './dice.js';
import { type StoryKeys, seededRandom, storyJobs } from './jobs.js';

/** The domain of every address. */
export const domain = 'example.test';

/** A group as the relay has it. */
export interface RelayGroup {
  readonly groupId: string;
  readonly name: string;
  readonly members: readonly GroupMember[];
  /** Devices that get its messages, by `deviceKey`. */
  readonly devices: ReadonlySet<string>;
  /** Users who have asked to leave. */
  readonly leaving: ReadonlySet<string>;
}

/** All groups after a commit that changed one of them. */
export type GroupsThen = ReadonlyMap<string, RelayGroup>;

/** The relay and its store. */
export class RelayHost {
  readonly #tables = new MemoryTables();
  readonly #rows: GroupRows;
  readonly #clock: Clock;
  readonly #dice: Dice;
  readonly #keys: StoryKeys;
  readonly #seed: number;
  #lives = 0;
  #relay: Relay | undefined;
  readonly #history: GroupsThen[] = [new Map()];

  constructor(seed: number, clock: Clock, dice: Dice, keys: StoryKeys) {
    this.#seed = seed;
    this.#clock = clock;
    this.#dice = dice;
    this.#keys = keys;
    const reading = new GroupCommit(() => openMemoryStore({ unsafeTestingTables: this.#tables }));
    this.#rows = new GroupRows(reading, domain);
  }

  get relay(): Relay {
    if (this.#relay === undefined) throw new Error('the relay is not running');
    return this.#relay;
  }

  /** The groups as they were after each change, oldest first. */
  get history(): readonly GroupsThen[] {
    return this.#history;
  }

  /** The groups now. */
  get groups(): GroupsThen {
    return this.#history.at(-1) ?? new Map();
  }

  /** A relay that is not there takes no channel: one that was on its way when it ended is cut. */
  accept = (channel: FrameChannel): void => {
    if (this.#relay === undefined) channel.cut();
    else this.#relay.accept(channel);
  };

  async start(): Promise<void> {
    this.#lives += 1;
    const seed = `${this.#seed} relay ${this.#lives}`;
    this.#relay = await openRelay({
      store: () => this.#open(),
      domain,
      registration: 'open',
      suite: suiteByName('curve25519'),
      clock: this.#clock,
      random: seededRandom(seed),
      runJobs: storyJobs(seed, this.#keys, this.#dice),
    });
  }

  /** Signs as the relay does, for whoever has taken it over. */
  async signer(): Promise<Signer> {
    const rows = new RelayStore(new GroupCommit(() => openMemoryStore({ unsafeTestingTables: this.#tables })), domain);
    const { signature } = suiteByName('curve25519');
    return openSigner(rows, signature, domain, this.#clock, storyJobs(`${this.#seed} signer`, this.#keys, this.#dice));
  }

  async stop(): Promise<void> {
    const relay = this.#relay;
    this.#relay = undefined;
    await relay?.close();
  }

  async #open(): Promise<Store> {
    const store = await openMemoryStore({ unsafeTestingTables: this.#tables });
    return {
      get: (table, key) => store.get(table, key),
      list: (table, range) => store.list(table, range),
      close: () => store.close(),
      commit: async (writes) => {
        await turns(this.#dice.below(3));
        const changes = writes.some(({ table }) => table === 'group');
        await store.commit(writes);
        if (changes) this.#history.push(await this.#readGroups());
      },
    };
  }

  async #readGroups(): Promise<GroupsThen> {
    const groups = new Map<string, RelayGroup>();
    const keys = [...this.#tables.rows('group').entries({ prefix: '', after: undefined, reverse: false })].map(([key]) => keyBytes(key));
    for (const key of keys) {
      const parts = new RowKeyReader(key);
      if (parts.text() !== 'record') continue;
      const groupId = parts.text();
      const record = await this.#rows.group(groupId);
      if (record === undefined) continue;
      const marks = await this.#rows.marks(groupId);
      const { name, members, leaves } = record;
      const isMember = (userId: string): boolean => members.some((member) => member.userId === userId);
      const devices = new Set(marks.filter(({ device }) => isMember(device.userId)).map(({ device }) => deviceKey(device)));
      groups.set(groupId, { groupId, name, members, devices, leaving: new Set(leaves.map(({ leaver }) => leaver.userId)) });
    }
    return groups;
  }
}
