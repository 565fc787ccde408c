/** What the relay says about groups: created, added to, removed from, left. Spec: group.md §3 to §7. */
import { type DeviceAddress, type GroupAddress, sameDevice, sameUser } from '../base/address.js';
import { noBytes } from '../base/bytes.js';
import { E2eeError, InternalError, ProtocolError, StoreError, UsageError } from '../base/errors.js';
import { hasKeys } from '../group/epoch.js';
import { currentEpoch } from '../group/group.js';
import { addedDevices, announcedGroup, removedMembers, toldAgain } from '../group/transition.js';
import { isManager, memberOf } from '../group/membership.js';
import type { GroupDevice } from '../wire/group.js';
import type { PushPayload, PushPayloads } from '../wire/push.js';
import { approvalOf } from './approval.js';
import type { Core } from './core.js';
import { reportNewDevice } from './devices.js';
import type { LoadedGroup } from './group-book.js';
import { putGroupChange, selfOf } from './group-keys.js';
import { wantRenewal } from './group-renewal.js';
import { Plan } from './plan.js';
import { type Handled, handled } from './push-outcome.js';

/** Kinds of push that change a group. */
export type GroupChangeKind = 'create-group' | 'add-group-members' | 'add-group-member-device' | 'remove-group-members' | 'leave-group';

/** A push that changes a group. */
export type GroupChangePush = Extract<PushPayload, { kind: GroupChangeKind }>;

/** The group that a push is about; `undefined` for a change that names none. */
export function groupOfChange(payload: GroupChangePush): GroupAddress | undefined {
  return payload.kind === 'leave-group' ? payload.value.group : payload.value.group.address;
}

/** Whose devices get keys because of the change. */
export function devicesOwed(payload: GroupChangePush): readonly DeviceAddress[] {
  if (payload.kind === 'add-group-members') return payload.value.addingDevices.map(({ address }) => address);
  return payload.kind === 'add-group-member-device' ? [payload.value.addingDevice.address] : [];
}

/** The devices that a change makes known. */
function devicesNamed(payload: GroupChangePush): readonly DeviceAddress[] {
  if (payload.kind === 'create-group' || payload.kind === 'remove-group-members')
    return payload.value.devices.map(({ address }) => address);
  return payload.kind === 'leave-group' ? [] : [payload.value.sender, ...devicesOwed(payload)];
}

/** Adds what a change does here. Throws `StoreError`. */
export async function receiveGroupChange(core: Core, plan: Plan, payload: GroupChangePush): Promise<Handled> {
  const group = groupOfChange(payload);
  const by = payload.kind === 'leave-group' ? payload.value.leaver : payload.value.sender;
  const refuse = (code: string): Handled => {
    plan.afterwards(() => core.events.emit({ type: 'group-change-refused', group, change: payload.kind, by, code }));
    return handled.failedDecryption;
  };
  if (group === undefined) return refuse('group-address');
  // Nobody hears of a change of his own, but of a group that his store may have forgotten.
  if (sameDevice(by, core.account.address) && payload.kind !== 'create-group') return refuse('own-change');
  // Of a change that is refused nothing stays, not even the keys that it showed.
  const change = new Plan();
  try {
    const state = await carryOut(core, change, group, payload);
    plan.include(change);
    return state;
  } catch (error) {
    // A mistake of ours, or trouble of the store, is no fault of the change: the push is tried again, and set aside.
    if (!(error instanceof E2eeError) || error instanceof UsageError || error instanceof InternalError || error instanceof StoreError) {
      throw error;
    }
    return refuse(error.code);
  }
}

