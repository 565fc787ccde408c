/**
 * A device that goes on with an earlier store: it has given up its sessions and its keys in groups. Design D4.
 *
 * Owns: giving up the same here, in one commit, so that both sides begin anew. Does not own: the relay's word for it (server/replaced-store.ts), new
 * sessions (inviter.ts), taking the device into its groups again (group-requests.ts).
 */
import { type DeviceAddress, type GroupAddress, sameDevice } from '../base/address.js';
import { memberOf } from '../group/membership.js';
import { withGivenUpChain } from '../group/transition.js';
import type { PushPayloads } from '../wire/push.js';
import { approvalOf } from './approval.js';
import type { Core } from './core.js';
import { groupKeysIn, putGroupChange, selfOf, waitingSeeds } from './group-keys.js';
import { wantRenewal } from './group-renewal.js';
import type { Plan } from './plan.js';
import { type Handled, handled } from './push-outcome.js';
import { requeue } from './requeue.js';

/** Whether an add_user_device_msg is about a device that goes on with an earlier store: no registration names the new device among the old ones. */
export function isRestored({ device, oldDevices }: PushPayloads['add-user-device']): boolean {
  return oldDevices.some((old) => sameDevice(old, device));
}

/** The groups that a device of `user` may be in. */
export function groupsOfUser({ groups }: Core, user: DeviceAddress): GroupAddress[] {
  return groups.all().flatMap(({ address, members }) => (memberOf(members, user) === undefined ? [] : [address]));
}

/**
 * Adds what it means here that `device`, which is known, goes on with an earlier store. Pins and approval stay. What was on its way to it waits for a
 * new session under its old message ids, but keys of groups: it gets others. Holds the locks of its user and of the user's groups; everything that
 * came before has been carried out. Throws `StoreError`.
 */
export async function receiveDeviceRestored(core: Core, plan: Plan, device: DeviceAddress): Promise<Handled> {
  const { sessions, groups, inviter, groupWork, events } = core;
  plan.add(await sessions.giveUp(device, 'them'));
  await requeue(
    core,
    plan,
    (other) => sameDevice(other, device),
    (content) => (groupKeysIn(content) === undefined ? content : undefined),
  );
  for (const address of groupsOfUser(core, device)) {
    const opened = await groups.open(address);
    if (opened === undefined) continue;
    const seeds = await waitingSeeds(core, address, device);
    await putGroupChange(core, plan, opened, withGivenUpChain(selfOf(core), opened.group, device, seeds));
    wantRenewal(core, plan, opened.group);
  }
  plan.afterwards(() => {
    events.emit({ type: 'device-restored', device });
    groupWork.askAnew();
    if (approvalOf(core, device) !== 'rejected') inviter.want(device, device.deviceId);
  });
  return handled.succeeded;
}
