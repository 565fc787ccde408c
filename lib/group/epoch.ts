/**
 * One epoch of a group: all chains that come from one seed. Spec: group.md §1, §4.
 *
 * Owns: carrying out adds when the keys they need are there, in whatever order pushes and keys come. Does not own: which epoch is current, who
 * may change a group.
 */
import { type DeviceAddress, deviceKey, sameDevice } from '../base/address.js';
import type { SessionId } from '../base/brand.js';
import type { Secret, Wipeable } from '../base/secret.js';
import { limits } from '../base/limits.js';
import type { ChainSecret } from '../crypto/chain.js';
import type { Computation } from '../crypto/job.js';
import type { HashAlgorithm } from '../crypto/scheme.js';
import { walk } from '../ratchet/chain-key.js';
import { Unfinished } from '../ratchet/unfinished.js';
import { addedKey, addedKeys, firstChainKey } from './key-update.js';
import { type ChainPosition, type MemberChain, newestPosition, positionIn, withPosition } from './member-chain.js';
import type { GroupDevice, GroupMember } from './membership.js';

/** Devices being added: what is still to be done for it here. */
export interface GroupStep {
  /** How many adds of the epoch came before it, as far as this device was in it. */
  readonly number: number;
  readonly inviter: DeviceAddress;
  /** The inviter's position before the step. */
  readonly sequence: number;
  /** In the order used for derivation. */
  readonly devices: readonly GroupDevice[];
  /** Members after it. */
  readonly members: readonly GroupMember[];
  /** The chains of the added devices and the inviter's next one are derived. */
  readonly isDerived: boolean;
  /** The added devices have got the own key, or need none. */
  readonly isHandedOver: boolean;
}

/** One epoch, as one device knows it. */
export interface Epoch {
  /** Orders the epochs of the group on this device. */
  readonly number: number;
  /** `undefined` until its keys have come. */
  readonly sessionId: SessionId | undefined;
  /** Who sends the keys: the device that opened the epoch, or that added this one; this one itself, when it has none: nobody does. */
  readonly opener: DeviceAddress;
  /** The add that brought this device into the epoch; `undefined`: it was there from the beginning. */
  readonly joinedBy: GroupStep | undefined;
  /** When it was opened, or after the add that brought this device. */
  readonly members: readonly GroupMember[];
  /** Adds since then. */
  readonly generation: number;
  /** Adds that wait for keys, oldest first. */
  readonly open: readonly GroupStep[];
  /** By {@link deviceKey}, the own one included. */
  readonly chains: ReadonlyMap<string, MemberChain>;
}

/** The own key for devices that were added; `chainKey` is a copy of the caller's. */
export interface HandOver {
  readonly step: GroupStep;
  readonly adding: boolean;
  readonly sequence: number;
  readonly chainKey: ChainSecret;
}

/** What a change of an epoch gives. */
export interface EpochChange {
  readonly epoch: Epoch;
  readonly handOvers: readonly HandOver[];
  /** Wiped by the caller when `epoch` is durable. */
  readonly retired: readonly Wipeable[];
  /** New secrets of `epoch`: wiped by the caller when it is refused. */
  readonly created: readonly Wipeable[];
}

/** The chain of `device`. */
export function chainOf(epoch: Epoch, device: DeviceAddress): MemberChain | undefined {
  return epoch.chains.get(deviceKey(device));
}

/** The own chain, when it can be used for sending: it stands in the newest generation. */
export function sendingChain(epoch: Epoch, me: DeviceAddress): MemberChain | undefined {
  const chain = chainOf(epoch, me);
  return chain !== undefined && newestPosition(chain)?.generation === epoch.generation ? chain : undefined;
}

/** Whether the keys of the epoch have come. */
export function hasKeys(epoch: Epoch): boolean {
  return epoch.sessionId !== undefined;
}

