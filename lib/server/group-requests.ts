/** Requests that change or read a group. What the sender says about the group is not believed: the relay fills in its own. Spec: server.md §3. */
import type { DeviceAddress, GroupAddress } from '../base/address.js';
import { deviceKey, sameUser } from '../base/address.js';
import { limits } from '../base/limits.js';
import { randomId } from '../base/random.js';
import type { GroupRecord } from '../store/relay-store.js';
import type { GroupDevice, GroupMember } from '../wire/group.js';
import { groupRoles } from '../wire/group.js';
import { encodePayload } from '../wire/push.js';
import type { AnswerOf, RequestOf } from '../wire/request.js';
import { type AdminName, administer, requireCurrent, requireNews } from './administration.js';
import type { Handler, RelayContext } from './context.js';
import { requireCaller, requireDomain } from './context.js';
import { devicesOfNewMembers, requireDeviceCount, withSigningKey, withSigningKeys, withoutDevice } from './group-members.js';
import {
  type GroupState,
  addressOf,
  groupInfo,
  groupLock,
  isLeaving,
  memberOf,
  noSuchGroup,
  requireManager,
  requireMember,
} from './group-state.js';
import type { Delivery } from './mailbox.js';
import { Refusal, responseCode } from './refusal.js';

/** Does a decoded request whose bytes were `body`. */
type AdminHandler<Name extends AdminName> = (
  context: RelayContext,
  caller: DeviceAddress,
  request: RequestOf<Name>,
  body: Uint8Array,
) => Promise<AnswerOf<Name>>;

/** create_group: gives the group an address and tells the members' devices of it. */
export const createGroup: AdminHandler<'create_group'> = async (context, caller, request, body) => {
  requireCaller(caller, request.sender);
  const { name, members } = request.group;
  const managers = members.filter(({ role }) => role === groupRoles.manager);
  if (managers.length === 0) throw new Refusal(responseCode.notFound, 'no member is a manager');
  if (!managers.some((member) => sameUser(member, caller)))
    throw new Refusal(responseCode.forbidden, 'the sender is not a manager of the group');
  return administer(
    context,
    { name: 'create_group', caller, body },
    {
      locks: userLocks(members),
      plan: async () => {
        const devices = await devicesOfNewMembers(context, members, 0);
        const keyed = await withSigningKeys(context, devices);
        const { packId } = request.suite;
        const record = { groupId: await freshGroupId(context), name, packId, version: 1, members, leaves: [] };
        const group = groupInfo(record, context.domain);
        const payload = encodePayload({
          kind: 'create-group',
          value: { suite: request.suite, sender: request.sender, group, devices: keyed },
        });
        return {
          plan: { before: undefined, record, devices, control: controlPushes(request.sender, devices, payload) },
          answer: { group: addressOf(record, context.domain), devices: keyed },
        };
      },
    },
  );
};

/**
 * A key of a device, which only the relay fills in, is the name of our clients' requests: the same words are the same request then, whatever has
 * become of it since. Without one, words are a repetition only while what they ask for `stands`.
 */
function standing(
  devices: readonly GroupDevice[],
  stands: (state: GroupState) => boolean,
): { readonly stands?: (state: GroupState) => boolean } {
  return devices.some(({ signingKey }) => signingKey.length > 0) ? {} : { stands };
}

