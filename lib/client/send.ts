/** Sending: to every device of a user, and a copy to our own. Spec: one2one.md §3. */
import { type DeviceAddress, type UserAddress, deviceKey, sameDevice, sameUser } from '../base/address.js';
import { type MessageId, asMessageId } from '../base/brand.js';
import { UsageError } from '../base/errors.js';
import { randomId } from '../base/random.js';
import { copySecret } from '../base/secret.js';
import type { MessageOrigin } from '../store/client/queue-rows.js';
import { encodeContent, notificationLevels } from '../wire/message.js';
import { type Core, ownOtherDevices } from './core.js';
import { userLock } from './lock-names.js';
import { type Delivered, deliver } from './mailer.js';
import { Plan } from './plan.js';
import type { Transition } from './step.js';

/**
 * Where a message stands for one device: on its way to the relay (`queued`), waiting for a session, waiting until the application approves the device
 * (`unapproved`), or not sent to it because the application has rejected it.
 */
export interface SentTo {
  readonly device: DeviceAddress;
  readonly state: Delivered;
}

/** A message that is stored and will reach the relay, whatever happens to this process. */
export interface Sent {
  readonly messageId: MessageId;
  /** The devices of the recipient known now; none yet for a first message: it waits for all that the relay names. */
  readonly devices: readonly SentTo[];
}

/**
 * Stores a message for `user`. Resolves when it is durable. Rejects with `UsageError` (`empty-plaintext`, `plaintext-length`, `client-closed`)
 * and `StoreError`; then nothing is sent.
 */
export async function sendMessage(core: Core, user: UserAddress, bytes: Uint8Array, notification?: number): Promise<Sent> {
  const { plaintextLength } = core.options.limits;
  if (bytes.length === 0) throw new UsageError('empty-plaintext', 'a message has at least one byte');
  if (bytes.length > plaintextLength) {
    throw new UsageError('plaintext-length', `a message of ${bytes.length} bytes is over the limit of ${plaintextLength}`);
  }
  // The application may change its bytes once it has called.
  const kept = copySecret(bytes);
  const message: MessageOrigin = {
    messageId: asMessageId(randomId(core.options.random)),
    notification: notification ?? notificationLevels.normal,
    content: encodeContent({ kind: 'common', bytes: kept }),
  };
  const me = core.account.address;
  const isToMe = sameUser(user, me);
  try {
    for (;;) {
      const copies = isToMe ? [] : ownOtherDevices(core);
      const keys = copies.length === 0 ? [userLock(user)] : [userLock(user), userLock(me)];
      const sent = await core.steps.run(keys, async (): Promise<Transition<Sent | undefined>> => {
        // An own device that appeared meanwhile needs its lock, too.
        if (!isToMe && copies.length === 0 && ownOtherDevices(core).length > 0) return { writes: [], result: undefined };
        return planSend(core, user, message, kept);
      });
      if (sent !== undefined) return sent;
    }
  } finally {
    message.content.fill(0);
    kept.fill(0);
  }
}

async function planSend(core: Core, user: UserAddress, message: MessageOrigin, bytes: Uint8Array): Promise<Transition<Sent>> {
  const plan = new Plan();
  const me = core.account.address;
  const devices: SentTo[] = [];
  // What waits for the user as a whole goes first.
  const known = core.pending.count({ domain: user.domain, userId: user.userId }) > 0 ? [] : devicesOf(core, user);
  for (const device of known) {
    if (!sameDevice(device, me)) devices.push({ device, state: await deliver(core, plan, device, [message]) });
  }
  if (devices.length === 0) plan.add(core.pending.add(user, [message]));
  if (devices.length === 0) plan.afterwards(() => core.inviter.want(user));
  for (const { device, state } of devices) {
    if (state !== 'rejected' && core.sessions.ofDevice(device).length === 0)
      plan.afterwards(() => core.inviter.want(device, device.deviceId));
  }
  const { messageId } = message;
  const others = sameUser(user, me) ? [] : ownOtherDevices(core);
  if (others.length > 0) {
    const content = encodeContent({ kind: 'sync', bytes });
    plan.borrow(content);
    for (const device of others) await deliver(core, plan, device, [{ messageId, notification: notificationLevels.normal, content }]);
  }
  return plan.finish({ messageId, devices });
}

/** Every device of `user` that is known, by session or by name. */
function devicesOf({ peers, sessions }: Core, user: UserAddress): DeviceAddress[] {
  const devices = new Map(peers.ofUser(user).map(({ device }) => [deviceKey(device), device]));
  for (const device of sessions.devicesOf(user)) devices.set(deviceKey(device), device);
  return [...devices.values()];
}
