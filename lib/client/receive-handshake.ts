/** Invites and accepts. Spec: one2one.md §2.2 to §2.4. */
import { sameDevice } from '../base/address.js';
import type { SessionId } from '../base/brand.js';
import { type Accepted, type Completed, accept, complete } from '../session/handshake.js';
import { type Accept, type Invite, acceptOf } from '../session/session.js';
import { deleteOneTimePreKey } from '../store/client/account-rows.js';
import type { StoredSession } from '../store/client-store.js';
import type { SessionIndex } from '../store/client/session-rows.js';
import { requests } from '../wire/request.js';
import { takeUp } from './answered-invite.js';
import { approvalOf } from './approval.js';
import type { Core } from './core.js';
import { meetDevice, reportNewDevice } from './devices.js';
import { flushPending, queueRequests } from './mailer.js';
import type { NewOutboxEntry } from './outbox.js';
import type { Plan } from './plan.js';
import { type Handled, handled } from './push-outcome.js';
import { secretsOf } from './session-book.js';
import { refuse as refuseWith } from './refuse.js';
import { type CodeOf, codeOf } from './undecryptable.js';

function acceptRequest(answer: Accept, sessionId: SessionId): NewOutboxEntry {
  return { kind: 'accept', device: answer.to, sessionId, origin: undefined, body: requests.accept.encodeRequest({ accept: answer }) };
}

/** Adds the answer to an invite: a session that is ready at once. Throws `StoreError`. */
export async function receiveInvite(core: Core, plan: Plan, invite: Invite): Promise<Handled> {
  const { account, sessions, peers, events, options, store, pending } = core;
  const { from, sessionId, inviteTime } = invite;
  if (!sameDevice(invite.to, account.address)) return refuseUnseen(core, plan, invite, 'wrong-recipient');
  if (sessions.find(sessionId) !== undefined) return answerAgain(core, plan, invite);
  const approval = approvalOf(core, from);
  if (approval === 'rejected') return refuseUnseen(core, plan, invite, 'device-rejected');
  if (!peers.hasRoomFor([from], options.limits.knownDevices)) return refuseUnseen(core, plan, invite, 'too-many-devices');
  if (inviteTime > 0 && inviteTime <= account.storeSince) return refuseOutlived(core, plan, invite);
  plan.afterwards(() => events.emit({ type: 'invited', device: from, sessionId }));
  const refuse = (code: CodeOf<'invite'>): Handled => refuseUnseen(core, plan, invite, code);
  const oneTimePreKey = invite.oneTimePreKeyId === 0 ? undefined : await store.loadOneTimePreKey(invite.oneTimePreKeyId);
  if (invite.oneTimePreKeyId !== 0 && oneTimePreKey === undefined) {
    const wasMade = invite.oneTimePreKeyId < account.account.nextOneTimePreKeyId;
    if (!wasMade) return refuse('unknown-pre-key');
    meetDevice(core, plan, from);
    return refuse('pre-key-spent');
  }
  try {
    const pins = peers.check(from, { agreement: invite.identityKey }, options.clock.now(), approval);
    if (pins.changed) {
      const accepted = options.identityChange === 'accept';
      plan.afterwards(() => events.emit({ type: 'identity-changed', device: from, accepted }));
      if (!accepted) return refuse('identity-changed');
    }
    let accepted: Accepted;
    try {
      accepted = await options.asymmetric.run(accept({ account: account.account, oneTimePreKey, invite, now: options.clock.now() }));
    } catch (error) {
      const code = codeOf('invite', error);
      if (code === 'unknown-pre-key') meetDevice(core, plan, from);
      return refuse(code);
    }
    reportNewDevice(core, plan, from);
    plan.create(secretsOf(accepted.session)).add(pins.change);
    plan.add(await sessions.remove(sessions.surplus(from, pins.changed)));
    const flushed = await flushPending(core, plan, accepted.session);
    plan.add(sessions.add(flushed.session)).create(secretsOf(flushed.session));
    queueRequests(core, plan, [acceptRequest(accepted.accept, sessionId), ...flushed.entries]);
    if (oneTimePreKey !== undefined) plan.write(deleteOneTimePreKey(oneTimePreKey.id));
  } finally {
    oneTimePreKey?.keyPair.privateKey.wipe();
  }
  plan.afterwards(() => {
    events.emit({ type: 'session-ready', device: from, sessionId, direction: 'inbound' });
    // What waits for the user as a whole waits for all its devices, which only the relay can name.
    if (pending.count({ domain: from.domain, userId: from.userId }) > 0) core.inviter.want(from);
  });
  return handled.succeeded;
}

