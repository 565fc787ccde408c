/** What users say about themselves. Spec: server.md §3 (update_user). */
import type { DeviceAddress } from '../base/address.js';
import { deviceKey } from '../base/address.js';
import { limits } from '../base/limits.js';
import { isGroupAddress } from '../wire/address.js';
import { encodePayload } from '../wire/push.js';
import type { Handler, RelayContext } from './context.js';
import { requireCaller } from './context.js';
import { Refusal, responseCode } from './refusal.js';

/** Devices told of a change, a new device or one that is gone. */
export const maxRelated = 4_096;

/** Devices of other users that have a session with any device of the user. */
export async function relatedDevices(context: RelayContext, userId: string): Promise<DeviceAddress[]> {
  const relations = await context.store.relationsOf(userId, maxRelated);
  const others = relations.filter((peer) => peer.userId !== userId);
  return [...new Map(others.map((peer) => [deviceKey(peer), peer])).values()];
}

/**
 * update_user: passes the change on to the user's other devices and to related devices. The relay keeps the name only, the one thing it uses. A
 * backup passkey is for the user's own devices and goes to nobody else.
 */
export const updateUser: Handler<'update_user'> = async (context, caller, { update }) => {
  const { user: claimed, change } = update;
  if (claimed === undefined || isGroupAddress(claimed)) throw new Refusal(responseCode.badRequest, 'user_address is missing');
  requireCaller(caller, claimed);
  if (change === undefined) throw new Refusal(responseCode.badRequest, 'arg is missing');
  return context.locks.run([`user:${caller.userId}`], async () => {
    const { store } = context;
    const { generation } = store;
    const user = await store.user(caller.userId);
    if (user === undefined) throw new Refusal(responseCode.notFound, 'the user is not registered here');
    const own = await store.deviceAddressesOf(caller.userId, limits.devicesPerUser);
    const related = change.kind === 'backup-passkey' ? [] : await relatedDevices(context, caller.userId);
    const payload = encodePayload({ kind: 'update-user', value: update });
    const targets = [...own.filter((device) => deviceKey(device) !== deviceKey(caller)), ...related];
    await context.mailboxes.post(
      targets.map((to) => ({ to, from: caller, payload, signed: true, optional: true })),
      () => [
        ...(change.kind === 'name' && change.name !== '' ? store.putUser({ ...user, userName: change.name }) : []),
        ...context.counters.writes(caller),
      ],
      generation,
    );
    return {};
  });
};
