/** What an application asks of groups. Spec: group.md §3 to §7. */
import { type DeviceAddress, type GroupAddress, type UserAddress, sameUser } from '../base/address.js';
import { utf8 } from '../base/bytes.js';
import { E2eeError, UsageError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import { randomId } from '../base/random.js';
import { chainOf } from '../group/epoch.js';
import { currentEpoch } from '../group/group.js';
import { type GroupMember, groupRoles, memberOf } from '../group/membership.js';
import type { GroupOrder, GroupWish } from '../store/client/group-queue-rows.js';
import type { Core } from './core.js';
import { canSeal, unknownGroup } from './group-keys.js';
import { groupLock } from './lock-names.js';
import { Plan } from './plan.js';

/** A group to be made. */
export interface NewGroup {
  readonly name: string;
  /** Users besides this one. */
  readonly members: readonly UserAddress[];
  /** Those of the members who may change the group, too. */
  readonly managers?: readonly UserAddress[];
}

/** A group that this device is in. */
export interface KnownGroup {
  readonly address: GroupAddress;
  readonly name: string;
  readonly members: readonly GroupMember[];
  /** Whether this user may change who is in it. */
  readonly isManager: boolean;
  /** `waiting`: the keys have not come, what is sent waits for them. */
  readonly state: 'ready' | 'waiting' | 'leaving';
  /** Devices that what is sent from here is sealed for, this one included; empty until the keys have come. */
  readonly devices: readonly DeviceAddress[];
}

/** Asks for a group; resolves with its address when it is made. Rejects as `Client.createGroup` says. */
export async function createGroup(core: Core, { name, members, managers = [] }: NewGroup, signal?: AbortSignal): Promise<GroupAddress> {
  const { address } = core.account;
  const { length } = utf8(name);
  if (length === 0 || length > limits.nameLength) {
    throw new UsageError('group-name', `the name of a group has 1 to ${limits.nameLength} bytes, not ${length}`);
  }
  const self = { domain: address.domain, userId: address.userId, role: groupRoles.manager };
  const others = distinct(members).filter((user) => !sameUser(user, self));
  const stranger = managers.find((user) => !sameUser(user, self) && memberOf([...asMembers(others)], user) === undefined);
  if (stranger !== undefined) throw new UsageError('group-members', 'a manager of the group is not among its members');
  const roleOf = (user: UserAddress): number => (managers.some((one) => sameUser(one, user)) ? groupRoles.manager : groupRoles.member);
  const all = [self, ...others.map(({ domain, userId }) => ({ domain, userId, role: roleOf({ domain, userId }) }))];
  checkCount(all.length);
  // The relay names the group; until then the wish has a name of its own.
  const provisional = { domain: address.domain, groupId: randomId(core.options.random) };
  return ask(core, provisional, { kind: 'create', name, members: all }, signal);
}

/** Asks for members to be added. Rejects as `Client.addGroupMembers` says. */
export async function addGroupMembers(core: Core, group: GroupAddress, users: readonly UserAddress[], signal?: AbortSignal): Promise<void> {
  const members = asMembers(distinct(users));
  if (members.length === 0) throw new UsageError('group-members', 'nobody is to be added');
  checkCount(members.length + (core.groups.find(group)?.members.length ?? 0));
  await askOfKnown(core, group, { kind: 'add', members }, signal);
}

/** Asks for members to be removed. Rejects as `Client.removeGroupMembers` says. */
export async function removeGroupMembers(
  core: Core,
  group: GroupAddress,
  users: readonly UserAddress[],
  signal?: AbortSignal,
): Promise<void> {
  const members = distinct(users);
  if (members.length === 0) throw new UsageError('group-members', 'nobody is to be removed');
  if (members.some((user) => sameUser(user, core.account.address))) {
    throw new UsageError('group-members', 'nobody removes himself: leave the group');
  }
  await askOfKnown(core, group, { kind: 'remove', members }, signal);
}

/** Asks to leave. Rejects as `Client.leaveGroup` says. */
export async function leaveGroup(core: Core, group: GroupAddress, signal?: AbortSignal): Promise<void> {
  await askOfKnown(core, group, { kind: 'leave' }, signal);
}

/** The groups of this device. Rejects with `StoreError`. */
export async function knownGroups(core: Core): Promise<readonly KnownGroup[]> {
  const { groups, orders, account, peers, steps } = core;
  await steps.settled();
  const known: KnownGroup[] = [];
  for (const { address } of groups.all()) {
    const found = await steps.run([groupLock(address)], async () => {
      const opened = await groups.open(address);
      if (opened === undefined) return { writes: [], result: undefined };
      const { name, members } = opened.group;
      const epoch = currentEpoch(opened.group);
      const isLeaving = orders.of(address).some(({ wish }) => wish.kind === 'leave');
      const state = isLeaving ? 'leaving' : canSeal(core, opened.group) ? 'ready' : 'waiting';
      const isIn = epoch !== undefined && chainOf(epoch, account.address) !== undefined;
      const devices = isIn
        ? [...epoch.chains.values()]
            .filter(({ isGivenUp }) => !isGivenUp)
            .map(({ device }) => device)
            .filter((device) => peers.find(device)?.isGone !== true)
        : [];
      const isManager = memberOf(members, account.address)?.role === groupRoles.manager;
      return { writes: [], result: { address: opened.group.address, name, members, isManager, state, devices } as const };
    });
    if (found !== undefined) known.push(found);
  }
  return known;
}

async function askOfKnown(core: Core, group: GroupAddress, wish: GroupWish, signal: AbortSignal | undefined): Promise<void> {
  await core.steps.settled();
  if (core.groups.find(group) === undefined) throw unknownGroup();
  await ask(core, group, wish, signal);
}

/** Stores the wish and waits until it has been carried out. */
async function ask(core: Core, group: GroupAddress, wish: GroupWish, signal: AbortSignal | undefined): Promise<GroupAddress> {
  const { orders, steps, closing, groupWork } = core;
  signal?.throwIfAborted();
  let order: GroupOrder | undefined;
  try {
    const outcome = await steps.run([groupLock(group)], () => {
      const added = orders.add(group, wish);
      ({ order } = added);
      const done = orders.outcome(order, [signal, closing]);
      // Whoever asked sees how it ends; that may be known before it is awaited.
      done.catch(() => undefined);
      return new Plan().add(added).finish({ done });
    });
    groupWork.wake(group);
    return await outcome.done;
  } catch (error) {
    // A wish that could not be stored has nobody waiting for it.
    if (order !== undefined) orders.failed(order, error);
    throw closing.aborted && !(error instanceof E2eeError) ? new UsageError('client-closed', 'the client was closed') : error;
  }
}

function asMembers(users: readonly UserAddress[]): GroupMember[] {
  return users.map(({ domain, userId }) => ({ domain, userId, role: groupRoles.member }));
}

function distinct(users: readonly UserAddress[]): UserAddress[] {
  const found: UserAddress[] = [];
  for (const { domain, userId } of users) if (!found.some((user) => sameUser(user, { domain, userId }))) found.push({ domain, userId });
  return found;
}

function checkCount(count: number): void {
  if (count > limits.groupMembers)
    throw new UsageError('group-members', `a group has at most ${limits.groupMembers} members, not ${count}`);
}