/** Whether `opener` is still to send the seed of the epoch. */
export function isAwaitedFrom(epoch: Epoch, opener: DeviceAddress): boolean {
  return lacksSeed(epoch) && sameDevice(epoch.opener, opener);
}

/** Whether the seed of the epoch is not waited for any more because `opener` goes on with an earlier store: it comes if that store still has it. */
export function isLostWith(epoch: Epoch, me: DeviceAddress, opener: DeviceAddress): boolean {
  return lacksSeed(epoch) && sameDevice(epoch.opener, me) && chainOf(epoch, opener)?.isGivenUp === true;
}

function lacksSeed(epoch: Epoch): boolean {
  return !hasKeys(epoch) && epoch.joinedBy === undefined;
}

/** An epoch without keys: a chain without a position for each of `devices`. */
export function awaitedEpoch(
  number: number,
  opener: DeviceAddress,
  members: readonly GroupMember[],
  devices: readonly GroupDevice[],
): Epoch {
  const chains = new Map(devices.map((device) => [deviceKey(device.address), emptyChain(device)]));
  return { number, sessionId: undefined, opener, joinedBy: undefined, members, generation: 0, open: [], chains };
}

/** An epoch that this device comes into by `step`, which is its first. */
export function joinedEpoch(number: number, step: GroupStep): Epoch {
  const { inviter, members } = step;
  return { number, sessionId: undefined, opener: inviter, joinedBy: step, members, generation: 1, open: [step], chains: new Map() };
}

/** A chain whose keys have not come. */
export function emptyChain({ address, signingKey }: GroupDevice): MemberChain {
  return { device: address, signingKey, positions: [], isGivenUp: false };
}

/** The epoch with `chain` in it. */
export function withChain(epoch: Epoch, chain: MemberChain): Epoch {
  const chains = new Map(epoch.chains);
  chains.set(deviceKey(chain.device), chain);
  return { ...epoch, chains };
}

/** The epoch without a chain for `device`. */
export function withoutChain(epoch: Epoch, device: DeviceAddress): Epoch {
  const chains = new Map(epoch.chains);
  chains.delete(deviceKey(device));
  return { ...epoch, chains };
}

/** Begins every chain of an awaited epoch with `seed`, then carries out what waits. Throws as {@link carryOut}. */
export function* seededEpoch(
  epoch: Epoch,
  me: DeviceAddress,
  hash: HashAlgorithm,
  sessionId: SessionId,
  seed: Secret<'GroupSeed'>,
  unmet?: number,
): Computation<EpochChange> {
  using unfinished = new Unfinished();
  const chains = new Map<string, MemberChain>();
  const created: Wipeable[] = [];
  for (const [name, chain] of epoch.chains) {
    const key = unfinished.own(firstChainKey(hash, seed, chain.signingKey));
    created.push(key);
    chains.set(name, { ...chain, positions: [{ generation: 0, chainKey: { key, index: 0 } }] });
  }
  const change = yield* carryOut({ ...epoch, sessionId, chains }, me, unmet);
  unfinished.finish();
  return { ...change, created: [...created, ...change.created] };
}

/** Adds `step`, which must carry the epoch's generation as its number, and carries out what can be. Throws as {@link carryOut}. */
export function* steppedEpoch(epoch: Epoch, me: DeviceAddress, step: GroupStep, unmet?: number): Computation<EpochChange> {
  return yield* carryOut({ ...epoch, generation: epoch.generation + 1, open: [...epoch.open, step] }, me, unmet);
}

/**
 * Carries out the adds that wait, in their order, as far as keys are there. A position of the inviter that lies too far ahead, or behind
 * what it has already sent, ends the inviter's chain and those of the added devices here: nothing of them can be opened until the next epoch.
 *
 * An inviter that has not been met in the generation in which it adds may have sent messages in an earlier one that wait here for the same
 * keys, and each of them moves its chain (weaknesses P6); so may a device that has given its chain up and is added again: the new one takes the place
 * of that. `unmet` bounds how many adds of such inviters and devices are carried out; the others stay open.
 */
