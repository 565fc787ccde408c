/**
 * Keys that members send, and the adds that wait for them. Spec: group.md §3 to §6.
 *
 * Owns: which keys belong to what (weaknesses P5): the relay's pushes and the bundles of members may come in any order, and a bundle that nothing has
 * announced yet is answered with `later`, to be given again after the next change, as is one that waits for the inviter's (`announced`). Does not
 * own: delivery and storage of keys.
 */
import { type DeviceAddress, sameDevice } from '../base/address.js';
import type { SessionId } from '../base/brand.js';
import { ProtocolError } from '../base/errors.js';
import { type Secret, wipeAll } from '../base/secret.js';
import type { Computation } from '../crypto/job.js';
import {
  type Epoch,
  type GroupStep,
  chainOf,
  emptyChain,
  hasKeys,
  isAwaitedFrom,
  isLostWith,
  carryOut,
  seededEpoch,
  withChain,
} from './epoch.js';
import { type GroupPreKeyBundle, type GroupUpdateKeyBundle, unknownEpoch } from './group-change.js';
import { addedKey, groupSeedLength } from './key-update.js';
import type { MemberChain } from './member-chain.js';
import { memberOf, sameDevices, sameMembers, haveSameUsers } from './membership.js';
import {
  type Group,
  type GroupChange,
  type Self,
  type WaitingSteps,
  epochOf,
  notMember,
  notOwnKey,
  unmetBound,
  withEpoch,
} from './group.js';

/**
 * What a bundle led to: `later`, nothing that it belongs to is known yet; `announced`, only the inviter's keys are missing; `known`, its keys are
 * here already.
 */
export type BundleOutcome =
  | { readonly kind: 'taken'; readonly change: GroupChange }
  | { readonly kind: 'later' }
  | { readonly kind: 'announced' }
  | { readonly kind: 'known' };

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
 * A seed that its opener still owes when it goes on with an earlier store. It goes out after that, and so do those of epochs which it opens then, for
 * the same members perhaps: the old session that it names is its own, as no other does. Design D4.
 */
export function leftOver(bundle: GroupPreKeyBundle): GroupPreKeyBundle {
  return { ...bundle, oldSessionId: bundle.sessionId };
}

/** Whether the opener has gone on with an earlier store since it opened the epoch. */
export function isLeftOver({ sessionId, oldSessionId }: GroupPreKeyBundle): boolean {
  return sessionId === oldSessionId;
}

/**
 * The seed of an epoch, from `from`, whose one-to-one session it came over. The epoch must have been announced: opened by the same device for the
 * same members, and before its store was lost if the seed is left over. The bundle's seed stays the caller's. Throws `ProtocolError` (`wrong-sender`,
 * `group-key`). Spec: group.md §3, §5; weaknesses P5, I28.
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
  const lacks = (epoch: Epoch): boolean => (isLeftOver(bundle) ? isLostWith(epoch, self.address, from) : isAwaitedFrom(epoch, from));
  const candidates = before.epochs.filter((candidate) => lacks(candidate) && sameMembers(candidate.members, bundle.group.members));
  const epoch = isLeftOver(bundle) ? candidates[0] : following(before.epochs, candidates, from, bundle.oldSessionId);
  if (epoch === undefined) return { kind: 'later' };
  const change = yield* seededEpoch(epoch, self.address, before.suite.hash, bundle.sessionId, bundle.seed, unmetBound[waiting]);
  return { kind: 'taken', change: withEpoch(self, before, change) };
}

/**
 * Which of the epochs that are `waiting` for a seed from `opener` is the one of a bundle that says it follows `oldSessionId`. A seed may come long after
 * its epoch was announced, or never, so that must fit: none for the first of a group, else the one before. Who has never had the keys of that, or has
 * lost them, names the newest whose keys it has.
 */
function following(
  epochs: readonly Epoch[],
  waiting: readonly Epoch[],
  opener: DeviceAddress,
  oldSessionId: SessionId | undefined,
): Epoch | undefined {
  if (oldSessionId === undefined) return waiting.find(({ number }) => number === 1);
  const later = waiting.filter(({ number }) => number > 1);
  const before = (epoch: Epoch): readonly Epoch[] => epochs.slice(0, epochs.indexOf(epoch));
  const next = later.find((epoch) => before(epoch).at(-1)?.sessionId === oldSessionId);
  if (next !== undefined) return next;
  if (oldSessionId === unknownEpoch) return later[0];
  if (epochs.some(({ sessionId }) => sessionId === oldSessionId)) {
    return later.find((epoch) => before(epoch).some(({ sessionId }) => sessionId === oldSessionId));
  }
  return later.find((epoch) => mayFollowUnknown(before(epoch), opener));
}

/**
 * Whether what `opener` has begun behind `before` may follow an epoch that is not among these: one whose keys have not come, one of before the oldest
 * that is kept, or of before this device came into the group. Such a seed may also have been on its way since this device was in the group before:
 * then `opener` had the keys of the last one, and does not mean what it has begun since.
 */
function mayFollowUnknown(before: readonly Epoch[], opener: DeviceAddress): boolean {
  const [oldest] = before;
  const last = before.at(-1);
  if (oldest === undefined || last === undefined || !before.every(hasKeys)) return true;
  if (oldest.number > 1 || oldest.joinedBy === undefined) return true;
  const chain = chainOf(last, opener);
  return chain === undefined || chain.positions.length === 0 || chain.isGivenUp;
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
  checkBundle(bundle, from, bundle.chainKey, bundle.suite.hash.digestLength);
  const epoch = before?.epochs.findLast(({ joinedBy }) => joinedBy !== undefined && sameDevices(joinedBy.devices, bundle.addingDevices));
  if (before === undefined || epoch?.joinedBy === undefined) return { kind: 'later' };
  const { joinedBy } = epoch;
  const isInviter = sameDevice(joinedBy.inviter, from);
  // It may belong to another add of the same devices, before this one or still to come.
  if (bundle.adding !== isInviter || !haveSameUsers(joinedBy.members, bundle.group.members)) return { kind: 'later' };
  // Which epoch it is says the device that added us; the others follow.
  if (!isInviter && !hasKeys(epoch)) return { kind: memberOf(epoch.members, from) === undefined ? 'later' : 'announced' };
  if (hasKeys(epoch) && epoch.sessionId !== bundle.sessionId) return { kind: 'later' };
  if (memberOf(epoch.members, from) === undefined) throw notMember();
  if (bundle.suite.hash !== before.suite.hash)
    throw new ProtocolError('group-key', 'a group key is made for another hash than that of the group');
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
  return { generation: 0, chainKey: { key: chainKey.duplicate(), index: joinedBy.sequence } };
}
