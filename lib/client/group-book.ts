/**
 * The groups of one account in memory: an index of all, the keys of those in use.
 *
 * Owns: the writes that store a changed group, and its skipped keys. Does not own: locks; whoever opens or changes a group holds its lock.
 */
import { type DeviceAddress, type GroupAddress, deviceKey, groupKey } from '../base/address.js';
import { InternalError } from '../base/errors.js';
import type { Wipeable } from '../base/secret.js';
import { type Epoch, chainOf, withChain } from '../group/epoch.js';
import { type Group, secretsOfEpochs } from '../group/group.js';
import type { OpenedByChain, MemberChain } from '../group/member-chain.js';
import type { ClientStore } from '../store/client-store.js';
import { type GroupIndex, chainRowName, deleteGroup, groupWrites, putChainPositions } from '../store/client/group-rows.js';
import type { StoredSkippedKeys } from '../store/client/skipped-rows.js';
import type { Write } from '../store/store.js';
import type { BookChange } from './session-book.js';

/** A group with its keys. */
export interface LoadedGroup {
  readonly group: Group;
  /** Grows when anything but a chain's position changes: what could not be opened may be openable now. */
  readonly shape: number;
}

interface Entry {
  index: GroupIndex;
  loaded: LoadedGroup | undefined;
  /** By epoch and device; loaded when a message of that chain needs it. */
  readonly skipped: Map<string, StoredSkippedKeys>;
}

/** Groups whose keys are kept in memory; one of 250 devices with the default suite takes some 2 MB. */
const loadedGroups = 128;

function skippedName(epoch: Epoch, device: DeviceAddress): string {
  return `${epoch.number} ${deviceKey(device)}`;
}

/** The groups of one account. */
export class GroupBook {
  readonly #store: ClientStore;
  readonly #isBusy: (group: GroupAddress) => boolean;
  readonly #entries = new Map<string, Entry>();
  /** Loaded groups, the one used longest ago first. */
  readonly #inUse = new Map<string, Entry>();
  #shapes = 0;

  /** `isBusy` tells whether somebody may be working with a group: it stays in memory. */
  constructor(store: ClientStore, isBusy: (group: GroupAddress) => boolean) {
    this.#store = store;
    this.#isBusy = isBusy;
  }

  /** Forgets everything, wiping it, and loads the index anew. */
  async load(): Promise<void> {
    this.wipe();
    for (const index of await this.#store.loadGroupIndexes()) {
      this.#entries.set(groupKey(index.address), { index, loaded: undefined, skipped: new Map() });
    }
  }

  /** How many there are. */
  get count(): number {
    return this.#entries.size;
  }

  /** All groups. */
  all(): GroupIndex[] {
    return [...this.#entries.values()].map(({ index }) => index);
  }

  /** What is known of the group. */
  find(group: GroupAddress): GroupIndex | undefined {
    return this.#entries.get(groupKey(group))?.index;
  }

  /** What is in memory of the group's keys. */
  peek(group: GroupAddress): LoadedGroup | undefined {
    return this.#entries.get(groupKey(group))?.loaded;
  }

  /** The group with its keys, at once when it is in memory; `undefined` when there is no such group. Throws `StoreError`. */
  open(group: GroupAddress): LoadedGroup | undefined | Promise<LoadedGroup> {
    const key = groupKey(group);
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.loaded === undefined) return this.#load(key, entry);
    this.#inUse.delete(key);
    this.#inUse.set(key, entry);
    return entry.loaded;
  }