export function* carryOut(epoch: Epoch, me: DeviceAddress, unmet: number = Number.POSITIVE_INFINITY): Computation<EpochChange> {
  using unfinished = new Unfinished();
  const work = new EpochWork(epoch, me, unfinished, unmet);
  for (const step of epoch.open) yield* work.take(step);
  unfinished.finish();
  return work.result();
}

/** Whether nothing of the chain is going to come: it had keys that were given up. */
function isEnded(epoch: Epoch, chain: MemberChain | undefined): boolean {
  return hasKeys(epoch) && chain?.positions.length === 0;
}

class EpochWork {
  readonly #me: DeviceAddress;
  readonly #unfinished: Unfinished;
  readonly #chains: Map<string, MemberChain>;
  readonly #open: GroupStep[] = [];
  readonly #handOvers: HandOver[] = [];
  readonly #retired: Wipeable[] = [];
  readonly #created: Wipeable[] = [];
  readonly #epoch: Epoch;
  /** Inviters one of whose adds stays open: their later ones follow from it. */
  readonly #held = new Set<string>();
  #unmetLeft: number;

  constructor(epoch: Epoch, me: DeviceAddress, unfinished: Unfinished, unmet: number) {
    this.#epoch = epoch;
    this.#me = me;
    this.#unfinished = unfinished;
    this.#unmetLeft = unmet;
    this.#chains = new Map(epoch.chains);
  }

