/**
 * Messages of groups that could not be opened yet, in the order in which they came. While some have not been tried in the group's present state,
 * what comes behind them has to wait as well, so that the messages of a sender keep their order.
 */
import type { GroupAddress } from '../base/address.js';
import { DecodeError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import { type HeldGroupMessage, putHeldGroupMessage } from '../store/client/group-queue-rows.js';
import { type Envelope, decodeEnvelope } from '../wire/message.js';
import type { Core } from './core.js';
import type { Plan } from './plan.js';
import { aboutNothing, refuse } from './refuse.js';

/** The shape under which messages of `group` are tried now. */
export function shapeOf({ groups }: Core, group: GroupAddress): number {
  return groups.peek(group)?.shape ?? 0;
}

/**
 * Adds a message to those that wait; whether there was room: the oldest of the group gives way. `isTried` tells that it has just been tried itself.
 * Throws `StoreError`.
 */
export async function hold(core: Core, plan: Plan, group: GroupAddress, envelope: Uint8Array, isTried: boolean): Promise<boolean> {
  const { groupHeld, store, options } = core;
  if (groupHeld.count(group) >= limits.heldGroupMessages) {
    const [oldest] = await store.loadHeldGroupMessages(group, 1);
    if (oldest !== undefined) giveUp(core, plan, oldest);
  } else if (groupHeld.total >= limits.heldGroupMessagesInAll) return false;
  const heldAt = options.clock.now();
  const shape = shapeOf(core, group);
  const isOnlyNews = groupHeld.isTried(group, shape);
  plan.add(groupHeld.add(group, 1, (sequence) => putHeldGroupMessage({ sequence, group, envelope, heldAt })));
  if (isTried && isOnlyNews) plan.apply(() => groupHeld.markTried(group, shape, groupHeld.next(group)));
  return true;
}

/** Adds the end of a message that nothing came for. */
export function giveUp(core: Core, plan: Plan, held: HeldGroupMessage): void {
  plan.add(core.groupHeld.remove(held.group, [held.sequence]));
  refuse(core, plan, 'group-message', 'not-opened', envelopeOf(held) ?? aboutNothing);
}

/** The envelope of a held message; `undefined`: an older version has written it in another form. */
export function envelopeOf({ envelope }: HeldGroupMessage): Envelope | undefined {
  try {
    return decodeEnvelope(envelope);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
