/** What a user changes about itself: told to the own other devices and to everybody with a session. Spec: server.md §3 (update_user). */
import { DecodeError, UsageError } from '../base/errors.js';
import { type UserChange, userOperations } from '../wire/notification.js';
import { requests } from '../wire/request.js';
import type { Core } from './core.js';
import { accountLock } from './lock-names.js';
import { queueRequests } from './mailer.js';
import { Plan } from './plan.js';

/**
 * Stores the request that makes `change` known; resolves when that is durable, whatever happens then. Rejects with `UsageError('user-change')`
 * (too long, empty, or no number of 32 bits) and `StoreError`; then nothing is sent.
 */
export async function updateUser(core: Core, change: UserChange): Promise<void> {
  const { account, options, steps } = core;
  const modified = options.clock.now();
  const update = { modified, user: account.address, operation: userOperations[change.kind], change };
  const body = checked(change, requests.update_user.encodeRequest({ update }));
  // Of two changes the one that was made later must arrive later.
  return steps.run([accountLock], () => {
    const plan = new Plan();
    queueRequests(core, plan, [{ kind: 'update_user', device: undefined, sessionId: undefined, origin: undefined, body }]);
    return plan.finish(undefined);
  });
}

/** Everybody who is told would refuse what breaks the bounds of the schema, so it is not begun. */
function checked(change: UserChange, body: Uint8Array): Uint8Array {
  if (change.kind === 'state' && (change.state | 0) !== change.state) throw refusal('a state is a whole number of 32 bits');
  try {
    requests.update_user.decodeRequest(body);
    return body;
  } catch (error) {
    if (error instanceof DecodeError) throw refusal(error.message);
    throw error;
  }
}

function refusal(reason: string): UsageError {
  return new UsageError('user-change', `the change cannot be made known: ${reason}`);
}
