/**
 * A device that goes on with an earlier store under a new name: it has given up its sessions and its keys in groups. Design D4.
 *
 * Owns: the one transaction that takes the new store for the old one, tells whoever has a session or a group with the device, and lets the groups
 * take it in again. Its mailbox and its place in the groups stay, so nothing is lost meanwhile. Does not own: whether the store may be used.
 */
import type { DeviceAddress } from '../base/address.js';
import { deviceKey } from '../base/address.js';
import type { LoginRecord } from '../store/relay-store.js';
import type { Write } from '../store/store.js';
import { encodePayload } from '../wire/push.js';
import { Audience } from './audience.js';
import type { RelayContext } from './context.js';
import type { PlaceOf } from './mailbox.js';

/**
 * Stores `login` and what follows from it; the caller holds the locks of the device, of its user and of all of the user's groups. The others are
 * told by add_user_device_msg whose list of old devices names the device itself, as no registration does.
 */
export async function replaceStore(
  context: RelayContext,
  address: DeviceAddress,
  login: LoginRecord,
  groupIds: readonly string[],
  generation: number,
): Promise<void> {
  const { store, groups, mailboxes } = context;
  const audience = await Audience.of(context, address);
  const marks: Write[] = [];
  for (const groupId of groupIds) {
    const state = await groups.load(groupId);
    const mark = state?.marks.get(deviceKey(address));
    if (state === undefined || mark === undefined) continue;
    audience.add(state.devices);
    marks.push(store.groups.putMark(groupId, { ...mark, needsKeys: true }));
  }
  const payload = encodePayload({ kind: 'add-user-device', value: { device: address, oldDevices: audience.own } });
  // What it asks for again is asked from another state: the answers that were kept do not fit it.
  const replies = await store.groups.deleteReplies(address);
  const deliveries = audience.deliveries(payload);
  const alongside = (placeOf: PlaceOf): Write[] => {
    // Whoever has not heard of it would hand out keys over a session that is given up, also in a group that it makes only now.
    const news = deliveries.flatMap((delivery) => {
      const place = placeOf(delivery);
      return place === undefined ? [] : [store.groups.putNews(delivery.to, { sequence: place.sequence, pushId: place.id })];
    });
    return [store.putLogin(address, login), ...marks, ...replies, ...news];
  };
  await mailboxes.post(deliveries, alongside, generation);
  for (const groupId of groupIds) groups.forget(groupId);
}
