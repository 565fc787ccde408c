/** Pushes about devices and pre-keys. Spec: one2one.md §1.3, §2.4, §7. */
import { supplyOneTimePreKeys } from '../account/account.js';
import { oneTimePreKeyPublic } from '../account/one-time-pre-key.js';
import { sameDevice } from '../base/address.js';
import { limits } from '../base/limits.js';
import { deleteOneTimePreKey, putNextOneTimePreKeyId, putOneTimePreKey } from '../store/client/account-rows.js';
import type { PushPayloads } from '../wire/push.js';
import { requests } from '../wire/request.js';
import type { Core } from './core.js';
import { forgetDevice, meetDevice } from './devices.js';
import { queueRequests } from './mailer.js';
import type { Plan } from './plan.js';
import { type Handled, handled } from './push-outcome.js';
import { groupsOfUser, isRestored, receiveDeviceRestored } from './receive-restored.js';
import { aboutNothing, refuse } from './refuse.js';

/** Adds new one-time pre-keys: stored with the request that publishes them, before it is sent. Spec: one2one.md §1.3, weaknesses I3. */
export async function receiveSupply(core: Core, plan: Plan, { count, user }: PushPayloads['supply-one-time-pre-keys']): Promise<Handled> {
  const { account, options, events } = core;
  if (!sameDevice(user, account.address)) return refuse(core, plan, 'push', 'wrong-recipient', aboutNothing);
  if (count === 0) return handled.succeeded;
  const wanted = Math.min(count, limits.oneTimePreKeys);
  const supplied = await options.asymmetric.run(supplyOneTimePreKeys(account.account, wanted));
  const secrets = supplied.oneTimePreKeys.map(({ keyPair }) => keyPair.privateKey);
  plan.create(secrets).retire(secrets);
  plan.write(putNextOneTimePreKeyId(supplied.account.nextOneTimePreKeyId), ...supplied.oneTimePreKeys.map(putOneTimePreKey));
  // Ids only grow: the keys that fall out of the newest are those of the lowest ids.
  const bound = account.account.nextOneTimePreKeyId - limits.oneTimePreKeysKept;
  for (let id = Math.max(1, bound); id < bound + wanted; id += 1) plan.write(deleteOneTimePreKey(id));
  plan.apply(() => account.set(supplied.account));
  const { suite, address } = account.account;
  const body = requests.supply_opks.encodeRequest({
    suite,
    user: address,
    oneTimePreKeys: supplied.oneTimePreKeys.map(oneTimePreKeyPublic),
  });
  queueRequests(core, plan, [{ kind: 'supply_opks', device: undefined, sessionId: undefined, origin: undefined, body }]);
  plan.afterwards(() => events.emit({ type: 'pre-keys-supplied', count: wanted }));
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
