/**
 * Requests that the relay refuses: told, tried again at the next starts, then given up.
 *
 * Owns: how often, and what goes with a request that is given up. Does not own: which answers are refusals (verdict.ts).
 */
import { limits } from '../base/limits.js';
import { deleteOutboxEntry, putOutboxEntry } from '../store/client/queue-rows.js';
import type { Core } from './core.js';
import type { QueuedRequest } from './lane.js';
import { userLock } from './lock-names.js';
import type { Outcome } from './outbox.js';
import { Plan } from './plan.js';

/** Tells the application of a refusal, and who waits for the user that an invite was for. */
export function reportRefusal({ events, inviter }: Core, { kind, device, group, messageId }: QueuedRequest, code: number): void {
  events.emit({ type: 'request-refused', request: kind, code, device, group, messageId });
  if (kind === 'invite' && device !== undefined) inviter.giveUp(device, 'request-refused');
}

/** Counts a refusal: the request is set aside until the next start, or given up. Rejects with `StoreError`. */
export async function refuseRequest(core: Core, request: QueuedRequest, code: number): Promise<Outcome> {
  const refusals = request.refusals + 1;
  const isFinal = refusals >= limits.refusalsPerRequest;
  await core.steps.run(locksOf(request), async () => {
    const plan = new Plan();
    plan.afterwards(() => reportRefusal(core, request, code));
    if (isFinal) await giveUp(core, plan, request);
    else {
      const entry = await core.store.loadOutboxEntry(request.sequence);
      // Taken back while the answer was on its way: nothing is left to be counted.
      if (entry !== undefined) plan.write(putOutboxEntry({ ...entry, refusals }));
      entry?.origin?.content.fill(0);
    }
    return plan.finish(undefined);
  });
  return isFinal ? 'done' : 'aside';
}

/** Gives up every request that was set aside; how many there were. Rejects with `StoreError`. */
export async function dropRefused(core: Core): Promise<number> {
  await core.steps.settled();
  const { outbox, steps } = core;
  let dropped = 0;
  for (const request of outbox.refused) {
    const isDropped = await steps.run(locksOf(request), async () => {
      // It may have gone with its device meanwhile.
      if (!outbox.refused.includes(request)) return { writes: [], result: false };
      const plan = new Plan();
      await giveUp(core, plan, request);
      return plan.finish(true);
    });
    if (isDropped) dropped += 1;
  }
  return dropped;
}

function locksOf({ device }: QueuedRequest): string[] {
  return device === undefined ? [] : [userLock(device)];
}

/** Adds the end of a request. An invite takes its session along: otherwise a reminder would make the request anew. */
async function giveUp({ sessions, outbox, events }: Core, plan: Plan, request: QueuedRequest): Promise<void> {
  const { kind, device, group, messageId, sequence, sessionId } = request;
  plan.write(deleteOutboxEntry(sequence)).apply(() => outbox.drop(new Set([sequence])));
  if (kind === 'invite' && sessionId !== undefined && sessions.find(sessionId)?.state === 'invited') {
    plan.add(await sessions.remove([sessionId]));
  }
  plan.afterwards(() => {
    events.emit({ type: 'request-dropped', request: kind, device, group, messageId });
    outbox.pump();
  });
}
