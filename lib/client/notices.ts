/**
 * What the relay passes on without an effect on keys: changes of users, relations and groups, announcements, planned suites. Spec: wire.md §11,
 * one2one.md §7.
 *
 * Told once, in an event, after the push was recorded: an application that must not miss one over a crash stores what it says in the listener.
 */
import { sameUser } from '../base/address.js';
import { suites } from '../crypto/cipher-suite.js';
import { type Address, isGroupAddress } from '../wire/address.js';
import type { UserUpdate } from '../wire/notification.js';
import type { PushPayload, UpgradeSuite } from '../wire/push.js';
import type { Core } from './core.js';
import type { NoticePayload } from './notice-event.js';
import type { Plan } from './plan.js';
import { type Handled, handled } from './push-outcome.js';
import { refuse } from './refuse.js';

/** A push that changes nothing here. */
export type InertPayload = NoticePayload | Extract<PushPayload, { readonly kind: 'upgrade-suite' }>;

/** Reports a push that changes nothing here: it was decoded, so it is well formed. */
export function receiveNotice(core: Core, plan: Plan, payload: InertPayload, from: Address | undefined): Handled {
  switch (payload.kind) {
    case 'upgrade-suite':
      return receiveUpgrade(core, plan, payload.value);
    case 'update-user':
      if (isForOthers(core, payload.value)) return refusePasskey(core, plan, payload.value, from);
      break;
    default:
      break;
  }
  plan.afterwards(() => core.events.emit({ type: 'push', from, ...payload }));
  return handled.succeeded;
}

/** A change of suite is planned: nothing is done, because nothing says how. */
function receiveUpgrade({ events }: Core, plan: Plan, { time, packId }: UpgradeSuite): Handled {
  const suite = suites().find((each) => each.packId === packId)?.name;
  plan.afterwards(() => events.emit({ type: 'suite-upgrade', time, packId, suite }));
  return handled.succeeded;
}

/** A backup passkey is for the devices of its user; one of somebody else is nobody's to keep. */
function isForOthers({ account }: Core, { user, change }: UserUpdate): boolean {
  if (change?.kind !== 'backup-passkey') return false;
  return user === undefined || isGroupAddress(user) || !sameUser(user, account.address);
}

function refusePasskey(core: Core, plan: Plan, { change }: UserUpdate, from: Address | undefined): Handled {
  if (change?.kind === 'backup-passkey') change.passkey.wipe();
  const device = from === undefined || isGroupAddress(from) ? undefined : from;
  return refuse(core, plan, 'push', 'wrong-recipient', { from: device, sessionId: undefined, messageId: undefined });
}