/** add_group_members: takes users in with all their devices. */
export const addGroupMembers: AdminHandler<'add_group_members'> = async (context, caller, request, body) => {
  requireCaller(caller, request.sender);
  const { groupId } = requireGroup(context, request.group.address);
  const { addingMembers } = request;
  if (addingMembers.length === 0) throw new Refusal(responseCode.badRequest, 'adding_member_list is empty');
  return administer(
    context,
    { name: 'add_group_members', caller, body },
    {
      locks: [groupLock(groupId), ...userLocks(addingMembers)],
      ...standing(request.addingDevices, ({ record }) => addingMembers.every((member) => memberOf(record, member) !== undefined)),
      plan: async () => {
        const before = await requireState(context, groupId);
        requireManager(before.record, caller);
        await requireCurrent(context, before, caller);
        if (addingMembers.some((member) => memberOf(before.record, member) !== undefined)) {
          throw new Refusal(responseCode.conflict, 'a user is a member already');
        }
        const members = [...before.record.members, ...addingMembers];
        if (members.length > limits.groupMembers) {
          throw new Refusal(responseCode.badRequest, `${members.length} members are more than the ${limits.groupMembers} of a group`);
        }
        const adding = await devicesOfNewMembers(context, addingMembers, before.devices.length);
        const keyed = await withSigningKeys(context, adding);
        const record = changed(before.record, { members });
        const devices = [...before.devices, ...adding];
        const { suite, sender, sequence } = request;
        const group = groupInfo(record, context.domain);
        const payload = encodePayload({
          kind: 'add-group-members',
          value: { suite, sender, sequence, group, addingMembers, addingDevices: keyed },
        });
        return {
          plan: { before, record, devices, control: controlPushes(request.sender, devices, payload) },
          answer: { addedMembers: addingMembers, members, addingDevices: keyed },
        };
      },
    },
  );
};

/**
 * add_group_member_device: the first member that asks makes a device known to the others, or known again after it has given its keys up; all later
 * ones get 404.
 */
export const addGroupMemberDevice: AdminHandler<'add_group_member_device'> = async (context, caller, request, body) => {
  requireCaller(caller, request.sender);
  const { groupId } = requireGroup(context, request.group.address);
  const { address } = request.addingDevice;
  requireDomain(context, address.domain);
  return administer(
    context,
    { name: 'add_group_member_device', caller, body },
    {
      locks: [groupLock(groupId), `user:${address.userId}`],
      ...standing([request.addingDevice], ({ marks }) => marks.get(deviceKey(address))?.needsKeys === false),
      plan: async () => {
        const before = await requireState(context, groupId);
        requireMember(before.record, caller);
        if (memberOf(before.record, address) === undefined || isLeaving(before.record, address)) {
          throw new Refusal(responseCode.notFound, 'the user of the device is not in the group');
        }
        // Before the state is compared: who comes second is behind, but need not ask again.
        if (before.marks.get(deviceKey(address))?.needsKeys === false)
          throw new Refusal(responseCode.notFound, 'the device was added already');
        await requireCurrent(context, before, caller);
        const others = withoutDevice(before.devices, address);
        requireDeviceCount(context, others.length + 1);
        const addingDevice = await withSigningKey(context, address);
        const record = changed(before.record, {});
        const devices = inOrderOfIds([...others, address]);
        const { suite, sender, sequence } = request;
        const group = groupInfo(record, context.domain);
        const payload = encodePayload({ kind: 'add-group-member-device', value: { suite, sender, sequence, group, addingDevice } });
        return {
          plan: { before, record, devices, keyed: new Set([deviceKey(address)]), control: controlPushes(request.sender, devices, payload) },
          answer: { members: record.members, addingDevice },
        };
      },
    },
  );
};

/**
 * remove_group_members: takes users out; who stays gets the list of devices that stay, who goes does not. Nobody at all may be removed, too: that
 * opens an epoch for who is there, when keys of the one before have been lost. Devices that have given their keys up are in the list like all others,
 * because whoever may change the group has heard of it and sends them the new keys over a new session.
 */
