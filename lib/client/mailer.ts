/**
 * Turning content into requests for devices: encrypted now where a session is ready, kept waiting where none is.
 *
 * Owns: which session of a device is used and the order behind what waits already. Everything goes into the plan of the caller's step, which
 * holds the user's lock; a plan delivers to one device at most once.
 */
import type { DeviceAddress } from '../base/address.js';
import type { Wipeable } from '../base/secret.js';
import { nextTurn } from '../base/turn.js';
import { type ReadySession, encryptMessage } from '../session/session.js';
import type { StoredSession } from '../store/client-store.js';
import type { MessageOrigin } from '../store/client/queue-rows.js';
import { encodeEnvelope } from '../wire/message.js';
import { requests } from '../wire/request.js';
import { approvalOf, isApproved } from './approval.js';
import type { Core } from './core.js';
import type { NewOutboxEntry } from './outbox.js';
import type { Plan } from './plan.js';

/** Messages sealed in one turn of the event loop: within a millisecond. */
export const sealedPerTurn = 32;

/** What sealing messages one after another gives. */
export interface SealedMessages {
  readonly session: ReadySession;
  readonly entries: readonly NewOutboxEntry[];
  /** Chain keys stepped over. */
  readonly retired: readonly Wipeable[];
}

/** Encrypts `messages` in order. Throws `UsageError('empty-plaintext')` and `ProtocolError('exhausted')`. */
export function sealMessages(session: ReadySession, messages: readonly MessageOrigin[]): SealedMessages {
  const retired: Wipeable[] = [];
  let current = session;
  const entries = messages.map((origin): NewOutboxEntry => {
    const sealed = encryptMessage(current, origin.content);
    current = sealed.session;
    retired.push(...sealed.retired);
    const envelope = encodeEnvelope({
      from: current.ourAddress,
      to: current.theirAddress,
      messageId: origin.messageId,
      sessionId: current.sessionId,
      notification: origin.notification,
      payload: { kind: 'one-to-one', message: sealed.message },
    });
    const body = requests.send_one2one_msg.encodeRequest({ envelope });
    return { kind: 'send_one2one_msg', device: current.theirAddress, sessionId: current.sessionId, origin, body };
  });
  return { session: current, entries, retired };
}

/** Adds requests to the plan: stored with it, sent after it. */
export function queueRequests(core: Pick<Core, 'outbox'>, plan: Plan, entries: readonly NewOutboxEntry[]): void {
  if (entries.length === 0) return;
  const added = core.outbox.add(entries);
  plan.add(added.change).afterwards(() => {
    added.release();
  });
}

/** What became of messages for a device: on their way, waiting for a session, waiting for the application's approval, or dropped without it. */
export type Delivered = 'queued' | 'waiting' | 'unapproved' | 'rejected';

/** Adds the delivery of `messages` to `device`, if content may be sent to it; says what became of them: at once when the session is in memory. Throws `StoreError`. */
export function deliver(core: Core, plan: Plan, device: DeviceAddress, messages: readonly MessageOrigin[]): Delivered | Promise<Delivered> {
  const { sessions, pending } = core;
  const approval = approvalOf(core, device);
  if (approval === 'rejected') return 'rejected';
  if (approval === 'asked') {
    plan.add(pending.add(device, messages));
    return 'unapproved';
  }
  const index = sessions.newestReady(device);
  if (index === undefined || pending.count(device) > 0) {
    plan.add(pending.add(device, messages));
    return 'waiting';
  }
  const found = sessions.open(index.sessionId);
  if (found instanceof Promise) return found.then((opened) => deliverWith(core, plan, opened, device, messages));
  return deliverWith(core, plan, found, device, messages);
}

function deliverWith(
  { sessions, pending, outbox }: Core,
  plan: Plan,
  opened: StoredSession,
  device: DeviceAddress,
  messages: readonly MessageOrigin[],
): Delivered | Promise<Delivered> {
  if (opened.session.state !== 'ready') {
    plan.add(pending.add(device, messages));
    return 'waiting';
  }
  const add = (sealed: SealedMessages): Delivered => {
    plan.add(sessions.change(opened, sealed.session)).retire(sealed.retired);
    // All but the first, which is in use until the step is durable, were made by it.
    plan.create(sealed.retired.slice(1)).create([sealed.session.ratchet.sender.chainKey.key]);
    queueRequests({ outbox }, plan, sealed.entries);
    return 'queued';
  };
  if (messages.length <= sealedPerTurn) return add(sealMessages(opened.session, messages));
  return sealInTurns(opened.session, messages).then(add);
}

/** Seals many messages without keeping everything else in the process waiting; the lock of the user is held meanwhile. */
async function sealInTurns(first: ReadySession, messages: readonly MessageOrigin[]): Promise<SealedMessages> {
  const entries: NewOutboxEntry[] = [];
  const retired: Wipeable[] = [];
  let session = first;
  for (let position = 0; position < messages.length; position += sealedPerTurn) {
    const sealed = sealMessages(session, messages.slice(position, position + sealedPerTurn));
    session = sealed.session;
    entries.push(...sealed.entries);
    retired.push(...sealed.retired);
    await nextTurn();
  }
  return { session, entries, retired };
}

/** A session with what was sealed with it. */
export interface Flushed {
  readonly session: ReadySession;
  readonly entries: readonly NewOutboxEntry[];
}

/**
 * Adds everything that waits for the device of a session that has just become ready, if content may be sent to it. Returns the session after it, for
 * the caller to put into its book. Throws `StoreError`.
 */
export async function flushPending(core: Core, plan: Plan, session: ReadySession): Promise<Flushed> {
  return isApproved(core, session.theirAddress) ? sealWaiting(core, plan, session) : { session, entries: [] };
}

/** Adds everything that waits for `device`, if a session is ready; whether content may be sent to it is the caller's. Throws `StoreError`. */
export async function sendWaiting(core: Core, plan: Plan, device: DeviceAddress): Promise<void> {
  const { sessions, pending } = core;
  const index = sessions.newestReady(device);
  if (index === undefined || pending.count(device) === 0) return;
  const opened = await sessions.open(index.sessionId);
  if (opened.session.state !== 'ready') return;
  const sealed = await sealWaiting(core, plan, opened.session);
  plan.add(sessions.change(opened, sealed.session));
  queueRequests(core, plan, sealed.entries);
}

async function sealWaiting(core: Core, plan: Plan, session: ReadySession): Promise<Flushed> {
  const { messages, change } = await core.pending.take(session.theirAddress);
  const sealed = sealMessages(session, messages);
  plan.add(change).retire(sealed.retired);
  return { session: sealed.session, entries: sealed.entries };
}
