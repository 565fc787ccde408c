/**
 * A group as one device knows it, as a value. Spec: group.md §1.
 *
 * Owns: what a group consists of and what a transition of it gives. Does not own: the transitions, which stand in transition.ts (what the relay
 * says, and what it has accepted from us) and key-bundle.ts (keys of members).
 */
import { type DeviceAddress, type GroupAddress, type UserAddress, sameDevice } from '../base/address.js';
import type { SessionId } from '../base/brand.js';
import { ProtocolError } from '../base/errors.js';
import type { Wipeable } from '../base/secret.js';
import type { CipherSuite } from '../crypto/cipher-suite.js';
import { type Epoch, type EpochChange, chainOf, hasKeys } from './epoch.js';
import type { GroupPreKeyBundle, GroupUpdateKeyBundle } from './group-change.js';
import { type GroupMember, memberOf } from './membership.js';

/** A group as one device knows it. */
export interface Group {
  readonly address: GroupAddress;
  readonly name: string;
  readonly suite: CipherSuite;
  /** As the relay has last said. */
  readonly members: readonly GroupMember[];
  /** Oldest first, at most `limits.groupEpochs`; the last is the current one. */
  readonly epochs: readonly Epoch[];
}

/** This device: its address and the public half of its signing key. */
export interface Self {
  readonly address: DeviceAddress;
  readonly signingKey: Uint8Array;
}

/** Keys for other devices. The bundle's secret is the caller's, also when several devices get it. */
export type KeysFor = { readonly devices: readonly DeviceAddress[] } & (
  | { readonly kind: 'group-pre-key-bundle'; readonly bundle: GroupPreKeyBundle }
  | { readonly kind: 'group-update-key-bundle'; readonly bundle: GroupUpdateKeyBundle }
);

/** What a transition gives. */
export interface GroupChange {
  readonly group: Group;
  readonly keys: readonly KeysFor[];
  /** Wiped by the caller when `group` is durable. */
  readonly retired: readonly Wipeable[];
  /** New secrets of `group`: wiped by the caller when it is refused. */
  readonly created: readonly Wipeable[];
}

/** The current epoch. */
export function currentEpoch(group: Group): Epoch | undefined {
  return group.epochs.at(-1);
}

/** The epoch that `sessionId` names. */
export function epochOf(group: Group, sessionId: SessionId): Epoch | undefined {
  return epochsOf(group, sessionId).at(0);
}

/** The epochs that `sessionId` names, newest first: a device that was added again has what it knew before, and what it has been given since. */
export function epochsOf(group: Group, sessionId: SessionId): Epoch[] {
  return group.epochs.filter((epoch) => epoch.sessionId === sessionId).reverse();
}

/** Whether `user` was not in the group at some time after the epoch that `sessionId` names, as far as the epochs that are kept tell. */
export function hasLeftSince(group: Group, sessionId: SessionId, user: UserAddress): boolean {
  const named = group.epochs.findLastIndex((epoch) => epoch.sessionId === sessionId);
  return group.epochs.slice(named + 1).some(({ members }) => memberOf(members, user) === undefined);
}

/** All secrets of `epochs`. */
export function secretsOfEpochs(epochs: readonly Epoch[]): Wipeable[] {
  return epochs.flatMap(({ chains }) => [...chains.values()].flatMap(({ positions }) => positions.map(({ chainKey }) => chainKey.key)));
}

/** Whether the chain of `device` can be used. */
export function hasPosition(epoch: Epoch, device: DeviceAddress): boolean {
  return (chainOf(epoch, device)?.positions.length ?? 0) > 0;
}

/** Whether `device` is in the current epoch with keys that it has not given up, or being added to it. */
export function isInGroup(group: Group, device: DeviceAddress): boolean {
  const epoch = currentEpoch(group);
  if (epoch === undefined) return false;
  const chain = chainOf(epoch, device);
  const isIn = chain !== undefined && !chain.isGivenUp && (!hasKeys(epoch) || chain.positions.length > 0);
  return isIn || epoch.open.some(({ devices }) => devices.some(({ address }) => sameDevice(address, device)));
}

/**
 * What keys or an add that come do with the adds that wait: `carry-out` all of them; or `hold` those whose inviter has not been met in the
 * generation in which it adds, or that give a device another chain, for whoever keeps messages that wait for the same keys. See {@link carriedOut}.
 */
export type WaitingSteps = 'carry-out' | 'hold';

/** How many of the adds that `hold` holds are carried out, see `carryOut`. */
export const unmetBound: Record<WaitingSteps, number> = { 'carry-out': Number.POSITIVE_INFINITY, hold: 0 };

/** A transition that gives nothing but the new group. */
export function settled(group: Group): GroupChange {
  return { group, keys: [], retired: [], created: [] };
}

/** `before` with a changed epoch, and what its devices are owed. */
export function withEpoch(self: Self, before: Group, { epoch, handOvers, retired, created }: EpochChange): GroupChange {
  const { sessionId } = epoch;
  const keys: KeysFor[] = [];
  for (const { step, adding, sequence, chainKey } of handOvers) {
    if (sessionId === undefined) continue;
    const bundle: GroupUpdateKeyBundle = {
      suite: before.suite,
      sender: self.address,
      adding,
      sessionId,
      group: { name: before.name, address: before.address, members: step.members },
      sequence,
      chainKey,
      signingKey: self.signingKey,
      addingDevices: step.devices,
    };
    keys.push({ kind: 'group-update-key-bundle', devices: step.devices.map(({ address }) => address), bundle });
  }
  const epochs = before.epochs.map((known) => (known.number === epoch.number ? epoch : known));
  return { group: { ...before, epochs }, keys, retired, created };
}

/** A device does not belong to a member. */
export function notMember(): ProtocolError {
  return new ProtocolError('not-a-member', 'a device does not belong to a member of the group');
}

/** A signing key that somebody else says a device has. */
export function notOwnKey(): ProtocolError {
  return new ProtocolError('own-key', 'a signing key is not that of its device');
}
