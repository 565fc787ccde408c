/** What follows when an invite of ours proves to be answered. Spec: one2one.md §2.3. */
import type { ReadySession } from '../session/session.js';
import type { SessionIndex } from '../store/client/session-rows.js';
import type { Core } from './core.js';
import { flushPending, queueRequests } from './mailer.js';
import type { Plan } from './plan.js';

/**
 * Whether nothing of the session can be opened before its accept. That of a suite without a KEM says nothing that is not known, and names no
 * session: with several invites under way it may be taken for the answer to another one, so a message that opens is the better proof.
 */
export function needsAccept({ state, suite }: SessionIndex): boolean {
  return state === 'invited' && suite.agreement.kind === 'kem';
}

/** Adds that `session` is taken up and what waited for it is sealed; returns the session after that, for the caller to put into its book. Throws `StoreError`. */
export async function takeUp(core: Core, plan: Plan, session: ReadySession): Promise<ReadySession> {
  const { sessions, events, early } = core;
  const { sessionId, theirAddress } = session;
  // What the relay brings after the news of another store is that store's: the invite had met it already, and the session is a new one for it.
  const isTakenUp = sessions.givenUpBy(sessionId) === 'them';
  const isUsed = isTakenUp || !sessions.isGivenUp(sessionId);
  const flushed = isUsed ? await flushPending(core, plan, session) : { session, entries: [] };
  if (isTakenUp) plan.add(sessions.takeUpAgain(sessionId));
  queueRequests(core, plan, flushed.entries);
  plan.afterwards(() => {
    if (isUsed) events.emit({ type: 'session-ready', device: theirAddress, sessionId, direction: 'outbound' });
    early.wake(sessionId);
  });
  return flushed.session;
}