async function carryOut(core: Core, plan: Plan, group: GroupAddress, payload: GroupChangePush): Promise<Handled> {
  const opened = await core.groups.open(group);
  const { groups: mostGroups, knownDevices } = core.options.limits;
  const makesGroup = opened === undefined && payload.kind !== 'leave-group' && payload.kind !== 'remove-group-members';
  if (makesGroup && core.groups.count >= mostGroups) throw new ProtocolError('too-many-groups', 'no more groups are kept');
  if (!core.peers.hasRoomFor(devicesNamed(payload), knownDevices))
    throw new ProtocolError('too-many-devices', 'no more devices become known');
  switch (payload.kind) {
    case 'create-group':
      return created(core, plan, opened, group, payload.value);
    case 'add-group-members':
      return membersAdded(core, plan, opened, group, payload.value);
    case 'add-group-member-device':
      return deviceAdded(core, plan, opened, group, payload.value);
    case 'remove-group-members':
      return membersRemoved(core, plan, opened, group, payload.value);
    case 'leave-group':
      return memberLeaves(core, plan, opened, group, payload.value);
  }
}

async function created(
  core: Core,
  plan: Plan,
  opened: LoadedGroup | undefined,
  group: GroupAddress,
  value: PushPayloads['create-group'],
): Promise<Handled> {
  if (sameDevice(value.sender, core.account.address)) {
    const change = toldAgain(selfOf(core), opened?.group, value);
    await putGroupChange(core, plan, opened, change);
    wantRenewal(core, plan, change.group);
    return handled.succeeded;
  }
  const devices = vetted(core, plan, value.devices);
  const change = announcedGroup(selfOf(core), opened?.group, { ...value, devices });
  await putGroupChange(core, plan, opened, change);
  const { name, members } = value.group;
  plan.afterwards(() => core.events.emit({ type: 'group-created', group, name, members, by: value.sender }));
  return handled.succeeded;
}

async function membersAdded(
  core: Core,
  plan: Plan,
  opened: LoadedGroup | undefined,
  group: GroupAddress,
  value: PushPayloads['add-group-members'],
): Promise<Handled> {
  const addingDevices = vetted(core, plan, value.addingDevices);
  meetInviter(core, plan, value.sender);
  const change = await core.options.asymmetric.run(addedDevices(selfOf(core), opened?.group, { ...value, addingDevices }, 'hold'));
  await putGroupChange(core, plan, opened, change);
  const { name, members } = value.group;
  const { addingMembers: added, sender: by } = value;
  plan.afterwards(() => core.events.emit({ type: 'group-members-added', group, name, members, added, by }));
  return handled.succeeded;
}

async function deviceAdded(
  core: Core,
  plan: Plan,
  opened: LoadedGroup | undefined,
  group: GroupAddress,
  value: PushPayloads['add-group-member-device'],
): Promise<Handled> {
  const [addingDevice = value.addingDevice] = vetted(core, plan, [value.addingDevice]);
  meetInviter(core, plan, value.sender);
  const change = await core.options.asymmetric.run(addedDevices(selfOf(core), opened?.group, { ...value, addingDevice }, 'hold'));
  await putGroupChange(core, plan, opened, change);
  const { address: device } = value.addingDevice;
  plan.afterwards(() => core.events.emit({ type: 'group-device-added', group, device, by: value.sender }));
  return handled.succeeded;
}

/** Whoever adds owes keys: that the device goes has to be noticed, also before it has sent them. */
function meetInviter(core: Core, plan: Plan, inviter: DeviceAddress): void {
  const { peers, options } = core;
  if (peers.find(inviter) === undefined) plan.add(peers.meet(inviter, options.clock.now(), approvalOf(core, inviter)));
}

async function membersRemoved(
  core: Core,
  plan: Plan,
  opened: LoadedGroup | undefined,
  group: GroupAddress,
  value: PushPayloads['remove-group-members'],
): Promise<Handled> {
  // A group that is gone here already: the removal has been carried out.
  if (opened === undefined) {
    plan.afterwards(() =>
      core.events.emit({ type: 'group-change-refused', group, change: 'remove-group-members', by: value.sender, code: 'unknown-group' }),
    );
    return handled.succeeded;
  }
  const devices = vetted(core, plan, value.devices);
  const change = removedMembers(selfOf(core), opened.group, { ...value, devices });
  if (change === undefined) await leave(core, plan, opened);
  else await putGroupChange(core, plan, opened, change);
  const { name, members } = value.group;
  const { removingMembers: removed, sender: by } = value;
  plan.afterwards(() => core.events.emit({ type: 'group-members-removed', group, name, members, removed, by }));
  return handled.succeeded;
}

