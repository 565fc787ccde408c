/** Under which locks a push is carried out. Design D5. */
import { DecodeError } from '../base/errors.js';
import type { ReceivedPush } from '../wire/push.js';
import type { Core } from './core.js';
import type { Decoded } from './decoded-push.js';
import { isGroupEnvelope } from './group-message.js';
import { devicesOwed, groupOfChange } from './group-receive.js';
import { accountLock, groupLock, preKeyLock, pushLock, userLock } from './lock-names.js';
import { groupsOfUser, isRestored } from './receive-restored.js';

/** Fixed from what the push says, in the call that takes it: pushes about one user are carried out in the order in which they came. */
export function locksOf(core: Core, push: ReceivedPush, payload: Decoded): string[] {
  const keys = push.tag === undefined ? [] : [pushLock(push.tag.id)];
  if (payload === undefined || payload instanceof DecodeError) return keys;
  switch (payload.kind) {
    case 'message':
      if (isGroupEnvelope(payload.value)) keys.push(groupLock(payload.value.to));
      return [...keys, userLock(payload.value.from)];
    case 'invite': {
      const { from, oneTimePreKeyId, signedPreKeyId } = payload.value;
      keys.push(userLock(from));
      if (oneTimePreKeyId !== 0) keys.push(preKeyLock(oneTimePreKeyId));
      // A renewal wipes the signed pre-key before the previous one, which this invite may still be using.
      if (core.account.account.signedPreKeys[0]?.id !== signedPreKeyId) keys.push(accountLock);
      return keys;
    }
    case 'accept':
      return [...keys, userLock(payload.value.from)];
    case 'supply-one-time-pre-keys':
      return [...keys, accountLock];
    case 'add-user-device': {
      const { device } = payload.value;
      const groups = isRestored(payload.value) ? groupsOfUser(core, device) : [];
      return [...keys, userLock(device), ...groups.map(groupLock)];
    }
    case 'remove-user-device':
      return [...keys, userLock(payload.value.device)];
    case 'create-group':
    case 'add-group-members':
    case 'add-group-member-device':
    case 'remove-group-members':
    case 'leave-group': {
      const group = groupOfChange(payload);
      if (group !== undefined) keys.push(groupLock(group));
      return [...keys, ...devicesOwed(payload).map(userLock)];
    }
    default:
      return keys;
  }
}
