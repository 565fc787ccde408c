/** Sending: to every device of a user, and a copy to our own. Spec: one2one.md §3. */
import { type DeviceAddress, type UserAddress, deviceKey, sameDevice, sameUser, userKey } from '../base/address.js';
import { type MessageId, asMessageId } from '../base/brand.js';
import { UsageError } from '../base/errors.js';
import { randomId } from '../base/random.js';
import { nextTurn } from '../base/turn.js';
import type { MessageOrigin } from '../store/client/queue-rows.js';
import { encodeContent, notificationLevels } from '../wire/message.js';
import { type Core, ownOtherDevices } from './core.js';
import { userLock } from './lock-names.js';
import { type Delivered, deliver, sealedPerTurn } from './mailer.js';
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

/** A message of the application. */
export interface OutgoingMessage {
  readonly to: UserAddress;
  /** At least one byte. */
  readonly bytes: Uint8Array;
  /** How insistently to notify the receiver; `notificationLevels` names the known ones. */
  readonly notification?: number | undefined;
}

/** An encoded message and what it says, a view of its content. */
interface Outgoing {
  readonly user: UserAddress;
  readonly origin: MessageOrigin;
  readonly bytes: Uint8Array;
}

/** What goes to one user, in order. */
interface Recipient {
  readonly user: UserAddress;
  readonly messages: MessageOrigin[];
}

/** Where the messages of one recipient stand. */
type Devices = readonly SentTo[];

/**
 * Stores a message. Resolves when it is durable. Rejects with `UsageError` (`empty-plaintext`, `plaintext-length`, `client-closed`) and
 * `StoreError`; then nothing is sent.
 */
export async function sendMessage(core: Core, message: OutgoingMessage): Promise<Sent> {
  checkLength(core, message);
  const outgoing = encoded(core, message);
  const { user, origin } = outgoing;
  const recipients = [{ user, messages: [origin] }];
  try {
    let stored: readonly Devices[] | undefined;
    while (stored === undefined) stored = await tryToStore(core, recipients, [outgoing]);
    return { messageId: origin.messageId, devices: stored[0] ?? [] };
  } finally {
    origin.content.fill(0);
  }
}

/** Stores messages in one transaction: all of them or none. Resolves, in the order of `messages`, and rejects as {@link sendMessage}. */
export async function sendMessages(core: Core, messages: readonly OutgoingMessage[]): Promise<readonly Sent[]> {
  for (const message of messages) checkLength(core, message);
  if (messages.length === 0) return [];
  const all = messages.map((message) => encoded(core, message));
  const recipients = new Map<string, Recipient>();
  for (const { user, origin } of all) {
    const recipient = recipients.get(userKey(user));
    if (recipient === undefined) recipients.set(userKey(user), { user, messages: [origin] });
    else recipient.messages.push(origin);
  }
  try {
    let stored: readonly Devices[] | undefined;
    while (stored === undefined) stored = await tryToStore(core, [...recipients.values()], all);
    const devices = new Map([...recipients.keys()].map((key, position) => [key, stored[position] ?? []]));
    return all.map(({ user, origin: { messageId } }) => ({ messageId, devices: devices.get(userKey(user)) ?? [] }));
  } finally {
    for (const { origin } of all) origin.content.fill(0);
  }
}

function checkLength({ options }: Core, { bytes: { length } }: OutgoingMessage): void {
  const { plaintextLength } = options.limits;
  if (length === 0) throw new UsageError('empty-plaintext', 'a message has at least one byte');
  if (length > plaintextLength) {
    throw new UsageError('plaintext-length', `a message of ${length} bytes is over the limit of ${plaintextLength}`);
  }
}

/** Made during the call: the application may change what it has given afterwards. The caller wipes the content. */
function encoded({ options }: Core, { to, bytes, notification }: OutgoingMessage): Outgoing {
  const content = encodeContent({ kind: 'common', bytes });
  return {
    user: { domain: to.domain, userId: to.userId },
    origin: { messageId: asMessageId(randomId(options.random)), notification: notification ?? notificationLevels.normal, content },
    bytes: content.subarray(content.length - bytes.length),
  };
}

/**
 * Stores what goes to `recipients`, in one step; `all` is the same in the order of the call. Resolves with `undefined` when nothing was stored: to be
 * called again.
 */
