/** The end of a device. Spec: server.md §3 (device removal). */
import type { DeviceAddress } from '../base/address.js';
import { deviceKey, sameDevice, sameUser } from '../base/address.js';
import type { Write } from '../store/store.js';
import { encodePayload } from '../wire/push.js';
import { Audience } from './audience.js';
import type { Handler, RelayContext } from './context.js';
import { requireDomain } from './context.js';
import { withoutDevice } from './group-members.js';
import { groupLock } from './group-state.js';
import { type GroupUpdate, planUpdate } from './group-update.js';
import { Refusal, responseCode } from './refusal.js';

/** remove_device: another device of the caller's user. One that is gone already is as good as removed: the answer may have been lost. */
export const removeOwnDevice: Handler<'remove_device'> = async (context, caller, { device }) => {
  requireDomain(context, device.domain);
  if (!sameUser(device, caller)) throw new Refusal(responseCode.forbidden, 'the device belongs to another user');
  if (sameDevice(device, caller)) throw new Refusal(responseCode.badRequest, 'a device does not remove itself');
  await removeDevice(context, device, () => context.counters.writes(caller));
  return {};
};

/**
 * Removes a device: its keys, mailbox, relations and marks in groups are deleted, its connection ends, and everybody who knows it is told. Its user
 * stays in the groups, also without a device. `also` is written in the same transaction. False when there is no such device.
 */
export async function removeDevice(
  context: RelayContext,
  address: DeviceAddress,
  also: () => readonly Write[] = () => [],
): Promise<boolean> {
  for (;;) {
    const groupIds = await context.store.groups.groupIdsOf(address.userId);
    const names = [...groupIds.map(groupLock), `user:${address.userId}`, `device:${deviceKey(address)}`];
    const removed = await context.locks.run(names, async () => {
      const { generation } = context.store;
      const now = await context.store.groups.groupIdsOf(address.userId);
      // The user came into a group while the locks were awaited.
      if (now.some((groupId) => !groupIds.includes(groupId))) return undefined;
      return removeLocked(context, address, now, generation, also);
    });
    if (removed === true) context.devices.end(address, 'unauthorized');
    if (removed !== undefined) return removed;
  }
}

async function removeLocked(
  context: RelayContext,
  address: DeviceAddress,
  groupIds: readonly string[],
  generation: number,
  also: () => readonly Write[],
): Promise<boolean> {
  const { store, counters, mailboxes } = context;
  if ((await store.login(address)) === undefined) return false;
  const audience = await Audience.of(context, address);
  const updates: GroupUpdate[] = [];
  for (const groupId of groupIds) {
    const update = await leaveBehind(context, groupId, address, audience);
    if (update !== undefined) updates.push(update);
  }
  const payload = encodePayload({ kind: 'remove-user-device', value: { device: address } });
  const replies = await store.groups.deleteReplies(address);
  counters.forget(address);
  await mailboxes.remove(
    address,
    [...audience.deliveries(payload), ...updates.flatMap(({ deliveries }) => deliveries)],
    (placeOf) => [...replies, store.groups.deleteNews(address), ...updates.flatMap((update) => update.writes(placeOf)), ...also()],
    generation,
  );
  for (const update of updates) update.settle();
  return true;
}

/** The group without the device; if the device was to remove a member who wants to leave, another one is asked. */
async function leaveBehind(
  context: RelayContext,
  groupId: string,
  address: DeviceAddress,
  audience: Audience,
): Promise<GroupUpdate | undefined> {
  const before = await context.groups.load(groupId);
  if (before === undefined) return undefined;
  audience.add(before.devices);
  const { record } = before;
  if (record.leaves.length > 0) {
    return planUpdate(context, { before, record, devices: withoutDevice(before.devices, address), control: [] });
  }
  // Nothing of the group is held until the end: a user can be in many large ones.
  return {
    deliveries: [],
    writes: () => [context.store.groups.deleteMark(groupId, address)],
    settle: () => {
      context.groups.forget(groupId);
    },
  };
}
