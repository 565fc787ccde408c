/** Devices that come, go, or cannot be reached any more. Spec: one2one.md §2.4, §3.2. */
import { type DeviceAddress, sameDevice, sameUser } from '../base/address.js';
import type { MessageId } from '../base/brand.js';
import type { Approval } from '../store/client/peer-rows.js';
import { deleteOutboxEntry } from '../store/client/queue-rows.js';
import { approvalOf } from './approval.js';
import type { Core } from './core.js';
import { userLock } from './lock-names.js';
import { Plan } from './plan.js';
import { requeue } from './requeue.js';
import type { Transition } from './step.js';

/**
 * Adds the removal of everything kept for `device`, its sessions and what waits for it, and returns the messages that will not reach it. Only its
 * pins stay: a relay that says so must not be able to put somebody else in its place. Throws `StoreError`.
 */
export async function removeDevice(core: Core, plan: Plan, device: DeviceAddress): Promise<readonly MessageId[]> {
  const messageIds = await dropDevice(core, plan, device);
  plan.add(core.peers.lose(device));
  // Its chains go in steps of their own: which groups it is in is known under their locks.
  plan.afterwards(() => core.groupWork.wakeAll());
  return messageIds;
}

/** Adds the end of the sessions with `device` and of what waits for it, and returns the messages that will not reach it. Throws `StoreError`. */
export async function dropDevice(core: Core, plan: Plan, device: DeviceAddress): Promise<readonly MessageId[]> {
  const { sessions, pending, outbox } = core;
  plan.add(await sessions.remove(sessions.allOfDevice(device).map(({ sessionId }) => sessionId)));
  const { messages, change } = await pending.take(device);
  plan.add(change);
  const requests = outbox.forDevice(device);
  plan.write(...requests.map(({ sequence }) => deleteOutboxEntry(sequence)));
  plan.apply(() => {
    outbox.drop(new Set(requests.map(({ sequence }) => sequence)));
  });
  const queued = requests.flatMap(({ messageId }) => (messageId === undefined ? [] : [messageId]));
  return [...queued, ...messages.map(({ messageId }) => messageId)];
}

/** Adds the end of a device that was removed, and reports it, if it was known here; whether it was. Throws `StoreError`. */
export async function forgetDevice(core: Core, plan: Plan, device: DeviceAddress): Promise<boolean> {
  const { peers, sessions, events } = core;
  if (peers.find(device)?.isGone !== false && sessions.allOfDevice(device).length === 0) return false;
  const messageIds = await removeDevice(core, plan, device);
  if (messageIds.length > 0) plan.afterwards(() => events.emit({ type: 'session-lost', device, messageIds }));
  plan.afterwards(() => events.emit({ type: 'device-removed', device }));
  return true;
}

/** The relay knows no way to `device`: its sessions and what waits for it are dropped and reported. */
export function loseDevice(core: Core, device: DeviceAddress): Promise<void> {
  return core.steps.run([userLock(device)], async () => {
    const plan = new Plan();
    const messageIds = await removeDevice(core, plan, device);
    return plan.afterwards(() => core.events.emit({ type: 'session-lost', device, messageIds })).finish(undefined);
  });
}

/**
 * Reports a device that was not there before: of a user we know, or of our own. Weaknesses P4. People want to hear of it, and have to when they are
 * asked.
 */
export function reportNewDevice(core: Core, plan: Plan, device: DeviceAddress, approval: Approval = approvalOf(core, device)): void {
  const { account, peers, events } = core;
  if (sameDevice(device, account.address) || peers.find(device)?.isGone === false || approval === 'rejected') return;
  const isKnownUser = sameUser(device, account.address) || peers.hasMet(device);
  if (isKnownUser || approval === 'asked') plan.afterwards(() => events.emit({ type: 'device-added', device, approval }));
}

/** Makes `device` known unless there is no room for more, reported where it is news. It invites us itself, or is invited; until then what is sent to its user waits for it. */
export function meetDevice(core: Core, plan: Plan, device: DeviceAddress, approval: Approval = approvalOf(core, device)): void {
  if (sameDevice(device, core.account.address) || !core.peers.hasRoomFor([device], core.options.limits.knownDevices)) return;
  reportNewDevice(core, plan, device, approval);
  plan.add(core.peers.meet(device, core.options.clock.now(), approval));
}

/**
 * The application trusts whatever keys the relay names next for `device`. The sessions with the old keys go in the same commit: whoever holds the
 * device now cannot open what is sent on them. What was on its way on them waits for the new session.
 */
export function trustIdentity(core: Core, device: DeviceAddress): Promise<void> {
  const { sessions, peers, inviter, steps } = core;
  return steps.run([userLock(device)], async (): Promise<Transition<void>> => {
    const plan = new Plan();
    plan.add(peers.forgetPins(device));
    plan.add(await sessions.remove(sessions.allOfDevice(device).map(({ sessionId }) => sessionId)));
    await requeue(core, plan, (other) => sameDevice(other, device));
    plan.afterwards(() => inviter.want(device, device.deviceId));
    return plan.finish(undefined);
  });
}
