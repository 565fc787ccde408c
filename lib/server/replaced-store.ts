/**
 * A device that goes on with an earlier store under a new name: it has given up its sessions and its keys in groups. Design D4.
 *
 * Owns: the one transaction that takes the new store for the old one, tells whoever has a session or a group with the device, lets the groups take
 * it in again, and forgets the one-time pre-keys whose private halves the store may not have. Its mailbox and its place in the groups stay, so
 * nothing is lost meanwhile. Does not own: whether the store may be used.
 */
import type { DeviceAddress } from '../base/address.js';
import { deviceKey } from '../base/address.js';
import { cipherSuite } from '../crypto/cipher-suite.js';
import type { GroupMark, GroupRecord, LoginRecord } from '../store/relay-store.js';
import type { Write } from '../store/store.js';
import { encodePayload } from '../wire/push.js';
import { Audience } from './audience.js';
import type { RelayContext } from './context.js';
import type { Delivery } from './delivery.js';
import { withSigningKey } from './group-members.js';
import { groupInfo } from './group-state.js';
import type { GroupDevice } from '../wire/group.js';
import type { PlaceOf } from './mailbox.js';
import { maxRelated } from './users.js';

interface ToldAgain {
  readonly groupId: string;
  readonly mark: GroupMark;
  readonly delivery: Delivery;
}

/**
 * Stores `login` and what follows from it; the caller holds the locks of the device, of its user and of all of the user's groups. The others are
 * told by add_user_device_msg whose list of old devices names the device itself, as no registration does; the device is told of every group that
 * it is in by create_group_msg that names itself as the sender: its store may not know the group, or not as it is now.
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
  // Who answers an invite of the lost state only now would hand out keys over that session.
  audience.add(await store.invitedBy(address, maxRelated));
  const self = await withSigningKey(context, address);
  const told: ToldAgain[] = [];
  for (const groupId of groupIds) {
    const state = await groups.load(groupId);
    const mark = state?.marks.get(deviceKey(address));
    if (state === undefined || mark === undefined) continue;
    audience.add(state.devices);
    told.push({ groupId, mark, delivery: tellAgain(context, state.record, self) });
  }
  const payload = encodePayload({ kind: 'add-user-device', value: { device: address, oldDevices: audience.own } });
  // What it asks for again is asked from another state: the answers that were kept do not fit it.
  const replies = await store.groups.deleteReplies(address);
  const deliveries = audience.deliveries(payload);
  const preKeys = await forgetOneTimePreKeys(context, address);
  const alongside = (placeOf: PlaceOf): Write[] => {
    // Whoever has not heard of it would hand out keys over a session that is given up, also in a group that it makes only now.
    const news = deliveries.flatMap((delivery) => {
      const place = placeOf(delivery);
      return place === undefined ? [] : [store.groups.putNews(delivery.to, { sequence: place.sequence, pushId: place.id })];
    });
    const marks = told.map(({ groupId, mark, delivery }) => {
      const place = placeOf(delivery);
      const control = place === undefined ? {} : { controlSequence: place.sequence, controlId: place.id };
      return store.groups.putMark(groupId, { ...mark, ...control, needsKeys: true });
    });
    return [store.putLogin(address, login), ...marks, ...replies, ...preKeys, ...news];
  };
  await mailboxes.post([...deliveries, ...told.map(({ delivery }) => delivery)], alongside, generation);
  for (const groupId of groupIds) groups.forget(groupId);
}

function tellAgain({ domain }: RelayContext, record: GroupRecord, self: GroupDevice): Delivery {
  const { address } = self;
  const value = { suite: cipherSuite(record.packId), sender: address, group: groupInfo(record, domain), devices: [self] };
  return { to: address, payload: encodePayload({ kind: 'create-group', value }), signed: true, optional: true };
}

/** The device is asked for new ones when it connects. Their ids go on from the highest, so that none is handed out a second time. */
async function forgetOneTimePreKeys({ store }: RelayContext, address: DeviceAddress): Promise<Write[]> {
  const stock = await store.preKeyStock(address);
  if (stock === undefined) return [];
  return [...(await store.deleteOneTimePreKeys(address)), store.putPreKeyStock(address, { ...stock, remaining: 0, askedAt: 0 })];
}
