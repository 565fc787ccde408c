/**
 * One epoch of a group: all chains that come from one seed. Spec: group.md §1, §4.
 *
 * Owns: carrying out adds when the keys they need are there, in whatever order pushes and keys come. Does not own: which epoch is current, who
 * may change a group.
 */
import { type DeviceAddress, deviceKey, sameDevice } from '../base/address.js';
import type { SessionId } from '../base/brand.js';
import { type Secret, type Wipeable, duplicate } from '../base/secret.js';
import { limits } from '../base/limits.js';
import type { Computation } from '../crypto/job.js';
import { walk } from '../ratchet/chain-key.js';
import { Unfinished } from '../ratchet/unfinished.js';
import { addedKey, addedKeys, firstChainKey } from './key-update.js';
import { type MemberChain, newestPosition, positionIn, withPosition } from './member-chain.js';
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
  /** Who sends the keys: the device that opened the epoch, or that added this one. */
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
  readonly chainKey: Secret<'ChainKey'>;
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
  return { device: address, signingKey, positions: [] };
}

/** The epoch with `chain` in it. */
export function withChain(epoch: Epoch, chain: MemberChain): Epoch {
  const chains = new Map(epoch.chains);
  chains.set(deviceKey(chain.device), chain);
  return { ...epoch, chains };
}

/** Begins every chain of an awaited epoch with `seed`, then carries out what waits. Throws as {@link carryOut}. */
export function* seededEpoch(epoch: Epoch, me: DeviceAddress, sessionId: SessionId, seed: Secret<'GroupSeed'>): Computation<EpochChange> {
  using unfinished = new Unfinished();
  const chains = new Map<string, MemberChain>();
  const created: Wipeable[] = [];
  for (const [name, chain] of epoch.chains) {
    if (chain.positions.length > 0) {
      chains.set(name, chain);
      continue;
    }
    const key = unfinished.own(firstChainKey(seed, chain.signingKey));
    created.push(key);
    chains.set(name, { ...chain, positions: [{ generation: 0, chainKey: { key, index: 0 } }] });
  }
  const change = yield* carryOut({ ...epoch, sessionId, chains }, me);
  unfinished.finish();
  return { ...change, created: [...created, ...change.created] };
}

/** Adds `step`, which must carry the epoch's generation as its number, and carries out what can be. Throws as {@link carryOut}. */
export function* steppedEpoch(epoch: Epoch, me: DeviceAddress, step: GroupStep): Computation<EpochChange> {
  return yield* carryOut({ ...epoch, generation: epoch.generation + 1, open: [...epoch.open, step] }, me);
}

/**
 * Carries out the adds that wait, in their order, as far as keys are there. A position of the inviter that lies too far ahead, or behind
 * what it has already sent, ends the inviter's chain here: nothing of it can be opened until the next epoch.
 */
export function* carryOut(epoch: Epoch, me: DeviceAddress): Computation<EpochChange> {
  using unfinished = new Unfinished();
  const work = new EpochWork(epoch, me, unfinished);
  for (const step of epoch.open) yield* work.take(step);
  unfinished.finish();
  return work.result();
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

  constructor(epoch: Epoch, me: DeviceAddress, unfinished: Unfinished) {
    this.#epoch = epoch;
    this.#me = me;
    this.#unfinished = unfinished;
    this.#chains = new Map(epoch.chains);
  }

  *take(step: GroupStep): Computation<void> {
    // The own key before the step goes out first: deriving moves the own chain, too, when this device is the inviter.
    const isHandedOver = step.isHandedOver || this.#handOver(step);
    const isDerived = step.isDerived || (yield* this.#derive(step));
    if (!isHandedOver || !isDerived) this.#open.push({ ...step, isHandedOver, isDerived });
  }

  result(): EpochChange {
    const epoch = { ...this.#epoch, chains: this.#chains, open: this.#open };
    return { epoch, handOvers: this.#handOvers, retired: this.#retired, created: this.#created };
  }

  #handOver(step: GroupStep): boolean {
    const isAdded = step.devices.some(({ address }) => sameDevice(address, this.#me));
    if (isAdded) return true;
    const own = this.#chains.get(deviceKey(this.#me));
    const position = own === undefined ? undefined : newestPosition(own);
    if (own === undefined || position?.generation !== step.number) return false;
    const { key, index } = position.chainKey;
    const adding = sameDevice(step.inviter, this.#me);
    this.#handOvers.push({ step, adding, sequence: index, chainKey: this.#own(duplicate(key)) });
    // The inviter's own chain moves with the derivation below.
    if (!adding) this.#move(own, step.number + 1, this.#own(addedKey(key)), true);
    return true;
  }

  *#derive(step: GroupStep): Computation<boolean> {
    const inviter = this.#chains.get(deviceKey(step.inviter));
    if (inviter === undefined || inviter.positions.length === 0) return false;
    const start = positionIn(inviter, step.number);
    if (start === undefined) return false;
    const { key, index } = start.chainKey;
    using temporary = key;
    const distance = step.sequence - index;
    if (distance < 0 || distance > limits.forwardWalk) {
      this.#chains.set(deviceKey(step.inviter), { ...inviter, positions: [] });
      this.#retired.push(...inviter.positions.map(({ chainKey }) => chainKey.key));
      return true;
    }
    using walked = yield* walk(temporary, distance);
    const { welcomed, inviter: next } = addedKeys(walked, step.devices.length);
    for (const secret of [...welcomed, next]) this.#own(secret);
    this.#move(inviter, step.number + 1, next, sameDevice(step.inviter, this.#me));
    step.devices.forEach((device, position) => {
      const welcome = welcomed[position];
      const name = deviceKey(device.address);
      const known = this.#chains.get(name);
      if (welcome === undefined) return;
      // Who is in the epoch already keeps its chain: a key may be given only once. Weaknesses I28.
      if (known !== undefined && known.positions.length > 0) welcome.wipe();
      else
        this.#chains.set(name, {
          ...emptyChain(device),
          positions: [{ generation: step.number + 1, chainKey: { key: welcome, index: 0 } }],
        });
    });
    return true;
  }

  /** Of the own chain nothing older is kept: nobody is going to be sent anything with it. */
  #move(chain: MemberChain, generation: number, key: Secret<'ChainKey'>, isOwn: boolean): void {
    const kept = isOwn ? { ...chain, positions: [] } : chain;
    if (isOwn) this.#retired.push(...chain.positions.map(({ chainKey }) => chainKey.key));
    const { chain: moved, retired } = withPosition(kept, { generation, chainKey: { key, index: 0 } });
    this.#retired.push(...retired);
    this.#chains.set(deviceKey(chain.device), moved);
  }

  #own(secret: Secret<'ChainKey'>): Secret<'ChainKey'> {
    this.#created.push(secret);
    return this.#unfinished.own(secret);
  }
}
