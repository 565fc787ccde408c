/** What becomes of a push. */
import type { PushState } from '../store/client/queue-rows.js';

/** What a push led to: how the relay is told. */
export type Handled = PushState;

/** How a push was handled, as the wire spells it. Spec: wire.md §3 (ProtoMsgOpState). */
export const handled = { succeeded: 1, failedSignature: 2, failedDecryption: 3 } as const;
