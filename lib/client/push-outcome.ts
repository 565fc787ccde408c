/** What becomes of a push. */
import type { PushState } from '../store/client/queue-rows.js';
import type { ReceivedPush } from '../wire/push.js';

/** What a push led to: how the relay is told, or `later`: the push stays unacknowledged until something else has come. */
export type Handled = PushState | 'later';

/** How a push was handled, as the wire spells it. Spec: wire.md §3 (ProtoMsgOpState). */
export const handled = { succeeded: 1, failedSignature: 2, failedDecryption: 3 } as const;

/** Messages that came before the accept of their session. */
export interface EarlyMessages {
  /** Keeps a message for a session that is not ready; whether there was room. */
  hold(sessionId: string, push: ReceivedPush): boolean;
  /** The session can open messages now. */
  sessionReady(sessionId: string): void;
}
