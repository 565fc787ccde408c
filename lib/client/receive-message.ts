/** A message of a peer device. Spec: one2one.md §4. */
import { sameDevice, sameUser } from '../base/address.js';
import type { MessageId } from '../base/brand.js';
import { DecodeError, E2eeError, InternalError } from '../base/errors.js';
import { type DecryptedMessage, type ReadySession, decryptMessage } from '../session/session.js';
import type { StoredSession } from '../store/client-store.js';
import { isGroupAddress } from '../wire/address.js';
import { type Content, type Envelope, decodeContent } from '../wire/message.js';
import type { ReceivedPush } from '../wire/push.js';
import { isApproved } from './approval.js';
import type { Core } from './core.js';
import { meetDevice } from './devices.js';
import { receiveKeys } from './group-keys.js';
import { isGroupEnvelope, receiveGroupMessage } from './group-message.js';
import type { Plan } from './plan.js';
import { type EarlyMessages, type Handled, handled } from './push-outcome.js';

/** Codes of messages that were opened before, or can never be opened by anybody: a new session would not help. */
const harmlessCodes: readonly string[] = ['duplicate', 'stale', 'wrong-recipient', 'wrong-sender'];

/** Adds the effect of `envelope` to the plan. Throws `StoreError`. */
export async function receiveMessage(
  core: Core,
  early: EarlyMessages,
  plan: Plan,
  push: ReceivedPush,
  envelope: Envelope,
): Promise<Handled> {
  const { sessions, account } = core;
  const { from, to, sessionId, messageId, payload } = envelope;
  const refuse = (code: string): Handled => refuseMessage(core, plan, envelope, code);
  if (isGroupEnvelope(envelope)) return receiveGroupMessage(core, plan, envelope, push.payload.bytes);
  if (payload.kind === 'group') return refuse('wrong-recipient');
  if (isGroupAddress(to) || !(sameDevice(to, account.address) || (to.deviceId === '' && sameUser(to, account.address)))) {
    return refuse('wrong-recipient');
  }
  const index = sessions.find(sessionId);
  if (index === undefined) return refuse('unknown-session');
  if (!sameDevice(index.peer, from)) return refuse('wrong-sender');
  if (index.state === 'invited') return early.hold(sessionId, push) ? 'later' : refuse('not-ready');
  const opened = await sessions.open(sessionId);
  const { session } = opened;
  if (session.state !== 'ready') throw new InternalError('session-state', 'the index calls a session ready that is not');
  let decrypted: DecryptedMessage;
  try {
    decrypted = await core.options.asymmetric.run(decryptMessage(session, opened.skipped.keys, payload.message));
  } catch (error) {
    if (!(error instanceof E2eeError) || error instanceof InternalError) throw error;
    return refuse(error.code);
  }
  const state = await takeContent(core, plan, decrypted, envelope);
  await putSession(core, plan, opened, decrypted);
  plan.afterwards(() => core.options.logger.debug({ messageId }, 'message opened'));
  return state;
}

function refuseMessage({ events, inviter }: Core, plan: Plan, envelope: Envelope, code: string): Handled {
  const { from, sessionId, messageId } = envelope;
  plan.afterwards(() => {
    events.emit({ type: 'undecryptable', from, sessionId, messageId, code });
    if (!harmlessCodes.includes(code)) inviter.repair(from);
  });
  return handled.failedDecryption;
}

/** The new state of the session, and the end of those that it has outlived: only a message that was opened proves that it may. */
async function putSession({ sessions }: Core, plan: Plan, opened: StoredSession, decrypted: DecryptedMessage): Promise<void> {
  plan.add(sessions.change(opened, decrypted.session, decrypted.skippedChange)).retire(decrypted.retired);
  const outdated = sessions.outdated(decrypted.session);
  if (outdated.length > 0) plan.add(await sessions.remove(outdated));
}

async function takeContent(core: Core, plan: Plan, { plaintext, session }: DecryptedMessage, envelope: Envelope): Promise<Handled> {
  const { events } = core;
  const { from, sessionId, messageId } = envelope;
  let content: Content;
  try {
    content = decodeContent(plaintext, plaintext.length);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    plan.afterwards(() => events.emit({ type: 'undecryptable', from, sessionId, messageId, code: error.code }));
    return handled.failedDecryption;
  } finally {
    plaintext.fill(0);
  }
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

function notFromMe({ events }: Core, plan: Plan, { from, sessionId, messageId }: Envelope): Handled {
  plan.afterwards(() => events.emit({ type: 'undecryptable', from, sessionId, messageId, code: 'wrong-sender' }));
  return handled.failedDecryption;
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
  plan.add(delivered.add(messageId)).add(added);
  plan.afterwards(() => {
    added.arrived();
    events.emit({ type: kind === 'message' ? 'message' : 'own-device-message', from, messageId });
  });
  return handled.succeeded;
}
