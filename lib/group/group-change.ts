/** What changes a group, and what carries its keys, as values. Spec: wire.md §8, §9. */
import type { DeviceAddress, GroupAddress } from '../base/address.js';
import { type SessionId, asSessionId } from '../base/brand.js';
import { toBase64 } from '../base/bytes.js';
import type { Secret } from '../base/secret.js';
import type { ChainSecret } from '../crypto/chain.js';
import type { CipherSuite } from '../crypto/cipher-suite.js';
import type { GroupDevice, GroupInfo, GroupMember } from './membership.js';

/** Stands for an epoch whose keys, and so whose name, have never come: only the first epoch of a group follows none. */
export const unknownEpoch = asSessionId(toBase64(new Uint8Array(16)));

/** Opens a new epoch of a group; travels inside a one-to-one ciphertext. Spec: wire.md §8 (GroupPreKeyBundle). */
export interface GroupPreKeyBundle {
  readonly suite: CipherSuite;
  readonly sender: DeviceAddress;
  readonly sessionId: SessionId;
  /** The epoch it replaces; {@link unknownEpoch} when its opener has never had the keys of any. */
  readonly oldSessionId: SessionId | undefined;
  readonly group: GroupInfo;
  readonly sequence: number;
  readonly seed: Secret<'GroupSeed'>;
}

/** Hands group keys to an added member or device; travels inside a one-to-one ciphertext. Spec: wire.md §8 (GroupUpdateKeyBundle). */
export interface GroupUpdateKeyBundle {
  readonly suite: CipherSuite;
  readonly sender: DeviceAddress;
  /** Only the device that did the adding says so. */
  readonly adding: boolean;
  readonly sessionId: SessionId;
  readonly group: GroupInfo;
  readonly sequence: number;
  /** The sender's, before the step. */
  readonly chainKey: ChainSecret;
  readonly signingKey: Uint8Array;
  /** In the order used for derivation. */
  readonly addingDevices: readonly GroupDevice[];
}

/** A group was created. Spec: wire.md §9 (CreateGroupMsg). */
export interface CreateGroup {
  readonly suite: CipherSuite;
  readonly sender: DeviceAddress;
  readonly group: GroupInfo;
  /** Filled in by the relay. */
  readonly devices: readonly GroupDevice[];
}

/** Users were added. Spec: wire.md §9 (AddGroupMembersMsg). */
export interface AddGroupMembers {
  readonly suite: CipherSuite;
  readonly sender: DeviceAddress;
  readonly sequence: number;
  /** After the change. */
  readonly group: GroupInfo;
  readonly addingMembers: readonly GroupMember[];
  /** Filled in by the relay; the order matters. */
  readonly addingDevices: readonly GroupDevice[];
}

/** A further device of a member was added. Spec: wire.md §9 (AddGroupMemberDeviceMsg). */
export interface AddGroupMemberDevice {
  readonly suite: CipherSuite;
  readonly sender: DeviceAddress;
  readonly sequence: number;
  readonly group: GroupInfo;
  readonly addingDevice: GroupDevice;
}

/** Users were removed. Spec: wire.md §9 (RemoveGroupMembersMsg). */
export interface RemoveGroupMembers {
  readonly suite: CipherSuite;
  readonly sender: DeviceAddress;
  /** After the change. */
  readonly group: GroupInfo;
  readonly removingMembers: readonly GroupMember[];
  /** The remaining devices; only in copies for remaining members. */
  readonly devices: readonly GroupDevice[];
}

/** A member wants to leave. Spec: wire.md §9 (LeaveGroupMsg). */
export interface LeaveGroup {
  readonly leaver: DeviceAddress;
  readonly group: GroupAddress;
}