/** A member wants to leave: whoever is asked removes it. Spec: group.md §7. */
function memberLeaves(
  core: Core,
  plan: Plan,
  opened: LoadedGroup | undefined,
  group: GroupAddress,
  { leaver }: PushPayloads['leave-group'],
): Handled {
  const members = opened?.group.members ?? [];
  // Done already, or not ours to do.
  if (memberOf(members, leaver) === undefined || !isManager(members, core.account.address) || sameUser(leaver, core.account.address)) {
    plan.afterwards(() =>
      core.events.emit({ type: 'group-change-refused', group, change: 'leave-group', by: leaver, code: 'nothing-to-do' }),
    );
    return handled.succeeded;
  }
  const { domain, userId } = leaver;
  const isAsked = core.orders.of(group).some(({ wish }) => wish.kind === 'remove' && wish.members.some((user) => sameUser(user, leaver)));
  if (!isAsked) plan.add(core.orders.add(group, { kind: 'remove', members: [{ domain, userId }] }));
  plan.afterwards(() => core.groupWork.wake(group));
  return handled.succeeded;
}

/** Adds that this device has been removed. What its inviter has not sent yet must not be taken for the keys of another add. */
async function leave(core: Core, plan: Plan, opened: LoadedGroup): Promise<void> {
  const { address } = opened.group;
  const epoch = currentEpoch(opened.group);
  await dropGroup(core, plan, opened);
  if (epoch?.joinedBy === undefined || hasKeys(epoch)) return;
  const { inviter } = epoch.joinedBy;
  plan.apply(() => core.groupWork.leftWithoutKeys(address, inviter)).afterwards(() => core.groupWork.wake(address));
}

/** Adds the end of everything of a group here: keys, what waits for it, what was asked for. Throws `StoreError`. */
export async function dropGroup(core: Core, plan: Plan, opened: LoadedGroup): Promise<void> {
  const { groups, orders, outbox, groupWaiting, groupHeld, store, events } = core;
  const { address } = opened.group;
  plan.add(await groups.remove(opened));
  const waiting = await store.loadWaitingGroupMessages(address);
  const held = await store.loadHeldGroupMessages(address);
  plan.add(
    groupWaiting.remove(
      address,
      waiting.map(({ sequence }) => sequence),
    ),
  );
  plan.add(
    groupHeld.remove(
      address,
      held.map(({ sequence }) => sequence),
    ),
  );
  for (const order of orders.of(address)) {
    if (order.isSent) continue;
    plan.add(orders.drop(order));
    plan.afterwards(() => orders.failed(order, unknownNow()));
  }
  const lost = waiting.map(({ messageId }) => messageId);
  for (const { content } of waiting) content.fill(0);
  plan.afterwards(() => {
    outbox.pump();
    for (const messageId of lost) {
      const about = { request: 'send_group_msg', device: undefined, group: address, messageId } as const;
      events.emit({ type: 'request-refused', code: 404, ...about });
      events.emit({ type: 'request-dropped', ...about });
    }
  });
}

function unknownNow(): E2eeError {
  return new E2eeError('no-such-group', 'this device is not in the group any more');
}

/**
 * The devices of a list with the signing keys that are trusted: one that differs from what is pinned is not used, so that nothing signed with it
 * is taken, unless the application's policy says otherwise. Weaknesses P3.
 */
export function vetted(core: Core, plan: Plan, devices: readonly GroupDevice[]): GroupDevice[] {
  const { peers, options, events, account } = core;
  return devices.map((device) => {
    const { address, signingKey } = device;
    if (sameDevice(address, account.address)) return device;
    if (!peers.hasOtherSigningKey(address, signingKey)) {
      const approval = approvalOf(core, address);
      if (approval === 'asked') reportNewDevice(core, plan, address, approval);
      plan.add(peers.pinSigningKey(address, signingKey, options.clock.now(), approval));
      return device;
    }
    const accepted = options.identityChange === 'accept';
    plan.afterwards(() => events.emit({ type: 'identity-changed', device: address, accepted }));
    return accepted ? device : { address, signingKey: noBytes };
  });
}