function tryToStore(core: Core, recipients: readonly Recipient[], all: readonly Outgoing[]): Promise<readonly Devices[] | undefined> {
  const me = core.account.address;
  const isOnlyToMe = recipients.every(({ user }) => sameUser(user, me));
  const others = isOnlyToMe ? [] : ownOtherDevices(core);
  const keys = recipients.map(({ user }) => userLock(user));
  if (others.length > 0) keys.push(userLock(me));
  return core.steps.run(keys, (): Transition<readonly Devices[] | undefined> | Promise<Transition<readonly Devices[]>> => {
    const current = isOnlyToMe ? [] : ownOtherDevices(core);
    // An own device that appeared meanwhile needs its lock, too.
    if (others.length === 0 && current.length > 0) return { writes: [], result: undefined };
    return planSend(core, recipients, all, current);
  });
}

function planSend(
  core: Core,
  recipients: readonly Recipient[],
  all: readonly Outgoing[],
  others: readonly DeviceAddress[],
): Transition<readonly Devices[]> | Promise<Transition<readonly Devices[]>> {
  const plan = new Plan();
  const [recipient] = recipients;
  if (others.length > 0 || recipient === undefined || recipients.length > 1) return planMany(core, plan, recipients, all, others);
  const devices = planRecipient(core, plan, recipient, recipient.messages);
  return devices instanceof Promise ? devices.then((found) => plan.finish([found])) : plan.finish([devices]);
}

async function planMany(
  core: Core,
  plan: Plan,
  recipients: readonly Recipient[],
  all: readonly Outgoing[],
  others: readonly DeviceAddress[],
): Promise<Transition<readonly Devices[]>> {
  const me = core.account.address;
  const isToMe = ({ user }: Pick<Outgoing, 'user'>): boolean => sameUser(user, me);
  const copied = others.length > 0 ? all.filter((message) => !isToMe(message)) : [];
  const copies = new Map(copied.map((message) => [message, copyOf(message)]));
  for (const { content } of copies.values()) plan.borrow(content);
  // A device of ours gets what is meant for it and the copies in the order of the call; a plan delivers to it once.
  const toOwn = all.flatMap((message) => (isToMe(message) ? [message.origin] : (copies.get(message) ?? [])));
  const stored: Devices[] = [];
  const served = new Set<string>();
  let sealed = 0;
  for (const recipient of recipients) {
    const isOwn = isToMe(recipient);
    const devices = await planRecipient(core, plan, recipient, isOwn ? toOwn : recipient.messages);
    if (isOwn) for (const { device } of devices) served.add(deviceKey(device));
    stored.push(devices);
    sealed += recipient.messages.length;
    if (sealed < sealedPerTurn) continue;
    sealed = 0;
    await nextTurn();
  }
  for (const device of others) if (!served.has(deviceKey(device))) await deliver(core, plan, device, [...copies.values()]);
  return plan.finish(stored);
}
/** The copy of a message for our own other devices. */
function copyOf({ origin: { messageId }, bytes }: Outgoing): MessageOrigin {
  return { messageId, notification: notificationLevels.normal, content: encodeContent({ kind: 'sync', bytes }) };
}

/** Adds the delivery of `messages` to the known devices of a user; where there are none, what is meant for the user waits. */
function planRecipient(
  core: Core,
  plan: Plan,
  { user, messages: meant }: Recipient,
  messages: readonly MessageOrigin[],
): Devices | Promise<Devices> {
  // What waits for the user as a whole goes first.
  const known = core.pending.count(user) > 0 ? [] : devicesOf(core, user).filter((device) => !sameDevice(device, core.account.address));
  if (known.length === 0) {
    plan.add(core.pending.add(user, meant)).afterwards(() => core.inviter.want(user));
    return [];
  }
  const devices: SentTo[] = [];
  const slow: Promise<void>[] = [];
  for (const device of known) {
    const enter = (state: Delivered): void => {
      devices.push({ device, state });
      if (state === 'queued' || state === 'rejected' || core.sessions.ofDevice(device).length > 0) return;
      plan.afterwards(() => core.inviter.want(device, device.deviceId));
    };
    const state = deliver(core, plan, device, messages);
    if (state instanceof Promise) slow.push(state.then(enter));
    else enter(state);
  }
  return slow.length === 0 ? devices : Promise.all(slow).then(() => devices);
}

/** Every device of `user` that is known, by session or by name. */
function devicesOf({ peers, sessions }: Core, user: UserAddress): DeviceAddress[] {
  const devices = peers.ofUser(user).map(({ device }) => device);
  const named = devices.length;
  for (const device of sessions.devicesOf(user)) {
    let isNamed = false;
    for (let index = 0; index < named && !isNamed; index += 1) isNamed = sameDevice(devices[index] ?? device, device);
    if (!isNamed) devices.push(device);
  }
  return devices;
}
