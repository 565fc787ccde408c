/** A message of a peer device. Spec: one2one.md §4. */
import { sameDevice, sameUser } from '../base/address.js';
import type { MessageId } from '../base/brand.js';
import { InternalError } from '../base/errors.js';
import { impliedReady } from '../session/handshake.js';
import { type DecryptedMessage, type ReadySession, decryptMessage } from '../session/session.js';
import type { StoredSession } from '../store/client-store.js';
import { isGroupAddress } from '../wire/address.js';
import { type Content, type Envelope, decodeContent } from '../wire/message.js';
import { needsAccept, takeUp } from './answered-invite.js';
import { isApproved } from './approval.js';
import type { Core } from './core.js';
import { meetDevice } from './devices.js';
import { receiveKeys } from './group-keys.js';
import { isGroupEnvelope, receiveGroupMessage } from './group-message.js';
import type { Plan } from './plan.js';
import { type Handled, handled } from './push-outcome.js';
import { refuse as refuseWith } from './refuse.js';
import { type CodeOf, codeOf } from './undecryptable.js';

/** Adds the effect of `envelope`, whose bytes are `encoded`, to the plan. Throws `StoreError`. */
export async function receiveMessage(core: Core, plan: Plan, envelope: Envelope, encoded: Uint8Array): Promise<Handled> {
  const { sessions, account, early } = core;
  const { from, to, sessionId, payload } = envelope;
  const refuse = (code: CodeOf<'message'>): Handled => refuseWith(core, plan, 'message', code, envelope);
  if (isGroupEnvelope(envelope)) return receiveGroupMessage(core, plan, envelope, encoded);
  if (payload.kind === 'group') return refuse('wrong-recipient');
  if (isGroupAddress(to) || !(sameDevice(to, account.address) || (to.deviceId === '' && sameUser(to, account.address)))) {
    return refuse('wrong-recipient');
  }
  const index = sessions.find(sessionId);
  if (index === undefined) return refuse('unknown-session');
  if (!sameDevice(index.peer, from)) return refuse('wrong-sender');
  const isEarly = needsAccept(index);
  // The accept comes before its messages: the state that is lost has had it.
  if (isEarly && sessions.givenUpBy(sessionId) === 'us') return refuse('session-given-up');
  // What came before the accept is opened first: messages of one sender stay in order.
  if (isEarly || early.count(sessionId) > 0) {
    const held = early.hold({ sessionId, from, heldAt: core.options.clock.now(), envelope: encoded });
    if (held !== undefined) {
      plan.add(held);
      if (!isEarly) plan.afterwards(() => early.wake(sessionId));
      return handled.succeeded;
    }
    if (isEarly) return refuse('not-ready');
  }
  return openMessage(core, plan, envelope);
}

/** Adds the effect of a message of a session that is ready, or proved ready by it. Throws `StoreError`. */
export async function openMessage(core: Core, plan: Plan, envelope: Envelope): Promise<Handled> {
  const { sessionId, messageId, payload } = envelope;
  if (payload.kind === 'group') return refuseWith(core, plan, 'message', 'wrong-recipient', envelope);
  const opened = await core.sessions.open(sessionId);
  const session = opened.session.state === 'ready' ? opened.session : impliedReady(opened.session);
  if (session === undefined) throw new InternalError('session-state', 'a message is to be opened before its accept has come');
  let decrypted: DecryptedMessage;
  try {
    decrypted = await core.options.asymmetric.run(decryptMessage(session, opened.skipped.keys, payload.message));
  } catch (error) {
    return refuseWith(core, plan, 'message', codeOf('message', error), envelope);
  }
  if (opened.session.state === 'invited') decrypted = { ...decrypted, session: await takeUp(core, plan, decrypted.session) };
  const state = await takeContent(core, plan, decrypted, envelope);
  await putSession(core, plan, opened, decrypted);
  plan.afterwards(() => core.options.logger.debug({ messageId }, 'message opened'));
  return state;
}

/** The new state of the session, and the end of those that it has outlived: only a message that was opened proves that it may. */
async function putSession({ sessions }: Core, plan: Plan, opened: StoredSession, decrypted: DecryptedMessage): Promise<void> {
  plan.add(sessions.change(opened, decrypted.session, decrypted.skippedChange)).retire(decrypted.retired);
  const outdated = sessions.outdated(decrypted.session);
  if (outdated.length > 0) plan.add(await sessions.remove(outdated));
}

async function takeContent(core: Core, plan: Plan, { plaintext, session }: DecryptedMessage, envelope: Envelope): Promise<Handled> {
  const { from, messageId } = envelope;
  let content: Content;
  try {
    content = decodeContent(plaintext, plaintext.length);
  } catch (error) {
    plaintext.fill(0);
    return refuseWith(core, plan, 'content', codeOf('content', error), envelope);
  }
  // An application's bytes are a view of the plaintext.
  if (content.kind !== 'common' && content.kind !== 'sync') plaintext.fill(0);
  switch (content.kind) {
    case 'common':
      return toInbox(core, plan, session, messageId, 'message', content.bytes);
    case 'sync':
      if (!isFromMe(core, session)) return notFromMe(core, plan, envelope);
      return toInbox(core, plan, session, messageId, 'own-device-copy', content.bytes);
    case 'user-devices': {
      if (!isFromMe(core, session)) return notFromMe(core, plan, envelope);
      const { devices } = content;
      plan.afterwards(() => {
        if (devices.deviceIds.length === 0) core.inviter.want(devices);
        for (const deviceId of devices.deviceIds) core.inviter.want(devices, deviceId);
      });
      // A restart before the invite must not forget whom we were told of. One that is not trusted itself cannot vouch for others.
      const approval = isApproved(core, from) ? undefined : 'asked';
      for (const deviceId of devices.deviceIds) {
        meetDevice(core, plan, { domain: devices.domain, userId: devices.userId, deviceId }, approval);
      }
      return handled.succeeded;
    }
    case 'group-pre-key-bundle':
    case 'group-update-key-bundle':
      return receiveKeys(core, plan, session, content);
  }
}

/** Only own devices may speak for us. Weaknesses P20. */
function isFromMe({ account }: Core, session: ReadySession): boolean {
  return sameUser(session.theirAddress, account.address);
}

function notFromMe(core: Core, plan: Plan, envelope: Envelope): Handled {
  return refuseWith(core, plan, 'content', 'wrong-sender', envelope);
}

async function toInbox(
  core: Core,
  plan: Plan,
  session: ReadySession,
  messageId: MessageId,
  kind: 'message' | 'own-device-copy',
  bytes: Uint8Array,
): Promise<Handled> {
  const { inbox, peers, events, options } = core;
  const from = session.theirAddress;
  const delivered = await peers.delivered(from);
  // Encrypted anew under another session because the sender could not know that it had arrived. Design D6.
  if (delivered.has(messageId)) return handled.succeeded;
  const added = inbox.add({ kind, from, group: undefined, messageId, receivedAt: options.clock.now(), bytes });
  plan.add(delivered.add(messageId)).add(added.change);
  plan.afterwards(() => {
    added.arrived();
    events.emit({ type: kind === 'message' ? 'message' : 'own-device-message', from, messageId });
  });
  return handled.succeeded;
}
