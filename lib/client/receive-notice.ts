/** Pushes about devices and pre-keys. Spec: one2one.md §1.3, §2.4, §7. */
import { sameDevice } from '../base/address.js';
import { limits, usualOneTimePreKeys } from '../base/limits.js';
import type { PushPayloads } from '../wire/push.js';
import type { Core } from './core.js';
import { forgetDevice, meetDevice } from './devices.js';
import { supplyPreKeys } from './pre-key-upkeep.js';
import type { Plan } from './plan.js';
import { type Handled, handled } from './push-outcome.js';
import { groupsOfUser, isRestored, receiveDeviceRestored } from './receive-restored.js';
import { aboutNothing, refuse } from './refuse.js';

/** Adds the one-time pre-keys that the relay asks for. Spec: one2one.md §1.3. */
export async function receiveSupply(core: Core, plan: Plan, { count, user }: PushPayloads['supply-one-time-pre-keys']): Promise<Handled> {
  if (!sameDevice(user, core.account.address)) return refuse(core, plan, 'push', 'wrong-recipient', aboutNothing);
  if (count === 0) return handled.succeeded;
  const wanted = Math.min(count, usualOneTimePreKeys(core.account.account.suite.agreement.publicKeyLength, limits.oneTimePreKeys));
  await supplyPreKeys(core, plan, wanted);
  return handled.succeeded;
}

/** Adds a new device of a user we know, or what is new of one that we know. Throws `StoreError`. */
export async function receiveDeviceAdded(core: Core, plan: Plan, added: PushPayloads['add-user-device']): Promise<Handled> {
  const { device } = added;
  const isKnown = core.peers.find(device)?.isGone === false;
  if (!isKnown) meetDevice(core, plan, device);
  // Whoever came late into a group may not know all devices in it.
  if (isRestored(added) && (isKnown || groupsOfUser(core, device).length > 0)) return receiveDeviceRestored(core, plan, device);
  // Groups of its user take it in. Spec: group.md §6.
  plan.afterwards(() => core.groupWork.wakeAll());
  return handled.succeeded;
}

/** Adds the end of a device: its sessions, its pins, what waits for it. Throws `StoreError`. */
export async function receiveDeviceRemoved(core: Core, plan: Plan, { device }: PushPayloads['remove-user-device']): Promise<Handled> {
  const isKnown = await forgetDevice(core, plan, device);
  if (!isKnown && sameDevice(device, core.account.address)) plan.afterwards(() => core.events.emit({ type: 'device-removed', device }));
  return handled.succeeded;
}
