/** What the application tells users through the relay; it has no effect on keys. Signed and durable like other control pushes. Spec: wire.md §11. */
import type { DeviceAddress, GroupAddress, UserAddress } from '../base/address.js';
import { E2eeError, UsageError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import type { EncodedPayload } from '../wire/push.js';
import { encodePayload } from '../wire/push.js';
import type { RelayContext } from './context.js';
import { groupLock } from './group-state.js';

/** Bytes of a notice: a list of members fits, and a user does not wait for more. */
const maxNoticeLength = 1_048_576;

/** Pushes a notice to all devices of a user; resolves with their number, 0 when there is no such user. Throws `UsageError('too-large')`. */
export async function notifyUser(context: RelayContext, user: UserAddress, payload: EncodedPayload): Promise<number> {
  requireSmall(payload);
  if (user.domain !== context.domain) return 0;
  const devices = await context.store.deviceAddressesOf(user.userId, limits.devicesPerUser);
  await push(context, devices, payload);
  return devices.length;
}

/** Pushes a notice to all devices of a group, in order with its messages; resolves with their number. Throws `UsageError('too-large')`. */
export async function notifyGroup(context: RelayContext, group: GroupAddress, payload: EncodedPayload): Promise<number> {
  requireSmall(payload);
  if (group.domain !== context.domain) return 0;
  return context.locks.run([groupLock(group.groupId)], async () => {
    const devices = (await context.groups.load(group.groupId))?.devices ?? [];
    await push(context, devices, payload);
    return devices.length;
  });
}

/** Lets the application welcome a device that has just registered. What goes wrong is logged: the device is registered. */
export async function welcome(context: RelayContext, device: DeviceAddress): Promise<void> {
  const { hooks, logger } = context;
  try {
    const notice = await hooks.registered?.(device);
    if (notice === undefined) return;
    const payload = encodePayload({ kind: 'system', value: notice });
    requireSmall(payload);
    await push(context, [device], payload);
  } catch (error) {
    logger.error({ code: error instanceof E2eeError ? error.code : 'hook' }, 'a device could not be welcomed');
  }
}

function push({ mailboxes }: RelayContext, devices: readonly DeviceAddress[], payload: EncodedPayload): Promise<void> {
  return mailboxes.post(devices.map((to) => ({ to, payload, signed: true, optional: true })));
}

function requireSmall({ bytes }: EncodedPayload): void {
  if (bytes.length > maxNoticeLength) throw new UsageError('too-large', `a notice has ${bytes.length} bytes, more than ${maxNoticeLength}`);
}
