/** What becomes of a push whose handling has failed, or whose outer form cannot be read. */
import type { DecodeError } from '../base/errors.js';
import type { Core } from './core.js';
import type { Arrived } from './held-pushes.js';
import { pushLock } from './lock-names.js';
import { Plan } from './plan.js';
import { aboutNothing, refuse } from './refuse.js';
import { concernsOneThing, countFailure } from './set-aside-pushes.js';
import { codeOf } from './undecryptable.js';

/** Wait before a push is tried again whose handling has failed, ms, times the number of failures. */
const retryWait = 1_000;

/**
 * `over`: it needs nothing more. `come-again`: with everything that came behind it, over a new connection. A number: to be handled again after so
 * many ms.
 */
export type AfterFailure = 'over' | 'come-again' | number;

/** Reports and counts that the handling of a push has failed, and tells what is to be done. Never rejects. */
export async function afterFailure(core: Core, { push, bytes }: Arrived, error: unknown): Promise<AfterFailure> {
  core.events.emit({ type: 'error', error, during: `handling a push of kind ${push.payload.kind}` });
  if (!concernsOneThing(error)) return 'come-again';
  // One without an id does not come again.
  if (push.tag === undefined) return 'over';
  try {
    const failures = await countFailure(core, push, bytes, push.tag.id, error);
    return failures === 'set-aside' ? 'over' : failures * retryWait;
  } catch (uncounted) {
    if (!core.closing.aborted) core.events.emit({ type: 'error', error: uncounted, during: 'counting a failure' });
    return 'come-again';
  }
}

/**
 * Refuses a push of which nothing but its id can be read: counted and remembered in one commit, then consumed as failed, so that it does not come
 * again. Rejects with `StoreError`.
 */
export function refuseUnreadable(core: Core, id: string, error: DecodeError): Promise<void> {
  const { pushes, steps } = core;
  return steps.run([pushLock(id)], () => {
    if (pushes.isKnown(id)) return { writes: [], result: undefined, after: () => pushes.consume(id) };
    const plan = new Plan();
    const state = refuse(core, plan, 'push', codeOf('push', error), aboutNothing);
    plan.add(pushes.add(id, state));
    return plan.afterwards(() => pushes.consume(id, true)).finish(undefined);
  });
}
