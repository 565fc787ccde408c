/** What a push carries, as far as it can be read, and what it is about. */
import type { GroupAddress } from '../base/address.js';
import { DecodeError } from '../base/errors.js';
import { type PushPayload, type ReceivedPush, decodePayload } from '../wire/push.js';
import { isGroupEnvelope } from './group-message.js';
import { type GroupChangePush, groupOfChange } from './group-receive.js';
import { isRestored } from './receive-restored.js';

/** Kinds that change a group. */
const groupChangeKinds: readonly string[] = [
  'create-group',
  'add-group-members',
  'add-group-member-device',
  'remove-group-members',
  'leave-group',
];

/** A payload; none of a known kind; or one that breaks its form. */
export type Decoded = PushPayload | DecodeError | undefined;

/** What `push` carries. */
export function decoded(push: ReceivedPush): Decoded {
  try {
    return decodePayload(push.payload);
  } catch (error) {
    if (error instanceof DecodeError) return error;
    throw error;
  }
}

/** Whether a push changes a group. */
export function isGroupChange(payload: Decoded): payload is GroupChangePush {
  return payload !== undefined && !(payload instanceof DecodeError) && groupChangeKinds.includes(payload.kind);
}

/** The group that a push is about. */
export function groupOf(payload: Decoded): GroupAddress | undefined {
  if (payload === undefined || payload instanceof DecodeError) return undefined;
  if (payload.kind === 'message') return isGroupEnvelope(payload.value) ? payload.value.to : undefined;
  return isGroupChange(payload) ? groupOfChange(payload) : undefined;
}

/** Whether a push says that a device goes on with an earlier store. */
export function isRestoring(push: ReceivedPush): boolean {
  // Of most pushes the kind says enough.
  if (push.payload.kind !== 'add-user-device') return false;
  const payload = decoded(push);
  return payload !== undefined && !(payload instanceof DecodeError) && payload.kind === 'add-user-device' && isRestored(payload.value);
}