  /** The change from `before` (what {@link open} gave) to `next`. Throws `StoreError`. */
  async change(before: LoadedGroup | undefined, next: Group): Promise<BookChange & { readonly retired: readonly Wipeable[] }> {
    const gone = before === undefined ? [] : chainsOnlyIn(before.group, next);
    const { writes, retired, names } = await this.#dropSkipped(next.address, gone);
    writes.push(...groupWrites(before?.group, next));
    return {
      writes,
      retired,
      apply: () => {
        const key = groupKey(next.address);
        const { address, name, suite, members } = next;
        const index = { address, name, suite, members };
        const entry = this.#entries.get(key) ?? { index, loaded: undefined, skipped: new Map() };
        entry.index = index;
        entry.loaded = { group: next, shape: this.#nextShape() };
        for (const skipped of names) entry.skipped.delete(skipped);
        this.#entries.set(key, entry);
        this.#keep(key, entry);
      },
    };
  }

  /** The change of a chain by a message that was opened, or by messages that were sealed: cheaper than {@link change}. */
  changeChain(before: LoadedGroup, epoch: Epoch, chain: MemberChain, opened?: OpenedByChain): BookChange {
    const { address } = before.group;
    const writes: Write[] = [];
    if (chainOf(epoch, chain.device) !== chain) writes.push(putChainPositions(address, epoch.number, chain));
    const entry = this.#entries.get(groupKey(address));
    const skipped = entry?.skipped.get(skippedName(epoch, chain.device));
    if (opened !== undefined && skipped !== undefined) writes.push(...skipped.writesOf(opened.skippedChange));
    const next = withChain(epoch, chain);
    const group = { ...before.group, epochs: before.group.epochs.map((known) => (known.number === epoch.number ? next : known)) };
    return {
      writes,
      apply: () => {
        if (opened !== undefined) skipped?.apply(opened.skippedChange);
        if (entry !== undefined) entry.loaded = { group, shape: before.shape };
      },
    };
  }

  /** The skipped keys of a chain, at once when they are in memory. Throws `StoreError`. */
  skipped(before: LoadedGroup, epoch: Epoch, device: DeviceAddress): StoredSkippedKeys | Promise<StoredSkippedKeys> {
    const entry = this.#entries.get(groupKey(before.group.address));
    if (entry === undefined) throw new InternalError('no-group', 'a group that does not exist was used');
    return entry.skipped.get(skippedName(epoch, device)) ?? this.#loadSkipped(before.group.address, entry, epoch, device);
  }

  /** The change that deletes a group; `retired` are its secrets. Throws `StoreError`. */
  async remove(before: LoadedGroup): Promise<BookChange & { readonly retired: readonly Wipeable[] }> {
    const { group } = before;
    const { writes, retired } = await this.#dropSkipped(group.address, chainsOnlyIn(group, undefined));
    return {
      writes: [...writes, ...deleteGroup(group)],
      retired: [...retired, ...secretsOfEpochs(group.epochs)],
      apply: () => {
        this.#entries.delete(groupKey(group.address));
        this.#inUse.delete(groupKey(group.address));
      },
    };
  }

  /** Wipes and forgets everything in memory. */
  wipe(): void {
    for (const entry of this.#entries.values()) wipeEntry(entry);
    this.#entries.clear();
    this.#inUse.clear();
  }

  async #load(key: string, entry: Entry): Promise<LoadedGroup> {
    const group = await this.#store.loadGroup(entry.index);
    const loaded = { group, shape: this.#nextShape() };
    // The group's lock keeps others from changing it meanwhile; a reload may have replaced the entry.
    if (this.#entries.get(key) === entry) {
      entry.loaded = loaded;
      this.#keep(key, entry);
    }
    return loaded;
  }

  async #loadSkipped(address: GroupAddress, entry: Entry, epoch: Epoch, device: DeviceAddress): Promise<StoredSkippedKeys> {
    const skipped = await this.#store.loadSkippedKeys(chainRowName(address, epoch.number, device));
    entry.skipped.set(skippedName(epoch, device), skipped);
    return skipped;
  }

  async #dropSkipped(
    address: GroupAddress,
    gone: readonly { readonly epoch: Epoch; readonly device: DeviceAddress }[],
  ): Promise<{ readonly writes: Write[]; readonly retired: Wipeable[]; readonly names: readonly string[] }> {
    const writes: Write[] = [];
    const retired: Wipeable[] = [];
    const known = this.#entries.get(groupKey(address))?.skipped;
    for (const { epoch, device } of gone) {
      const name = skippedName(epoch, device);
      const skipped = known?.get(name) ?? (await this.#store.loadSkippedKeys(chainRowName(address, epoch.number, device)));
      writes.push(...skipped.deleteAll());
      retired.push(skipped);
    }
    return { writes, retired, names: gone.map(({ epoch, device }) => skippedName(epoch, device)) };
  }

  #nextShape(): number {
    this.#shapes += 1;
    return this.#shapes;
  }

  #keep(key: string, entry: Entry): void {
    this.#inUse.delete(key);
    this.#inUse.set(key, entry);
    if (this.#inUse.size <= loadedGroups) return;
    for (const [name, candidate] of this.#inUse) {
      if (this.#inUse.size <= loadedGroups) return;
      if (name === key || this.#isBusy(candidate.index.address)) continue;
      wipeEntry(candidate);
      candidate.loaded = undefined;
      candidate.skipped.clear();
      this.#inUse.delete(name);
    }
  }
}

/** Chains of `before` that `next` does not have any more. */
function chainsOnlyIn(before: Group, next: Group | undefined): { readonly epoch: Epoch; readonly device: DeviceAddress }[] {
  const gone: { readonly epoch: Epoch; readonly device: DeviceAddress }[] = [];
  for (const epoch of before.epochs) {
    const kept = next?.epochs.find(({ number }) => number === epoch.number);
    if (kept === epoch) continue;
    for (const { device } of epoch.chains.values()) {
      if (kept === undefined || chainOf(kept, device) === undefined) gone.push({ epoch, device });
    }
  }
  return gone;
}

function wipeEntry({ loaded, skipped }: Entry): void {
  if (loaded !== undefined) for (const secret of secretsOfEpochs(loaded.group.epochs)) secret.wipe();
  for (const keys of skipped.values()) keys.wipe();
}
