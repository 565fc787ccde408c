/** What devices acknowledge. Spec: server.md §3 (consume_proto_msg). */
import { pushOutcomes } from '../wire/message-request.js';
import type { Handler } from './context.js';
import { Refusal, responseCode } from './refusal.js';

/** consume_proto_msg: deletes a push from the device's own mailbox. A failed outcome is logged: many of them point at a broken client. */
export const consumePush: Handler<'consume_proto_msg'> = async (context, caller, { pushId, outcome }) => {
  if (!(await context.mailboxes.consume(caller, pushId, () => context.counters.writes(caller))))
    throw new Refusal(responseCode.notFound, 'no such push');
  if (outcome !== pushOutcomes.unspecified && outcome !== pushOutcomes.succeeded) {
    context.logger.warn({ outcome }, 'a device could not handle a push');
  }
  return {};
};
