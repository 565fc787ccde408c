/**
 * What steps lock. Sessions of one user's devices share a lock: a send goes to all of them, an invite is made for all of them, and choosing a
 * session spans them. Design D5.
 */
import { type GroupAddress, type UserAddress, groupKey, userKey } from '../base/address.js';

/** The own account: identity, signed pre-keys, the counter of one-time pre-keys, credentials. */
export const accountLock = 'account';

/** Sessions, pins and waiting messages of all devices of `user`. */
export function userLock(user: UserAddress): string {
  return `user ${userKey(user)}`;
}

/** The one-time pre-key `id`. */
export function preKeyLock(id: number): string {
  return `pre-key ${id}`;
}

/** Epochs, chains and queues of `group`, and the order of what is done to it. */
export function groupLock(group: GroupAddress): string {
  return `group ${groupKey(group)}`;
}

/** The push with the relay's id `id`, so that a copy of it waits. */
export function pushLock(id: string): string {
  return `push ${id}`;
}
