/** What the application says of devices that it was asked about, or of any other. Weaknesses P4. */
import type { DeviceAddress } from '../base/address.js';
import { ProtocolError } from '../base/errors.js';
import { approvalOf } from './approval.js';
import type { Core } from './core.js';
import { dropDevice } from './devices.js';
import { userLock } from './lock-names.js';
import { sendWaiting } from './mailer.js';
import { Plan } from './plan.js';

/** Approves `device`: what waits for it goes out in order, in the same commit. Rejects as `Client.approveDevice` says. */
export async function approveDevice(core: Core, device: DeviceAddress): Promise<void> {
  const { peers, sessions, inviter, groupWork, steps } = core;
  await steps.run([userLock(device)], async () => {
    requireKnown(core, device);
    const plan = new Plan();
    if (approvalOf(core, device) === 'given') return plan.finish(undefined);
    plan.add(peers.setApproval(device, 'given'));
    await sendWaiting(core, plan, device);
    plan.afterwards(() => {
      if (sessions.ofDevice(device).length === 0) inviter.want(device, device.deviceId);
      // Groups of its user take it in.
      groupWork.wakeAll();
    });
    return plan.finish(undefined);
  });
}

/** Excludes `device`: its sessions and what waits for it go. Rejects as `Client.rejectDevice` says. */
export async function rejectDevice(core: Core, device: DeviceAddress): Promise<void> {
  const { peers, events, steps } = core;
  await steps.run([userLock(device)], async () => {
    requireKnown(core, device);
    const plan = new Plan();
    const messageIds = await dropDevice(core, plan, device);
    plan.add(peers.setApproval(device, 'rejected'));
    if (messageIds.length > 0) plan.afterwards(() => events.emit({ type: 'session-lost', device, messageIds }));
    return plan.finish(undefined);
  });
}

/** A device that is gone has to come back before anything can be said of it. */
function requireKnown({ peers }: Core, device: DeviceAddress): void {
  if (peers.find(device)?.isGone !== false) throw new ProtocolError('no-such-device', 'no such device is known here');
}
