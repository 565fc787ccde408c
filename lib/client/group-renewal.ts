/**
 * The rule that no group stands still.
 *
 * Keys of a group travel from device to device, and whoever hands them out may lose them before they have reached the others: the opener of an epoch,
 * or a device that has added somebody, goes on with an earlier store or is removed. Who waits for its keys then waits for ever, and nobody can tell
 * who does. So whenever a device of a group has given its keys up or has gone, a new epoch is opened, by whichever manager's device comes first:
 *
 * - a manager's device wants one from the commit in which it learns of it: from the push that a device goes on with an earlier store, from the step
 *   that ends the chains of a device that has gone, or, on the device that goes on with an earlier store itself, from the push that tells it of its
 *   groups again;
 * - the wish is stored and names the epoch in which it was made. It ends with any epoch opened after that one, by whomever: the relay orders the
 *   changes of a group and refuses (409) one that was asked for without knowledge of an earlier one, so of several managers one opens the epoch;
 * - it is asked for before everything else, because what else was asked for may wait for the keys;
 * - the request is a removal of nobody. The relay lists every device of the group, those without keys included.
 *
 * A new epoch that nobody needed does no harm; of a device that has gone it takes the keys that it had.
 *
 * Owns: when a new epoch is wanted, and when that is over. Does not own: the request (group-requests.ts), its answer (group-answers.ts).
 */
import { type GroupAddress, deviceKey } from '../base/address.js';
import { hasKeys } from '../group/epoch.js';
import { type Group, currentEpoch } from '../group/group.js';
import { isManager } from '../group/membership.js';
import type { GroupOrder } from '../store/client/group-queue-rows.js';
import type { Core } from './core.js';
import type { Plan } from './plan.js';

/** The wish for a new epoch of `group`. */
export function renewalOf({ orders }: Core, group: GroupAddress): GroupOrder | undefined {
  return orders.of(group).find(({ wish }) => wish.kind === 'renew');
}

/** Adds the wish for a new epoch of `group` if this device may open one and none is wanted yet. Holds the group's lock. */
export function wantRenewal(core: Core, plan: Plan, group: Group): void {
  const { account, orders, groupWork } = core;
  const { address, members } = group;
  const epoch = currentEpoch(group)?.number ?? 0;
  if (!isManager(members, account.address)) return;
  if (orders.of(address).some(({ wish }) => wish.kind === 'renew' && wish.epoch === epoch)) return;
  plan.add(orders.add(address, { kind: 'renew', epoch })).afterwards(() => groupWork.wake(address));
}

/** Whether an epoch was opened after the one of that number: one that this device was only added to is not new. */
export function isRenewed({ epochs }: Group, number: number): boolean {
  return epochs.some((epoch) => epoch.number > number && epoch.joinedBy === undefined);
}

/** Whether this device waits for keys that only a device which has gone could send, and has not been refused a new epoch. */
export function waitsForGone(core: Core, group: Group): boolean {
  const { account, groupWork, peers } = core;
  const epoch = currentEpoch(group);
  if (epoch === undefined || hasKeys(epoch) || peers.find(epoch.opener)?.isGone !== true) return false;
  if (!isManager(group.members, account.address) || renewalOf(core, group.address) !== undefined) return false;
  return !groupWork.isRefused(group.address, deviceKey(account.address));
}
