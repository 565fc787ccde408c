/** Refusing what was received: counted, reported, recovered from as the table says (undecryptable.ts). */
import type { DeviceAddress } from '../base/address.js';
import type { MessageId, SessionId } from '../base/brand.js';
import type { Core } from './core.js';
import type { Plan } from './plan.js';
import { type Handled, handled } from './push-outcome.js';
import { type CodeOf, type Recovery, type Subject, recoveries } from './undecryptable.js';

/** What is known of what was refused. */
export interface About {
  readonly from: DeviceAddress | undefined;
  readonly sessionId: SessionId | undefined;
  readonly messageId: MessageId | undefined;
}

/** Nothing is known of it. */
export const aboutNothing: About = { from: undefined, sessionId: undefined, messageId: undefined };

/** Adds a refusal: counted in the step's commit, reported and recovered from after it. */
export function refuse<S extends Exclude<Subject, 'signature' | 'group-message-held'>>(
  core: Core,
  plan: Plan,
  subject: S,
  code: CodeOf<S>,
  { from, sessionId, messageId }: About,
): Handled {
  const bySubject: Readonly<Record<string, Recovery>> = recoveries[subject];
  const recovery = bySubject[code] ?? 'dropped';
  plan.add(core.refusals.add(code));
  plan.afterwards(() => {
    core.events.emit({ type: 'undecryptable', from, sessionId, messageId, code, recovery });
    if (recovery === 'new-session' && from !== undefined) core.inviter.repair(from);
  });
  return handled.failedDecryption;
}
