/**
 * Messages to groups that a store keeps because they cannot be opened yet. That it keeps one is durable; the event that says so is not told again
 * by the next process when this one dies first.
 */
import type { GroupAddress } from '../../lib/base/address.js';
import type { ClientStore } from '../../lib/store/client-store.js';
import { decodeEnvelope } from '../../lib/wire/message.js';

/** Their ids. Rejects with `StoreError`. */
export async function messagesHeldIn(store: ClientStore): Promise<ReadonlySet<string>> {
  const groups = new Map<string, GroupAddress>();
  await store.walkGroupQueue('held', (group) => groups.set(group.groupId, group));
  const held = new Set<string>();
  for (const group of groups.values()) {
    for (const { envelope } of await store.loadHeldGroupMessages(group)) held.add(decodeEnvelope(envelope, envelope.length).messageId);
  }
  return held;
}
