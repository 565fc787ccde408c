/**
 * What changes who is in a group: said by the relay, or accepted from us. Spec: group.md §3 to §7.
 *
 * Owns: which change is acceptable from whom (weaknesses P5), and what the own device owes to others. Does not own: the order of changes, which is the
 * relay's; keys that members send (key-bundle.ts).
 */
import { type DeviceAddress, type GroupAddress, type UserAddress, deviceKey, sameDevice, sameUser } from '../base/address.js';
import { equalBytes } from '../base/bytes.js';
import type { SessionId } from '../base/brand.js';
import { ProtocolError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import type { Secret, Wipeable } from '../base/secret.js';
import type { CipherSuite } from '../crypto/cipher-suite.js';
import type { Computation } from '../crypto/job.js';
import {
  type Epoch,
  type GroupStep,
  awaitedEpoch,
  chainOf,
  hasKeys,
  isAwaitedFrom,
  joinedEpoch,
  seededEpoch,
  steppedEpoch,
  withChain,
  withoutChain,
} from './epoch.js';
import {
  type AddGroupMemberDevice,
  type AddGroupMembers,
  type CreateGroup,
  type GroupPreKeyBundle,
  type RemoveGroupMembers,
  unknownEpoch,
} from './group-change.js';
import { type GroupDevice, type GroupMember, isManager, memberOf, withoutMembers, haveSameUsers } from './membership.js';
import {
  type Group,
  type GroupChange,
  type Self,
  type WaitingSteps,
  currentEpoch,
  hasPosition,
  notMember,
  notOwnKey,
  secretsOfEpochs,
  settled,
  unmetBound,
  withEpoch,
} from './group.js';

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
  const change = yield* seededEpoch(awaitedEpoch(number, self.address, members, devices), self.address, suite.hash, sessionId, seed);
  const kept = keepEpochs(before?.epochs ?? [], change.epoch);
  const bundle: GroupPreKeyBundle = {
    suite,
    sender: self.address,
    sessionId,
    oldSessionId: before === undefined ? undefined : (before.epochs.findLast(hasKeys)?.sessionId ?? unknownEpoch),
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
 * The relay tells a device that goes on with an earlier store of a group that it is in: it has no keys there that it may use. What the store
 * knows of the group may be older than what is told. Throws `ProtocolError` (`own-change`: its keys are here; `not-a-member`, `own-key`, `group-members`).
 * Design D4.
 */
export function toldAgain(self: Self, before: Group | undefined, { suite, group, devices }: CreateGroup): GroupChange {
  const { name, members } = group;
  const address = requireAddress(group.address);
  checkDevices(self, members, devices);
  if (before === undefined) return settled({ address, name, suite, members, epochs: [awaitedEpoch(1, self.address, members, [])] });
  const epoch = currentEpoch(before);
  if (epoch !== undefined && hasPosition(epoch, self.address))
    throw new ProtocolError('own-change', 'a group that is in use was told of again');
  const change = withoutOwnKeys(self, before);
  return { ...change, group: { ...change.group, name, members } };
}

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
  if (isUs) {
    // What comes again changes nothing once the keys are here (weaknesses I28); who has given its chain up, or waits for others, can be added.
    if (epoch !== undefined && hasPosition(epoch, self.address)) {
      throw new ProtocolError('known-group', 'this device is in the group already');
    }
    if (addingMembers.length > 0 ? !isManager(members, sender) : memberOf(members, sender) === undefined) throw notManager();
    const step = { number: 0, inviter: sender, sequence, devices, members, isDerived: false, isHandedOver: true };
    const joined = joinedEpoch((epoch?.number ?? 0) + 1, step);
    const kept = keepEpochs(before?.epochs ?? [], joined);
    const group = { address: requireAddress(info.address), name, suite, members, epochs: kept.epochs };
    return { ...settled(group), retired: kept.retired };
  }
  if (before === undefined || epoch === undefined) {
    throw new ProtocolError('unknown-group', 'devices were added to a group that is not known here');
  }
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
 * Nothing is sent with the keys of this device any more: they may have been used by a later state of the store, also those that have not come yet here.
 * What others seal in the epochs that it has keys of can still be opened. It has to be added again. Design D4.
 */
export function withoutOwnKeys(self: Self, before: Group): GroupChange {
  const ended = withEndedChains(before, self.address);
  const epochs = ended.group.epochs.map((epoch) =>
    // Nobody sends keys in our own name, and none for an earlier add of ours.
    hasKeys(epoch) ? { ...epoch, joinedBy: undefined } : awaitedEpoch(epoch.number, self.address, epoch.members, []),
  );
  return { ...ended, group: { ...ended.group, epochs } };
}

/** Whether this device has given up its keys and has not been added again. */
export function lacksOwnKeys(self: Self, group: Group): boolean {
  const epoch = currentEpoch(group);
  if (epoch === undefined) return false;
  return hasKeys(epoch) ? chainOf(epoch, self.address)?.positions.length === 0 : sameDevice(epoch.opener, self.address);
}

/**
 * A device has given its keys up: it is to be added again, and what is owed to it for an earlier add it does not need any more. Until it is added,
 * what it has sent before can be opened. Of the epochs that it has opened and whose keys are not here, the first `seeds` get them: those have come
 * already. Those of the others are not waited for: they come as left over, if its store still has them, and what else it sends is not for them.
 */
export function withGivenUpChain(self: Self, before: Group, device: DeviceAddress, seeds: number): GroupChange {
  const lost = before.epochs.filter((epoch) => isAwaitedFrom(epoch, device)).slice(seeds);
  const epochs = before.epochs.map((known) => {
    const epoch = lost.includes(known) ? { ...known, opener: self.address } : known;
    const chain = epoch !== known || known === currentEpoch(before) ? chainOf(epoch, device) : undefined;
    const isOwed = ({ devices, isHandedOver }: GroupStep): boolean =>
      !isHandedOver && devices.every(({ address }) => sameDevice(address, device));
    if (chain === undefined && !epoch.open.some(isOwed)) return epoch;
    const open = epoch.open.some(isOwed) ? epoch.open.map((step) => (isOwed(step) ? { ...step, isHandedOver: true } : step)) : epoch.open;
    return { ...(chain === undefined ? epoch : withChain(epoch, { ...chain, isGivenUp: true })), open };
  });
  return settled({ ...before, epochs });
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

/** Throws unless the lists name the same users, in any order and with any roles. */
function checkSameUsers(expected: readonly UserAddress[], found: readonly GroupMember[]): void {
  if (haveSameUsers(expected, found)) return;
  throw new ProtocolError('group-members', 'the members after the change are not those before it with the change');
}

function requireAddress(address: GroupAddress | undefined): GroupAddress {
  if (address === undefined) throw new ProtocolError('group-members', 'the group has no address');
  return address;
}

function notManager(): ProtocolError {
  return new ProtocolError('not-a-manager', 'the sender may not change the group');
}
