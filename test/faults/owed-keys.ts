/**
 * Keys of groups that a store has still to send to others. They are lost with it, and what was sealed with keys that never reached a device stays
 * unreadable to it: SECURITY.md.
 */
import { type DeviceAddress, sameGroup } from '../../lib/base/address.js';
import { currentEpoch } from '../../lib/group/group.js';
import type { ClientStore } from '../../lib/store/client-store.js';
import type { GroupWish } from '../../lib/store/client/group-queue-rows.js';
import type { PendingTarget } from '../../lib/store/client/queue-rows.js';
import { decodeContent } from '../../lib/wire/message.js';
import { nameOf } from './notes.js';

/** Names the keys of an epoch for a device. */
export function keysFor(epoch: string, device: string): string {
  return `${epoch} for ${device}`;
}

/** The epoch whose keys `encoded` brings to a device that has none of it: as its opener, or as who has added the device. */
function epochBegunBy(encoded: Uint8Array): string | undefined {
  const content = decodeContent(encoded, encoded.length);
  if (content.kind === 'group-pre-key-bundle') return content.bundle.sessionId;
  return content.kind === 'group-update-key-bundle' && content.bundle.adding ? content.bundle.sessionId : undefined;
}

/** Devices of one user, which only the relay knows yet. */
export function devicesOf(userId: string): string {
  return `${userId}/*`;
}

/** The devices that `wish` adds, if it adds any. */
function addedBy(wish: GroupWish): string[] {
  if (wish.kind === 'add-device') return [nameOf(wish.device)];
  return wish.kind === 'add' ? wish.members.map(({ userId }) => devicesOf(userId)) : [];
}

/** All that the store has not seen answered by the relay, and what it will owe for adds that the relay may have carried out. Rejects with `StoreError`. */
export async function keysOwedBy(store: ClientStore): Promise<ReadonlySet<string>> {
  const owed = new Set<string>();
  const indexes = await store.loadGroupIndexes();
  for (const { group, wish, isSent } of await store.loadGroupOrders()) {
    const index = indexes.find(({ address }) => sameGroup(address, group));
    const epoch = index === undefined ? undefined : currentEpoch(await store.loadGroup(index))?.sessionId;
    if (isSent && epoch !== undefined) for (const device of addedBy(wish)) owed.add(keysFor(epoch, device));
  }
  const take = (device: DeviceAddress, content: Uint8Array): void => {
    const epoch = epochBegunBy(content);
    if (epoch !== undefined) owed.add(keysFor(epoch, nameOf(device)));
  };
  await store.walkOutbox(({ device, origin }) => {
    if (device !== undefined && origin !== undefined) take(device, origin.content);
  });
  const waiting: PendingTarget[] = [];
  await store.walkPending((target) => waiting.push(target));
  for (const target of waiting) {
    if ('deviceId' in target) for (const { content } of await store.loadPending(target)) take(target, content);
  }
  return owed;
}
