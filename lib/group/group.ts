/**
 * A group as one device knows it, and what changes it, as pure transitions. Spec: group.md §3 to §7.
 *
 * Owns: which change is acceptable from whom (weaknesses P5), which epoch keys belong to, what the own device owes to others. Does not own:
 * the order of changes, which is the relay's; delivery of keys; storage. The relay's pushes and the key bundles of members may come in any
 * order: a bundle that nothing has announced yet is answered with `later` and is given again after the next change.
 */
import { type DeviceAddress, type GroupAddress, type UserAddress, deviceKey, sameDevice, sameUser } from '../base/address.js';
import { equalBytes } from '../base/bytes.js';
import type { SessionId } from '../base/brand.js';
import { ProtocolError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import { type Secret, type Wipeable, duplicate, wipeAll } from '../base/secret.js';
import { chainKeyLength } from '../crypto/chain.js';
import type { CipherSuite } from '../crypto/cipher-suite.js';
import type { Computation } from '../crypto/job.js';
import {
  type Epoch,
  type EpochChange,
  type GroupStep,
  awaitedEpoch,
  chainOf,
  emptyChain,
  hasKeys,
  joinedEpoch,
  carryOut,
  seededEpoch,
  steppedEpoch,
  withChain,
  withoutChain,
} from './epoch.js';
import type {
  AddGroupMemberDevice,
  AddGroupMembers,
  CreateGroup,
  GroupPreKeyBundle,
  GroupUpdateKeyBundle,
  RemoveGroupMembers,
} from './group-change.js';
import { addedKey, groupSeedLength } from './key-update.js';
import type { MemberChain } from './member-chain.js';
import { type GroupDevice, type GroupMember, isManager, memberOf, sameDevices, sameMembers, withoutMembers } from './membership.js';

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

/** What a bundle led to: `later`, nothing that it belongs to is known yet; `known`, its keys are here already. */
export type BundleOutcome =
  { readonly kind: 'taken'; readonly change: GroupChange } | { readonly kind: 'later' } | { readonly kind: 'known' };

/** The current epoch. */
export function currentEpoch(group: Group): Epoch | undefined {
  return group.epochs.at(-1);
}

/** The epoch that `sessionId` names. */
export function epochOf(group: Group, sessionId: SessionId): Epoch | undefined {
  return group.epochs.findLast((epoch) => epoch.sessionId === sessionId);
}

/** All secrets of `epochs`. */
export function secretsOfEpochs(epochs: readonly Epoch[]): Wipeable[] {
  return epochs.flatMap(({ chains }) => [...chains.values()].flatMap(({ positions }) => positions.map(({ chainKey }) => chainKey.key)));
}

function hasPosition(epoch: Epoch, device: DeviceAddress): boolean {
  return (chainOf(epoch, device)?.positions.length ?? 0) > 0;
}

/** Whether `device` is in the current epoch, or being added to it. */
export function isInGroup(group: Group, device: DeviceAddress): boolean {
  const epoch = currentEpoch(group);
  if (epoch === undefined) return false;
  const isIn = hasKeys(epoch) ? hasPosition(epoch, device) : chainOf(epoch, device) !== undefined;
  return isIn || epoch.open.some(({ devices }) => devices.some(({ address }) => sameDevice(address, device)));
}

/** The epoch that an accepted request of ours begins. */
export interface OwnEpoch {
  readonly suite: CipherSuite;
  readonly address: GroupAddress;
  readonly name: string;
  readonly members: readonly GroupMember[];
  /** As the relay has answered, the own one included. */
  readonly devices: readonly GroupDevice[];
  readonly sessionId: SessionId;
  readonly seed: Secret<'GroupSeed'>;
}

/**
 * Our create was accepted, or (with `before`) our removal: a new epoch whose keys go to everybody else. `seed` stays the caller's. Throws
 * `ProtocolError` (`own-key`, `group-members`). Spec: group.md §3, §5.
 */
export function* openEpoch(self: Self, own: OwnEpoch, before?: Group): Computation<GroupChange> {
  const { address, name, suite, members, devices, sessionId, seed } = own;
  checkDevices(self, members, devices);
  const number = (before === undefined ? 0 : (currentEpoch(before)?.number ?? 0)) + 1;
  const change = yield* seededEpoch(awaitedEpoch(number, self.address, members, devices), self.address, sessionId, seed);
  const kept = keepEpochs(before?.epochs ?? [], change.epoch);
  const bundle: GroupPreKeyBundle = {
    suite,
    sender: self.address,
    sessionId,
    oldSessionId: before?.epochs.findLast(hasKeys)?.sessionId,
    group: { name, address, members },
    sequence: 0,
    seed,
  };
  const others = devices.map((device) => device.address).filter((device) => !sameDevice(device, self.address));
  return {
    group: { address, name, suite, members, epochs: kept.epochs },
    keys: others.length === 0 ? [] : [{ kind: 'group-pre-key-bundle', devices: others, bundle }],
    retired: [...kept.retired, ...change.retired],
    created: change.created,
  };
}

/** A group was created with us in it. Throws `ProtocolError` (`known-group`, `not-a-manager`, `own-key`, `group-members`). Spec: group.md §3. */
export function announcedGroup(self: Self, before: Group | undefined, { suite, sender, group, devices }: CreateGroup): GroupChange {
  if (before !== undefined) throw new ProtocolError('known-group', 'a group that exists was created again');
  const { name, members } = group;
  if (!isManager(members, sender)) throw notManager();
  checkDevices(self, members, devices);
  const address = requireAddress(group.address);
  return settled({ address, name, suite, members, epochs: [awaitedEpoch(1, sender, members, devices)] });
}

/**
 * What keys or an add that come do with the adds that wait: `carry-out` all of them; or `hold` those whose inviter has not been met in the
 * generation in which it adds, for whoever keeps messages that wait for the same keys. See {@link carriedOut}.
 */
export type WaitingSteps = 'carry-out' | 'hold';

const unmetBound: Record<WaitingSteps, number> = { 'carry-out': Number.POSITIVE_INFINITY, hold: 0 };

/**
 * Users or a device of a member were added, by us (our request was accepted) or by somebody else. Throws `ProtocolError` (`not-a-manager`,
 * `not-a-member`, `group-members`, `own-key`, `unknown-group`, `too-many-steps`). Spec: group.md §4, §6.
 */
export function* addedDevices(
  self: Self,
  before: Group | undefined,
  added: AddGroupMembers | AddGroupMemberDevice,
  waiting: WaitingSteps = 'carry-out',
): Computation<GroupChange> {
  const { sender, sequence, group: info, suite } = added;
  const devices = 'addingDevices' in added ? added.addingDevices : [added.addingDevice];
  const addingMembers = 'addingMembers' in added ? added.addingMembers : [];
  const { members, name } = info;
  for (const { address } of devices) if (memberOf(members, address) === undefined) throw notMember();
  checkOwnKey(self, devices);
  const isUs = devices.some(({ address }) => sameDevice(address, self.address));
  const epoch = before === undefined ? undefined : currentEpoch(before);
  // A device that has given its own chain up can be added anew.
  const isKnown = before !== undefined && epoch !== undefined && (!hasKeys(epoch) || hasPosition(epoch, self.address));
  if (!isKnown) {
    if (!isUs) throw new ProtocolError('unknown-group', 'devices were added to a group that is not known here');
    if (addingMembers.length > 0 ? !isManager(members, sender) : memberOf(members, sender) === undefined) throw notManager();
    const step = { number: 0, inviter: sender, sequence, devices, members, isDerived: false, isHandedOver: true };
    const joined = joinedEpoch((epoch?.number ?? 0) + 1, step);
    const kept = keepEpochs(before?.epochs ?? [], joined);
    const group = { address: requireAddress(info.address), name, suite, members, epochs: kept.epochs };
    return { ...settled(group), retired: kept.retired };
  }
  // The keys have overtaken nothing: they wait for this. What comes again changes nothing. Weaknesses I28.
  if (isUs) throw new ProtocolError('known-group', 'this device is in the group already');
  checkAdded(before, sender, members, addingMembers);
  if (epoch.open.length >= limits.groupOpenSteps) throw new ProtocolError('too-many-steps', 'too many adds wait for keys');
  const step: GroupStep = { number: epoch.generation, inviter: sender, sequence, devices, members, isDerived: false, isHandedOver: false };
  const change = yield* steppedEpoch(epoch, self.address, step, unmetBound[waiting]);
  return withEpoch(self, { ...before, members }, change);
}

/**
 * Members were removed by somebody else; `undefined` when we are among them: everything of the group goes. Throws `ProtocolError`
 * (`not-a-manager`, `group-members`, `own-key`). Spec: group.md §5.
 */
export function removedMembers(self: Self, before: Group, removed: RemoveGroupMembers): GroupChange | undefined {
  const { sender, group: info, removingMembers, devices } = removed;
  if (!isManager(before.members, sender)) throw notManager();
  if (removingMembers.some((member) => sameUser(member, self.address))) return undefined;
  const { members } = info;
  checkSameUsers(withoutMembers(before.members, removingMembers), members);
  if (memberOf(members, sender) === undefined) throw notManager();
  checkDevices(self, members, devices);
  const epoch = awaitedEpoch((currentEpoch(before)?.number ?? 0) + 1, sender, members, devices);
  const kept = keepEpochs(before.epochs, epoch);
  return { ...settled({ ...before, members, epochs: kept.epochs }), retired: kept.retired };
}

/** A device is gone: nothing more is taken from it, also in an epoch whose keys have not come. */
export function withoutDevice(before: Group, device: DeviceAddress): GroupChange {
  const ended = withEndedChains(before, device);
  const epochs = ended.group.epochs.map((epoch) => (hasKeys(epoch) ? epoch : withoutChain(epoch, device)));
  return { ...ended, group: { ...ended.group, epochs } };
}

/**
 * Nothing is sent with the keys of this device any more: they may have been used by a later state of the store. An epoch whose keys have not
 * come is as good as before. Design D4.
 */
export function withoutOwnKeys(self: Self, before: Group): GroupChange {
  return withEndedChains(before, self.address);
}

function withEndedChains(before: Group, device: DeviceAddress): GroupChange {
  const retired: Wipeable[] = [];
  const epochs = before.epochs.map((epoch) => {
    const chain = hasKeys(epoch) ? chainOf(epoch, device) : undefined;
    if (chain === undefined) return epoch;
    retired.push(...chain.positions.map(({ chainKey }) => chainKey.key));
    return withChain(epoch, { ...chain, positions: [] });
  });
  return { ...settled({ ...before, epochs }), retired };
}

/**
 * Carries out the oldest add that was held; `undefined`: none is held, or what it needs has not come. With messages that wait for keys, the
 * order that loses none is: take the keys with `hold`, try the messages in the order in which they came, carry one add out, try them again,
 * until none is held. Spec: group.md §4 (race); weaknesses P6.
 */
export function* carriedOut(self: Self, before: Group): Computation<GroupChange | undefined> {
  for (const epoch of before.epochs) {
    if (epoch.open.length === 0) continue;
    const change = yield* carryOut(epoch, self.address, 1);
    if (leftOf(change.epoch) < leftOf(epoch)) return withEpoch(self, before, change);
  }
  return undefined;
}

/** What is left to be done for the adds of `epoch`. */
function leftOf({ open }: Epoch): number {
  return open.reduce((left, { isDerived, isHandedOver }) => left + (isDerived ? 0 : 1) + (isHandedOver ? 0 : 1), 0);
}

/**
 * The seed of an epoch, from `from`, whose one-to-one session it came over. The epoch must have been announced: opened by the same device for the
 * same members. The bundle's seed stays the caller's. Throws `ProtocolError` (`wrong-sender`, `group-key`). Spec: group.md §3, §5; weaknesses P5, I28.
 */
export function* takeSeed(
  self: Self,
  before: Group | undefined,
  from: DeviceAddress,
  bundle: GroupPreKeyBundle,
  waiting: WaitingSteps = 'carry-out',
): Computation<BundleOutcome> {
  checkBundle(bundle, from, bundle.seed, groupSeedLength);
  if (before === undefined) return { kind: 'later' };
  if (epochOf(before, bundle.sessionId) !== undefined) return { kind: 'known' };
  const epoch = before.epochs.find(
    (candidate) =>
      !hasKeys(candidate) &&
      candidate.joinedBy === undefined &&
      sameDevice(candidate.opener, from) &&
      sameMembers(candidate.members, bundle.group.members),
  );
  if (epoch === undefined) return { kind: 'later' };
  const change = yield* seededEpoch(epoch, self.address, bundle.sessionId, bundle.seed, unmetBound[waiting]);
  return { kind: 'taken', change: withEpoch(self, before, change) };
}

/**
 * The chain of a member, from `from`, for the add that brought this device into the group. The bundle's chain key stays the caller's. Throws
 * `ProtocolError` (`wrong-sender`, `not-a-member`, `own-key`, `group-key`). Spec: group.md §4; weaknesses P5, I28.
 */
export function* takeChain(
  self: Self,
  before: Group | undefined,
  from: DeviceAddress,
  bundle: GroupUpdateKeyBundle,
  waiting: WaitingSteps = 'carry-out',
): Computation<BundleOutcome> {
  checkBundle(bundle, from, bundle.chainKey, chainKeyLength);
  const epoch = before?.epochs.findLast(({ joinedBy }) => joinedBy !== undefined && sameDevices(joinedBy.devices, bundle.addingDevices));
  if (before === undefined || epoch?.joinedBy === undefined) return { kind: 'later' };
  const { joinedBy } = epoch;
  const isInviter = sameDevice(joinedBy.inviter, from);
  if (bundle.adding !== isInviter) throw new ProtocolError('wrong-sender', 'another device has added this one');
  // Which epoch it is says the device that added us; the others follow.
  if (!isInviter && !hasKeys(epoch)) return { kind: 'later' };
  if (hasKeys(epoch) && epoch.sessionId !== bundle.sessionId) return { kind: 'later' };
  if (memberOf(epoch.members, from) === undefined) throw notMember();
  if (bundle.signingKey.length !== before.suite.signature.publicKeyLength) throw notOwnKey();
  // A chain without a position was given up: its keys are not taken a second time.
  if (chainOf(epoch, from) !== undefined) return { kind: 'known' };
  if (joinedBy.devices.some(({ address }) => sameDevice(address, from)))
    throw new ProtocolError('wrong-sender', 'the device was added with us');
  const chain: MemberChain = {
    ...emptyChain({ address: from, signingKey: bundle.signingKey }),
    positions: [positionFrom(bundle, joinedBy)],
  };
  const created = chain.positions.map(({ chainKey }) => chainKey.key);
  try {
    const change = yield* carryOut(withChain({ ...epoch, sessionId: bundle.sessionId }, chain), self.address, unmetBound[waiting]);
    return { kind: 'taken', change: withEpoch(self, before, { ...change, created: [...created, ...change.created] }) };
  } catch (error) {
    wipeAll(created);
    throw error;
  }
}

function checkBundle(bundle: { readonly sender: DeviceAddress }, from: DeviceAddress, key: Secret<string>, length: number): void {
  if (!sameDevice(bundle.sender, from)) throw new ProtocolError('wrong-sender', 'a bundle of group keys names another sender');
  if (key.length !== length) throw new ProtocolError('group-key', `a group key has ${key.length} bytes, ${length} expected`);
}

/** The inviter's chain is given as of before the add, the others step once for it. */
function positionFrom({ adding, chainKey }: GroupUpdateKeyBundle, joinedBy: GroupStep): MemberChain['positions'][number] {
  if (!adding) return { generation: 1, chainKey: { key: addedKey(chainKey), index: 0 } };
  return { generation: 0, chainKey: { key: duplicate(chainKey), index: joinedBy.sequence } };
}

function settled(group: Group): GroupChange {
  return { group, keys: [], retired: [], created: [] };
}

/** `before` with a changed epoch, and what its devices are owed. */
function withEpoch(self: Self, before: Group, { epoch, handOvers, retired, created }: EpochChange): GroupChange {
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

/** The epochs that stay beside a new one: a few, for messages that came before it and could not be opened. */
function keepEpochs(before: readonly Epoch[], epoch: Epoch): { readonly epochs: readonly Epoch[]; readonly retired: readonly Wipeable[] } {
  const kept = before.slice(-(limits.groupEpochs - 1));
  return { epochs: [...kept, epoch], retired: secretsOfEpochs(before.slice(0, before.length - kept.length)) };
}

/** Every device belongs to a member, and our own entry is what we are. */
function checkDevices(self: Self, members: readonly GroupMember[], devices: readonly GroupDevice[]): void {
  if (memberOf(members, self.address) === undefined) throw notMember();
  if (!devices.some(({ address }) => sameDevice(address, self.address))) throw notMember();
  const names = new Set<string>();
  for (const { address } of devices) {
    if (memberOf(members, address) === undefined) throw notMember();
    names.add(deviceKey(address));
  }
  if (names.size !== devices.length) throw new ProtocolError('group-members', 'a device is listed twice');
  checkOwnKey(self, devices);
}

function checkOwnKey(self: Self, devices: readonly GroupDevice[]): void {
  const own = devices.find(({ address }) => sameDevice(address, self.address));
  if (own !== undefined && !equalBytes(own.signingKey, self.signingKey)) throw notOwnKey();
}

function checkAdded(before: Group, sender: DeviceAddress, members: readonly GroupMember[], adding: readonly GroupMember[]): void {
  if (adding.length === 0 ? memberOf(before.members, sender) === undefined : !isManager(before.members, sender)) throw notManager();
  const fresh = adding.filter((member) => memberOf(before.members, member) === undefined);
  checkSameUsers([...before.members, ...fresh], members);
}

/** The lists name the same users, in any order and with any roles. */
function checkSameUsers(expected: readonly UserAddress[], found: readonly GroupMember[]): void {
  if (expected.length === found.length && expected.every((user) => memberOf(found, user) !== undefined)) return;
  throw new ProtocolError('group-members', 'the members after the change are not those before it with the change');
}

function requireAddress(address: GroupAddress | undefined): GroupAddress {
  if (address === undefined) throw new ProtocolError('group-members', 'the group has no address');
  return address;
}

function notManager(): ProtocolError {
  return new ProtocolError('not-a-manager', 'the sender may not change the group');
}

function notMember(): ProtocolError {
  return new ProtocolError('not-a-member', 'a device does not belong to a member of the group');
}

function notOwnKey(): ProtocolError {
  return new ProtocolError('own-key', 'a signing key is not that of its device');
}