export const removeGroupMembers: AdminHandler<'remove_group_members'> = async (context, caller, request, body) => {
  requireCaller(caller, request.sender);
  const { groupId } = requireGroup(context, request.group.address);
  const { removingMembers } = request;
  if (removingMembers.some((member) => sameUser(member, caller))) throw new Refusal(responseCode.notFound, 'a user cannot remove himself');
  return administer(
    context,
    { name: 'remove_group_members', caller, body },
    {
      locks: [groupLock(groupId), ...userLocks(removingMembers)],
      ...standing(
        request.devices,
        ({ record, marks }) =>
          marks.get(deviceKey(caller))?.needsKeys === false && removingMembers.every((member) => memberOf(record, member) === undefined),
      ),
      plan: async () => {
        const before = await requireState(context, groupId);
        requireManager(before.record, caller);
        await requireNews(context, before, caller);
        if (removingMembers.some((member) => memberOf(before.record, member) === undefined)) {
          throw new Refusal(responseCode.notFound, 'a user is not a member');
        }
        // Users, not entries: roles and order of the request do not matter.
        const isRemoved = (member: GroupMember): boolean => removingMembers.some((removed) => sameUser(removed, member));
        const removed = before.record.members.filter(isRemoved);
        const members = before.record.members.filter((member) => !isRemoved(member));
        const record = changed(before.record, { members });
        const devices = before.devices.filter((device) => memberOf(record, device) !== undefined);
        const keyed = await withSigningKeys(context, devices);
        const { suite, sender } = request;
        const told = { suite, sender, group: groupInfo(record, context.domain), removingMembers: removed };
        const staying = encodePayload({ kind: 'remove-group-members', value: { ...told, devices: keyed } });
        const leaving = encodePayload({ kind: 'remove-group-members', value: { ...told, devices: [] } });
        const gone = await Promise.all(removed.map(({ userId }) => context.store.deviceAddressesOf(userId, limits.devicesPerUser)));
        return {
          plan: {
            before,
            record,
            devices,
            keyed: new Set(devices.map(deviceKey)),
            control: [...controlPushes(request.sender, devices, staying), ...controlPushes(request.sender, gone.flat(), leaving)],
          },
          answer: { removedMembers: removed, members, devices: keyed },
        };
      },
    },
  );
};

/** get_group: name and members, for members. */
export const getGroup: Handler<'get_group'> = async (context, caller, request) => {
  requireCaller(caller, request.sender);
  const { groupId } = requireGroup(context, request.group);
  // Under the lock, so that nobody is told of a change that is not durable.
  const { record } = await context.locks.run([groupLock(groupId)], () => requireState(context, groupId));
  if (memberOf(record, caller) === undefined) throw noSuchGroup();
  return { name: record.name, group: addressOf(record, context.domain), members: record.members };
};

/** The group that a request names. Throws `Refusal` 400 when it names none and 404 when it is of another domain. */
export function requireGroup(context: RelayContext, address: GroupAddress | undefined): GroupAddress {
  if (address === undefined) throw new Refusal(responseCode.badRequest, 'group_address is missing');
  requireDomain(context, address.domain);
  return address;
}

/** The group as it is now, under its lock. Throws `Refusal` 404. */
export async function requireState(context: RelayContext, groupId: string): Promise<GroupState> {
  const state = await context.groups.load(groupId);
  if (state === undefined) throw noSuchGroup();
  return state;
}

function userLocks(members: readonly GroupMember[]): string[] {
  return members.map(({ userId }) => `user:${userId}`);
}

function changed(record: GroupRecord, change: Partial<GroupRecord>): GroupRecord {
  return { ...record, ...change, version: record.version + 1 };
}

/** One user's devices stand in the order of their ids, also when one comes later. */
function inOrderOfIds(devices: readonly DeviceAddress[]): DeviceAddress[] {
  return [...devices].sort((a, b) => Buffer.compare(Buffer.from(a.deviceId), Buffer.from(b.deviceId)));
}

/** To every device but the one that asked. A full mailbox does not keep a group from changing, or its owner could not be removed. */
function controlPushes(sender: DeviceAddress, devices: readonly DeviceAddress[], payload: Delivery['payload']): Delivery[] {
  return withoutDevice(devices, sender).map((to) => ({ to, from: sender, payload, signed: true, optional: true }));
}

async function freshGroupId({ store, random }: RelayContext): Promise<string> {
  for (;;) {
    const groupId = randomId(random);
    if ((await store.groups.group(groupId)) === undefined) return groupId;
  }
}
