/**
 * Requests that change groups: made from an order when its turn has come. Spec: group.md §3 to §7.
 *
 * Owns: one change of a group at a time, made from the state of that moment. While its request is on its way nothing else touches the group's keys:
 * messages wait in the store, pushes in memory. The relay refuses a request that was made without knowing of an earlier change; then what
 * waited is taken in, and the request is made again.
 */
import { type DeviceAddress, type GroupAddress, type UserAddress, deviceKey } from '../base/address.js';
import { ProtocolError } from '../base/errors.js';
import { currentEpoch, isInGroup } from '../group/group.js';
import { type GroupDevice, type GroupMember, groupRoles, isManager, memberOf, withoutMembers } from '../group/membership.js';
import { addingPosition } from '../group/first-position.js';
import type { GroupOrder, GroupWish } from '../store/client/group-queue-rows.js';
import { requests } from '../wire/request.js';
import { isApproved } from './approval.js';
import type { Core } from './core.js';
import type { LoadedGroup } from './group-book.js';
import { canSeal, unknownGroup } from './group-keys.js';
import { isRenewed, renewalOf } from './group-renewal.js';
import { groupLock } from './lock-names.js';
import { queueRequests } from './mailer.js';
import type { NewOutboxEntry } from './outbox.js';
import { Plan } from './plan.js';
import type { Transition } from './step.js';

/** What becomes of an order whose turn has come. */
type Made =
  | { readonly kind: 'request'; readonly entry: Omit<NewOutboxEntry, 'device' | 'sessionId' | 'origin' | 'group' | 'order'> }
  /** Nothing is left to do. */
  | { readonly kind: 'done' }
  /** The group's keys have not come. */
  | { readonly kind: 'later' }
  | { readonly kind: 'refused'; readonly error: ProtocolError };

/** Makes the request of the first order of `group`, unless one is on its way; adds orders for devices of members that nobody has added yet. */
export async function pumpOrders(core: Core, group: GroupAddress): Promise<void> {
  if (core.orders.of(group).length === 0 && missingDevice(core, group) === undefined) return;
  let goesOn = true;
  while (goesOn) goesOn = await core.steps.run([groupLock(group)], () => pumpOne(core, group));
}

async function pumpOne(core: Core, group: GroupAddress): Promise<Transition<boolean>> {
  const { orders, groups } = core;
  if (orders.sent(group) !== undefined) return { writes: [], result: false };
  const opened = await groups.open(group);
  const plan = new Plan();
  // A new epoch first: what else was asked for may wait for its keys.
  let order = renewalOf(core, group) ?? orders.of(group)[0];
  if (order === undefined) {
    const wish = opened === undefined ? undefined : ownWish(core, opened);
    if (wish === undefined) return { writes: [], result: false };
    const added = orders.add(group, wish);
    plan.add(added);
    ({ order } = added);
  }
  const made = await makeRequest(core, opened, order);
  switch (made.kind) {
    case 'later':
      return { writes: [], result: false };
    case 'done':
    case 'refused': {
      const ended = order;
      plan.add(orders.drop(ended));
      plan.afterwards(() => (made.kind === 'done' ? orders.done(ended, group) : orders.failed(ended, made.error)));
      return plan.finish(true);
    }
    case 'request':
      plan.add(orders.mark(order, true));
      queueRequests(core, plan, [
        { ...made.entry, device: undefined, sessionId: undefined, origin: undefined, group, order: order.sequence },
      ]);
      return plan.finish(false);
  }
}

/** What this device asks for of itself: a device that is missing. */
function ownWish(core: Core, { group }: LoadedGroup): GroupWish | undefined {
  const device = canSeal(core, group) ? missingDevice(core, group.address) : undefined;
  return device === undefined ? undefined : { kind: 'add-device', device };
}

function makeRequest(core: Core, opened: LoadedGroup | undefined, { group, wish }: GroupOrder): Made | Promise<Made> {
  if (wish.kind === 'create') return createRequest(core, group, wish);
  if (opened === undefined) return { kind: 'refused', error: unknownGroup() };
  switch (wish.kind) {
    case 'add':
      return addRequest(core, opened, wish.members);
    case 'remove':
      return removeRequest(core, opened, wish.members);
    case 'renew':
      return renewalRequest(core, opened, wish.epoch);
    case 'add-device':
      return addDeviceRequest(core, opened, wish.device);
    case 'leave': {
      const leaver = core.account.address;
      return {
        kind: 'request',
        entry: { kind: 'leave_group', body: requests.leave_group.encodeRequest({ leaver, group: opened.group.address }) },
      };
    }
  }
}

