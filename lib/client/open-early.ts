/** Opens messages that came before the accept of their session, or gives them up. Spec: one2one.md §2.3, §4. */
import { sameDevice } from '../base/address.js';
import type { SessionId } from '../base/brand.js';
import { limits } from '../base/limits.js';
import { decodeEnvelope } from '../wire/message.js';
import { needsAccept } from './answered-invite.js';
import type { Core } from './core.js';
import type { WaitingEarly } from './early-messages.js';
import { userLock } from './lock-names.js';
import { Plan } from './plan.js';
import { openMessage } from './receive-message.js';
import { concernsOneThing, setMessageAside } from './set-aside-pushes.js';
import type { Transition } from './step.js';
import { refuse } from './refuse.js';

/** Takes everything that waits for a session, in order, as far as it can be taken; never rejects. */
export async function openEarly(core: Core, sessionId: SessionId): Promise<void> {
  const { early, events, closing } = core;
  try {
    let isMore = true;
    while (isMore) {
      // Their steps are queued together, so that nothing that comes meanwhile gets in between.
      const taken = await Promise.all(early.waiting(sessionId).map((waiting) => take(core, waiting)));
      isMore = taken.includes(true) && early.count(sessionId) > 0;
    }
  } catch (error) {
    if (!closing.aborted) events.emit({ type: 'error', error, during: 'opening messages that came before their session' });
  }
}

/** Whether the message was taken. Rejects with `StoreError`. */
function take(core: Core, waiting: WaitingEarly): Promise<boolean> {
  const { steps } = core;
  const keys = [userLock(waiting.from)];
  return steps
    .run(keys, () => takeFirst(core, waiting))
    .catch((error: unknown) => {
      if (!concernsOneThing(error)) throw error;
      return steps.run(keys, () => setFirstAside(core, waiting, error));
    });
}

/** Results in whether the message was taken: it is not when its session is not ready, or another has to go first. */
async function takeFirst(core: Core, waiting: WaitingEarly): Promise<Transition<boolean>> {
  const { early, sessions, store, options } = core;
  const { sessionId, sequence, from, heldAt } = waiting;
  if (early.first(sessionId)?.sequence !== sequence) return { writes: [], result: false };
  const index = sessions.find(sessionId);
  const isLost = index === undefined || !sameDevice(index.peer, from);
  const isOld = options.clock.now() - heldAt > limits.heldGroupTime;
  if (!isLost && !isOld && needsAccept(index)) return { writes: [], result: false };
  const plan = new Plan().add(early.remove(waiting));
  const message = await store.loadEarlyMessage(sessionId, sequence);
  if (message === undefined) return plan.finish(true);
  const envelope = decodeEnvelope(message.envelope);
  if (isLost || needsAccept(index)) refuse(core, plan, 'message', 'not-opened', envelope);
  else await openMessage(core, plan, envelope);
  return plan.finish(true);
}

/** A message that cannot be handled must not hold up those behind it. */
async function setFirstAside(core: Core, waiting: WaitingEarly, error: unknown): Promise<Transition<boolean>> {
  const { early, store } = core;
  const { sessionId, sequence, from } = waiting;
  const plan = new Plan().add(early.remove(waiting));
  // The row itself may be what cannot be read.
  const message = await store.loadEarlyMessage(sessionId, sequence).catch(() => undefined);
  setMessageAside(core, plan, from, message?.envelope, error);
  return plan.finish(true);
}
