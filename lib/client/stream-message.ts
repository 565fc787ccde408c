/** What the client says on the stream beside its requests: signs of life, and which pushes it wants again. Spec: server.md §4, wire.md §10. */
import { limits } from '../base/limits.js';
import { TransportError } from '../base/errors.js';
import type { Connection } from '../transport/transport.js';
import { type PushPayload, type PushTag, encodePayload, encodePush } from '../wire/push.js';
import type { Core } from './core.js';

function encoded({ account }: Pick<Core, 'account'>, payload: PushPayload): Uint8Array {
  const { address } = account;
  return encodePush({ tag: undefined, from: address, to: address, payload: encodePayload(payload), signatures: [] });
}

/**
 * Sends a ClientHeartbeatMsg at the relay's interval until `connection` ends; the relay answers with a ServerHeartbeatMsg. A relay that says nothing any more is
 * noticed by the connection itself.
 */
export function sendHeartbeats(core: Core, connection: Connection): void {
  const { clock } = core.options;
  const { heartbeatInterval } = connection.welcome;
  if (heartbeatInterval <= 0) return;
  const interval = Math.min(Math.max(heartbeatInterval, limits.shortestHeartbeat), limits.longestHeartbeat);
  let cancel: () => void;
  const beat = (): void => {
    try {
      connection.push(encoded(core, { kind: 'client-heartbeat', value: { time: clock.now() } }));
    } catch (error) {
      // It has just ended.
      if (!(error instanceof TransportError)) throw error;
      return;
    }
    cancel = clock.schedule(interval, beat);
  };
  cancel = clock.schedule(interval, beat);
  void connection.closed.then(() => {
    cancel();
  });
}

/** Asks for every push after `last` that the relay still has; without one, for all of them. Rejects with `TransportError('offline')`. */
export async function acquireSync(core: Core, last: () => PushTag | undefined, signal?: AbortSignal): Promise<void> {
  const connection = await core.link.connected(signal);
  // Looked up now: the connection may just have been made, and then everything is on its way anyway.
  connection.push(encoded(core, { kind: 'acquire-sync', value: { last: last() } }));
}