function createRequest({ account }: Core, address: GroupAddress, { name, members }: Extract<GroupWish, { kind: 'create' }>): Made {
  const { suite, address: sender } = account.account;
  // The relay gives the address; ours makes the request one of its own: two groups may have the same name and members.
  const body = requests.create_group.encodeRequest({ suite, sender, group: { name, address, members }, devices: [] });
  return { kind: 'request', entry: { kind: 'create_group', body } };
}

async function addRequest(core: Core, opened: LoadedGroup, wanted: readonly GroupMember[]): Promise<Made> {
  const { address: sender } = core.account;
  const { group } = opened;
  const { address, name, suite } = group;
  if (!isManager(group.members, sender)) return { kind: 'refused', error: notManager() };
  const addingMembers = wanted.filter((member) => memberOf(group.members, member) === undefined);
  if (addingMembers.length === 0) return { kind: 'done' };
  const sequence = await addingSequence(core, opened);
  if (sequence === undefined) return { kind: 'later' };
  const members = [...group.members, ...addingMembers];
  const body = requests.add_group_members.encodeRequest({
    suite,
    sender,
    sequence,
    group: { name, address, members },
    addingMembers,
    addingDevices: [requestName(core)],
  });
  return { kind: 'request', entry: { kind: 'add_group_members', body } };
}

function removeRequest(core: Core, { group }: LoadedGroup, wanted: readonly UserAddress[]): Made {
  const { address: sender } = core.account;
  const { address, name, suite } = group;
  const removingMembers = wanted.flatMap((user) => memberOf(group.members, user) ?? []);
  if (removingMembers.length === 0) return { kind: 'done' };
  if (!isManager(group.members, sender)) return { kind: 'refused', error: notManager() };
  const members = withoutMembers(group.members, removingMembers);
  const body = requests.remove_group_members.encodeRequest({
    suite,
    sender,
    group: { name, address, members },
    // The reference compares roles, too: a member is named as it stands in the group. Spec: group.md §5.
    removingMembers,
    devices: [requestName(core)],
  });
  return { kind: 'request', entry: { kind: 'remove_group_members', body } };
}

/** Removes nobody: who is there gets an epoch whose keys nobody has lost. */
function renewalRequest(core: Core, { group }: LoadedGroup, epoch: number): Made {
  const { address: sender } = core.account;
  const { address, name, suite, members } = group;
  if (isRenewed(group, epoch) || !isManager(members, sender)) return { kind: 'done' };
  const body = requests.remove_group_members.encodeRequest({
    suite,
    sender,
    group: { name, address, members },
    removingMembers: [],
    devices: [requestName(core)],
  });
  return { kind: 'request', entry: { kind: 'remove_group_members', body } };
}

async function addDeviceRequest(core: Core, opened: LoadedGroup, device: DeviceAddress): Promise<Made> {
  const { group } = opened;
  if (isInGroup(group, device) || memberOf(group.members, device) === undefined) return { kind: 'done' };
  const sequence = await addingSequence(core, opened);
  if (sequence === undefined) return { kind: 'later' };
  const { address, name, suite, members } = group;
  const body = requests.add_group_member_device.encodeRequest({
    suite,
    sender: core.account.address,
    sequence,
    group: { name, address, members },
    addingDevice: { ...requestName(core), address: device },
  });
  return { kind: 'request', entry: { kind: 'add_group_member_device', body } };
}

/**
 * What tells this request from a later one in the same words, which would otherwise get its answer, and from one whose effect others have undone,
 * which would get none: the relay lists the devices itself, and nobody else reads the key.
 */
function requestName({ account, options }: Core): GroupDevice {
  const name = new Uint8Array(16);
  options.random.fill(name);
  return { address: account.address, signingKey: name };
}

/** From which position of the own chain devices are added; `undefined` while the keys have not come. */
function addingSequence({ account, options }: Core, { group }: LoadedGroup): number | undefined | Promise<number | undefined> {
  const epoch = currentEpoch(group);
  return epoch === undefined ? undefined : options.asymmetric.run(addingPosition(epoch, account.address));
}

/** A known device of a member that is not in the group and that the relay has not refused: it registered later than the group was made. Spec: group.md §6. */
export function missingDevice(core: Core, group: GroupAddress): DeviceAddress | undefined {
  const { groups, peers, groupWork } = core;
  const loaded = groups.peek(group);
  if (loaded === undefined) return undefined;
  for (const member of loaded.group.members) {
    if (member.role !== groupRoles.member && member.role !== groupRoles.manager) continue;
    for (const { device } of peers.ofUser(member)) {
      if (!isApproved(core, device)) continue;
      if (!isInGroup(loaded.group, device) && !groupWork.isRefused(group, deviceKey(device))) return device;
    }
  }
  return undefined;
}

function notManager(): ProtocolError {
  return new ProtocolError('not-a-manager', 'only a manager may change who is in the group');
}
