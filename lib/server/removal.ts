/** The end of a device. Spec: server.md §3 (device removal). */
import type { DeviceAddress } from '../base/address.js';
import { deviceKey } from '../base/address.js';
import { limits } from '../base/limits.js';
import { encodePayload } from '../wire/push.js';
import type { RelayContext } from './context.js';
import { withoutDevice } from './group-members.js';
import { groupLock } from './group-state.js';
import { type GroupUpdate, planUpdate } from './group-update.js';
import { maxRelated, relatedDevices } from './users.js';

/**
 * Removes a device: its keys, mailbox, relations and marks in groups are deleted, and everybody who knows it is told. Its user stays in the groups,
 * also without a device. False when there is no such device.
 */
export async function removeDevice(context: RelayContext, address: DeviceAddress): Promise<boolean> {
  for (;;) {
    const groupIds = await context.store.groups.groupIdsOf(address.userId);
    const names = [...groupIds.map(groupLock), `user:${address.userId}`, `device:${deviceKey(address)}`];
    const removed = await context.locks.run(names, async () => {
      const { generation } = context.store;
      const now = await context.store.groups.groupIdsOf(address.userId);
      // The user came into a group while the locks were awaited.
      if (now.some((groupId) => !groupIds.includes(groupId))) return undefined;
      return removeLocked(context, address, now, generation);
    });
    if (removed !== undefined) return removed;
  }
}

async function removeLocked(
  context: RelayContext,
  address: DeviceAddress,
  groupIds: readonly string[],
  generation: number,
): Promise<boolean> {
  const { store, counters, mailboxes } = context;
  if ((await store.login(address)) === undefined) return false;
  const own = await store.deviceAddressesOf(address.userId, limits.devicesPerUser);
  const told = new Map<string, DeviceAddress>();
  const tell = (devices: readonly DeviceAddress[]): void => {
    for (const device of devices) if (told.size < maxRelated) told.set(deviceKey(device), device);
  };
  tell(withoutDevice(own, address));
  tell(await relatedDevices(context, address.userId));
  const updates: GroupUpdate[] = [];
  for (const groupId of groupIds) {
    const update = await leaveBehind(context, groupId, address, tell);
    if (update !== undefined) updates.push(update);
  }
  const payload = encodePayload({ kind: 'remove-user-device', value: { device: address } });
  const replies = await store.groups.deleteReplies(address);
  counters.forget(address);
  await mailboxes.remove(
    address,
    [
      ...[...told.values()].map((to) => ({ to, payload, signed: true, optional: true })),
      ...updates.flatMap(({ deliveries }) => deliveries),
    ],
    (placeOf) => [...replies, ...updates.flatMap((update) => update.writes(placeOf))],
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
  tell: (devices: readonly DeviceAddress[]) => void,
): Promise<GroupUpdate | undefined> {
  const before = await context.groups.load(groupId);
  if (before === undefined) return undefined;
  tell(before.devices.filter(({ userId }) => userId !== address.userId));
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