  *take(step: GroupStep): Computation<void> {
    // The own key before the step goes out first: deriving moves the own chain, too, when this device is the inviter.
    const isHandedOver = step.isHandedOver || (yield* this.#handOver(step));
    const isDerived = step.isDerived || (yield* this.#derive(step));
    if (!isDerived) this.#held.add(deviceKey(step.inviter));
    if (!isHandedOver || !isDerived) this.#open.push({ ...step, isHandedOver, isDerived });
  }

  result(): EpochChange {
    const epoch = { ...this.#epoch, chains: this.#chains, open: this.#open };
    return { epoch, handOvers: this.#handOvers, retired: this.#retired, created: this.#created };
  }

  *#handOver(step: GroupStep): Computation<boolean> {
    const isAdded = step.devices.some(({ address }) => sameDevice(address, this.#me));
    const own = this.#chains.get(deviceKey(this.#me));
    if (isAdded || isEnded(this.#epoch, own)) return true;
    const position = own === undefined ? undefined : newestPosition(own);
    if (own === undefined || position?.generation !== step.number) return false;
    const { key, index } = position.chainKey;
    if (!sameDevice(step.inviter, this.#me)) {
      this.#handOvers.push({ step, adding: false, sequence: index, chainKey: this.#own(key.duplicate()) });
      this.#move(own, step.number + 1, this.#own(addedKey(key)), true);
      return true;
    }
    // Everybody steps the inviter's chain from the position that its request named. The chain itself moves with the derivation.
    const distance = step.sequence - index;
    if (isWithinWalk(distance)) {
      const chainKey = this.#own(yield* walk(key, distance));
      this.#handOvers.push({ step, adding: true, sequence: step.sequence, chainKey });
    }
    return true;
  }

  *#derive(step: GroupStep): Computation<boolean> {
    const name = deviceKey(step.inviter);
    const inviter = this.#chains.get(name);
    if (isEnded(this.#epoch, inviter) || this.#isMissing(step.inviter)) {
      this.#endAdded(step);
      return true;
    }
    const newest = inviter === undefined ? undefined : newestPosition(inviter);
    if (inviter === undefined || newest === undefined || this.#held.has(name)) return false;
    const isUnmet = newest.generation < step.number || step.devices.some((device) => this.#isReplaced(device));
    if (isUnmet && --this.#unmetLeft < 0) return false;
    const start = positionIn(inviter, step.number);
    if (start === undefined) return false;
    using temporary = start.chainKey.key;
    const distance = step.sequence - start.chainKey.index;
    if (!isWithinWalk(distance)) {
      this.#chains.set(name, { ...inviter, positions: [] });
      this.#retired.push(...inviter.positions.map(({ chainKey }) => chainKey.key));
      this.#endAdded(step);
      return true;
    }
    using walked = yield* walk(temporary, distance);
    const { welcomed, inviter: next } = addedKeys(walked, step.devices.length);
    for (const secret of [...welcomed, next]) this.#own(secret);
    this.#move(this.#met(inviter, start), step.number + 1, next, sameDevice(step.inviter, this.#me));
    step.devices.forEach((device, position) => {
      const welcome = welcomed[position];
      if (welcome === undefined) return;
      // Who is in the epoch already keeps its chain, unless it has given it up: a key may be given only once. Weaknesses I28.
      if (this.#hasChain(device)) welcome.wipe();
      else this.#welcome(device, [{ generation: step.number + 1, chainKey: { key: welcome, index: 0 } }]);
    });
    return true;
  }

  /** Whether `device` had gone before the seed came, which begins every chain at once: its own is never going to be there. */
  #isMissing(device: DeviceAddress): boolean {
    if (!hasKeys(this.#epoch) || this.#epoch.joinedBy !== undefined || this.#chains.has(deviceKey(device))) return false;
    return !this.#open.some(({ devices }) => devices.some(({ address }) => sameDevice(address, device)));
  }

  /** The inviter's chain with where it stood before the add: messages that it sent there may still be on their way. */
  #met(inviter: MemberChain, start: ChainPosition): MemberChain {
    if (newestPosition(inviter)?.generation === start.generation) return inviter;
    const { key, index } = start.chainKey;
    const { chain, retired } = withPosition(inviter, { ...start, chainKey: { key: this.#own(key.duplicate()), index } });
    this.#retired.push(...retired);
    return chain;
  }

  /** The keys of the devices that `step` adds are not going to be known here. */
  #endAdded(step: GroupStep): void {
    for (const device of step.devices) if (!this.#hasChain(device)) this.#welcome(device, []);
  }

  #hasChain({ address }: GroupDevice): boolean {
    const chain = this.#chains.get(deviceKey(address));
    return chain !== undefined && chain.positions.length > 0 && !chain.isGivenUp;
  }

  /** Whether `device` is added again, and what it has sent before can be opened until then. */
  #isReplaced({ address }: GroupDevice): boolean {
    const chain = this.#chains.get(deviceKey(address));
    return chain !== undefined && chain.positions.length > 0 && chain.isGivenUp;
  }

  #welcome(device: GroupDevice, positions: MemberChain['positions']): void {
    this.#retired.push(...(this.#chains.get(deviceKey(device.address))?.positions ?? []).map(({ chainKey }) => chainKey.key));
    this.#chains.set(deviceKey(device.address), { ...emptyChain(device), positions });
  }

  /** Of the own chain nothing older is kept: nobody is going to be sent anything with it. */
  #move(chain: MemberChain, generation: number, key: ChainSecret, isOwn: boolean): void {
    const kept = isOwn ? { ...chain, positions: [] } : chain;
    if (isOwn) this.#retired.push(...chain.positions.map(({ chainKey }) => chainKey.key));
    const { chain: moved, retired } = withPosition(kept, { generation, chainKey: { key, index: 0 } });
    this.#retired.push(...retired);
    this.#chains.set(deviceKey(chain.device), moved);
  }

  #own(secret: ChainSecret): ChainSecret {
    this.#created.push(secret);
    return this.#unfinished.own(secret);
  }
}

function isWithinWalk(distance: number): boolean {
  return distance >= 0 && distance <= limits.forwardWalk;
}
