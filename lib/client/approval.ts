/**
 * Which devices get anything: every one, or those that the application has approved. Weaknesses P4.
 *
 * Owns: the rule for a device that shows itself. A user has the devices that are named at the first contact; one that is named later may be
 * somebody whom only the relay wants to add.
 */
import { type DeviceAddress, sameUser } from '../base/address.js';
import type { Approval } from '../store/client/peer-rows.js';
import type { Core } from './core.js';

/** How `device` stands; for one that is not known (any more), how it will stand when it becomes known now. */
export function approvalOf({ options, account, peers }: Pick<Core, 'options' | 'account' | 'peers'>, device: DeviceAddress): Approval {
  const known = peers.find(device);
  if (known !== undefined && (!known.isGone || known.approval !== 'given')) return known.approval;
  if (options.newDevices === 'accept') return 'given';
  // Trust on first use: users who were never heard of. Whoever was gone and comes back is a new device under an old name.
  return sameUser(device, account.address) || peers.hasMet(device) ? 'asked' : 'given';
}

/** Whether content may be sent to `device`. */
export function isApproved(core: Pick<Core, 'options' | 'account' | 'peers'>, device: DeviceAddress): boolean {
  return approvalOf(core, device) === 'given';
}