function refuseUnseen(core: Core, plan: Plan, { from, sessionId }: Invite, code: CodeOf<'invite'>): Handled {
  return refuseWith(core, plan, 'invite', code, { from, sessionId, messageId: undefined });
}

/**
 * An invite from before our store took the place of a newer one, whose state may have answered it: the inviter would know that answer, not ours. A
 * session the other way round serves both. Design D4.
 */
function refuseOutlived(core: Core, plan: Plan, invite: Invite): Handled {
  const { from } = invite;
  meetDevice(core, plan, from);
  plan.afterwards(() => core.inviter.want(from, from.deviceId));
  return refuseUnseen(core, plan, invite, 'store-rolled-back');
}

/** The accept may have been lost: the same one again. An invite of somebody else with the same id is nobody's. Spec: one2one.md §2.4. */
async function answerAgain(core: Core, plan: Plan, invite: Invite): Promise<Handled> {
  const { from, sessionId } = invite;
  const { sessions } = core;
  const index = sessions.find(sessionId);
  if (index?.role !== 'responder' || !sameDevice(index.peer, from)) return refuseUnseen(core, plan, invite, 'wrong-sender');
  if (sessions.isGivenUp(sessionId)) return handled.succeeded;
  const { session } = await sessions.open(sessionId);
  const answer = session.state === 'ready' ? acceptOf(session) : undefined;
  const isQueued = core.outbox.forDevice(from).some((request) => request.kind === 'accept' && request.sessionId === sessionId);
  if (answer !== undefined && !isQueued) queueRequests(core, plan, [acceptRequest(answer, sessionId)]);
  return handled.succeeded;
}

/** Adds the completion of the session whose invite `answer` answers. Throws `StoreError`. */
export async function receiveAccept(core: Core, plan: Plan, answer: Accept): Promise<Handled> {
  const found = await completed(core, answer);
  const about = { from: answer.from, sessionId: undefined, messageId: undefined };
  if (found === undefined) {
    if (!wasTaken(core, answer)) return refuseWith(core, plan, 'accept', 'unknown-session', about);
    // It may be the first that has come for an invite which a message has already proved to be answered.
    return answer.suite.agreement.kind === 'kem' ? refuseWith(core, plan, 'accept', 'duplicate', about) : handled.succeeded;
  }
  const { opened, result } = found;
  if ('refusal' in result) return refuseWith(core, plan, 'accept', result.refusal, about);
  plan.create(secretsOf(result.session));
  const session = await takeUp(core, plan, result.session);
  plan.add(core.sessions.change(opened, session)).retire(result.retired).create(secretsOf(session));
  return handled.succeeded;
}

/**
 * Whether a session of ours with that device needs no accept any more: a repeated invite is answered again, and the relay may pass on one accept twice.
 * Spec: one2one.md §2.4.
 */
function wasTaken({ account, sessions }: Core, { from, to }: Accept): boolean {
  const isTaken = ({ sessionId, role, state }: SessionIndex): boolean =>
    role === 'initiator' && (state === 'ready' || sessions.isGivenUp(sessionId));
  return sameDevice(to, account.address) && sessions.allOfDevice(from).some(isTaken);
}

interface Candidate {
  readonly opened: StoredSession;
  readonly result: Completed | { readonly refusal: CodeOf<'accept'> };
}

/** The invite that `answer` was made for: it names none, so each under way is tried, newest first. Spec: one2one.md §2.3, weaknesses P13. */
async function completed(core: Core, answer: Accept): Promise<Candidate | undefined> {
  const { sessions, account, options } = core;
  if (!sameDevice(answer.to, account.address)) return undefined;
  let refused: Candidate | undefined;
  for (const { sessionId, state } of sessions.allOfDevice(answer.from)) {
    if (state !== 'invited') continue;
    const opened = await sessions.open(sessionId);
    if (opened.session.state !== 'invited') continue;
    try {
      const result = await options.asymmetric.run(complete({ account: account.account, session: opened.session, accept: answer }));
      if (result !== undefined) return { opened, result };
    } catch (error) {
      refused = { opened, result: { refusal: codeOf('accept', error) } };
    }
  }
  return refused;
}
