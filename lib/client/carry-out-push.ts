/** What each kind of push does, once it has been checked whom it is for and who signed it. Spec: one2one.md §7. */
import { sameDevice } from '../base/address.js';
import { DecodeError } from '../base/errors.js';
import type { PushPayload, ReceivedPush } from '../wire/push.js';
import type { Core } from './core.js';
import type { Decoded } from './decoded-push.js';
import { receiveGroupChange } from './group-receive.js';
import { receiveNotice } from './notices.js';
import type { Plan } from './plan.js';
import { type Handled, handled } from './push-outcome.js';
import { receiveAccept, receiveInvite } from './receive-handshake.js';
import { receiveMessage } from './receive-message.js';
import { receiveDeviceAdded, receiveDeviceRemoved, receiveSupply } from './receive-notice.js';
import { aboutNothing, refuse } from './refuse.js';
import { pushTrouble } from './server-trust.js';
import { type CodeOf, codeOf } from './undecryptable.js';

/** Kinds that are authenticated end to end, or say nothing. Design D9. */
const unsignedKinds: readonly string[] = ['message', 'server-heartbeat', 'client-heartbeat'];

/** Adds what a push does; `isToBeChecked`: the relay's signature is. Rejects with `StoreError`, and with what is wrong here, not with the push. */
export async function carryOut(core: Core, plan: Plan, push: ReceivedPush, payload: Decoded, isToBeChecked = true): Promise<Handled> {
  const { account, events, refusals } = core;
  if (!sameDevice(push.to, account.address)) return refuse(core, plan, 'push', 'wrong-recipient', aboutNothing);
  const trouble = isToBeChecked ? await signatureTrouble(core, push) : undefined;
  if (trouble !== undefined) {
    plan.add(refusals.add(trouble));
    plan.afterwards(() => events.emit({ type: 'bad-server-signature', subject: 'push', code: trouble }));
    return handled.failedSignature;
  }
  if (payload instanceof DecodeError) return refuse(core, plan, 'push', codeOf('push', payload), aboutNothing);
  return dispatch(core, plan, push, payload);
}

async function signatureTrouble({ options, account }: Core, push: ReceivedPush): Promise<CodeOf<'signature'> | undefined> {
  const required = options.requireServerSignature === 'all' || !unsignedKinds.includes(push.payload.kind);
  if (!required && push.signatures.length === 0) return undefined;
  return options.asymmetric.run(pushTrouble(account.certificate, push, required));
}

async function dispatch(core: Core, plan: Plan, push: ReceivedPush, payload: PushPayload | undefined): Promise<Handled> {
  if (payload === undefined) {
    plan.afterwards(() => core.events.emit({ type: 'unhandled-push', kind: 'unknown', from: push.from }));
    return handled.succeeded;
  }
  switch (payload.kind) {
    case 'message':
      return receiveMessage(core, plan, payload.value, push.payload.bytes);
    case 'invite':
      return receiveInvite(core, plan, payload.value);
    case 'accept':
      return receiveAccept(core, plan, payload.value);
    case 'supply-one-time-pre-keys':
      return receiveSupply(core, plan, payload.value);
    case 'add-user-device':
      return receiveDeviceAdded(core, plan, payload.value);
    case 'remove-user-device':
      return receiveDeviceRemoved(core, plan, payload.value);
    case 'create-group':
    case 'add-group-members':
    case 'add-group-member-device':
    case 'remove-group-members':
    case 'leave-group':
      return receiveGroupChange(core, plan, payload);
    default:
      return receiveNotice(core, plan, payload, push.from);
  }
}
