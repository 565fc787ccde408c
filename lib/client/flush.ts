/** Waiting until what was sent has left this device. */
import { userKey } from '../base/address.js';
import { ProtocolError, UsageError } from '../base/errors.js';
import type { PendingTarget } from '../store/client/queue-rows.js';
import { isApproved } from './approval.js';
import type { Core } from './core.js';
import type { Inviter } from './inviter.js';

/**
 * Resolves when everything sent so far, what waits for sessions or for the keys of a group and changes of groups included, was answered by the relay or refused for good (event
 * `request-refused`). Rejects with the signal's reason, with `UsageError('client-closed')`, and with `ProtocolError('unreachable-user')` when
 * something waits for a user who cannot be invited.
 */
export function flush(core: Core, inviter: Inviter, signal?: AbortSignal): Promise<void> {
  const { outbox, pending, groupWaiting, orders, closing } = core;
  let bound: number | undefined;
  // What waits for the application's approval of a device leaves when that is given, if ever.
  const waiting = (): PendingTarget[] => pending.targets().filter((target) => !('deviceId' in target) || isApproved(core, target));
  const isDone = (): boolean => {
    if (bound === undefined && waiting().length === 0 && groupWaiting.total === 0 && orders.size === 0) bound = outbox.next;
    return bound !== undefined && outbox.isAnswered(bound);
  };
  return new Promise((resolve, reject) => {
    const release: (() => void)[] = [];
    const end = (act: () => void): void => {
      for (const undo of release.splice(0)) undo();
      act();
    };
    const look = (): void => {
      if (signal?.aborted === true) end(() => reject(asError(signal.reason)));
      else if (closing.aborted) end(() => reject(new UsageError('client-closed', 'the client was closed')));
      else if (isDone()) end(resolve);
      else {
        const failed = bound === undefined ? waiting().find((user) => inviter.failure(user) !== undefined) : undefined;
        if (failed === undefined) return;
        const code = inviter.failure(failed) ?? '';
        end(() => reject(new ProtocolError('unreachable-user', `a message waits for ${userKey(failed)}, who cannot be invited: ${code}`)));
      }
    };
    release.push(outbox.watch(look), inviter.watch(look), orders.watch(look));
    release.push(core.events.on('session-ready', look), core.events.on('session-lost', look));
    release.push(core.events.on('group-ready', look), core.events.on('group-members-removed', look), core.events.on('group-left', look));
    for (const watched of [signal, closing]) {
      watched?.addEventListener('abort', look, { once: true });
      release.push(() => watched?.removeEventListener('abort', look));
    }
    look();
  });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new UsageError('aborted', 'the call was given up');
}
