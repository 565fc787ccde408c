/** What the relay keeps: the values of its rows. Which table and key holds which is said in relay-store.ts. */
import type { IdentityKey } from '../account/identity-key.js';
import type { SignedPreKeyPublic } from '../account/pre-key-bundle.js';
import type { DeviceAddress } from '../base/address.js';
import type { GroupMember } from '../wire/group.js';

/** One user. */
export interface UserRecord {
  readonly userId: string;
  readonly userName: string;
  /** Empty when the user registered without one. */
  readonly authenticator: string;
  readonly registeredAt: number;
}

/** What a device has published, except its one-time pre-keys. */
export interface DeviceRecord {
  readonly address: DeviceAddress;
  readonly packId: number;
  readonly identityKey: IdentityKey;
  readonly signedPreKey: SignedPreKeyPublic;
  readonly registeredAt: number;
  /** Hash of the code it registered with: a repeated registration must show the same. */
  readonly registrationHash: Uint8Array;
}

/** What proves that a connection belongs to a device, and that its store was not rolled back. */
export interface LoginRecord {
  readonly passwordHash: Uint8Array;
  /** When the device registered; tokens name it. */
  readonly registeredAt: number;
  /** Whether the device has ever connected. */
  readonly seen: boolean;
  /** Name of the client's store; empty before the first connection. */
  readonly incarnation: Uint8Array;
  /** Highest commit counter seen of that store. */
  readonly commitCounter: number;
  /** Stores that were given up, newest first: none of them may come back. */
  readonly retiredIncarnations: readonly Uint8Array[];
  /** When the store took the place of another one, ms since 1970; 0: it is the first. */
  readonly storeSince: number;
  /** Names the last hello of the store; empty when it has named none. */
  readonly greeting: Uint8Array;
}

/** The highest commit counter that requests of a device have shown since its hello; a row of its own because it changes with every message. */
export interface SeenCounter {
  /** The client's store that it belongs to. */
  readonly incarnation: Uint8Array;
  readonly commitCounter: number;
}

/** How many one-time pre-keys a device has here. */
export interface PreKeyStock {
  readonly remaining: number;
  readonly highestId: number;
  /** When the device was last asked for more, 0 when it has answered. */
  readonly askedAt: number;
  /** Hash of the last supply, to know it when it comes again. */
  readonly lastSupply: Uint8Array;
}

/** Counters of a mailbox. */
export interface MailboxHead {
  /** Sequence of the next row, from 1. */
  readonly next: number;
  readonly rows: number;
  readonly bytes: number;
}

/** What a row holds of its push: the encoded ProtoMsg, or what surrounds the body that it shares with the rows of other devices. Design D9. */
export type PushContent =
  | {
      readonly kind: 'whole';
      readonly push: Uint8Array;
      /** The memory that `push` ends, with room before it in which the row is made; `push` is as valid as the value of a write then. */
      readonly row?: Uint8Array;
    }
  | {
      readonly kind: 'shared';
      /** Everything up to the length of the payload. */
      readonly prefix: Uint8Array;
      /** Everything after the payload: the signatures. */
      readonly suffix: Uint8Array;
      readonly bodyId: string;
      readonly bodyLength: number;
    };

/** One push that waits. */
export interface MailboxRow {
  readonly sequence: number;
  /** 24 characters, as in the push's tag. */
  readonly id: string;
  readonly content: PushContent;
}

/** A member who asked to leave, until a manager has removed him. */
export interface GroupLeave {
  /** The device that asked. */
  readonly leaver: DeviceAddress;
  /** The manager's device that was told, and its push; absent while there is none that could be told. */
  readonly told: { readonly device: DeviceAddress; readonly sequence: number; readonly pushId: string } | undefined;
}

/** One group. */
export interface GroupRecord {
  readonly groupId: string;
  readonly name: string;
  /** Suite of the device that created it. */
  readonly packId: number;
  /** Grows with every change of members or devices. */
  readonly version: number;
  /** In the order in which they were added; all are of this domain. */
  readonly members: readonly GroupMember[];
  readonly leaves: readonly GroupLeave[];
}

/** Says that a device was made known to the other devices of a group: only then it has keys. */
export interface GroupMark {
  readonly device: DeviceAddress;
  /** Place in the mailbox and id of the last push that changed the group for this device; 0 and empty before the first. */
  readonly controlSequence: number;
  readonly controlId: string;
  /** The device goes on with an earlier store and has given its keys up: it gets messages, sends none, and may be added again. */
  readonly needsKeys: boolean;
}

/** A push in a device's mailbox that concerns any group, also one that the device is only going to make. */
export interface GroupNews {
  readonly sequence: number;
  readonly pushId: string;
}

/** The answer to a change of a group that a device made, in case it asks again. */
export interface AdminReply {
  /** SHA-256 of what was asked. */
  readonly digest: Uint8Array;
  readonly groupId: string;
  /** Names the row of the encoded response. */
  readonly number: number;
}

/** One invitation to register. */
export interface InvitationRecord {
  /** The user whose further device it admits; empty: it admits a new user. */
  readonly userId: string;
  readonly expiresAt: number;
  /** The device that registered with it, user and device id, both empty while it is unused. */
  readonly usedBy: { readonly userId: string; readonly deviceId: string };
}

/** An invite of one pair that was passed on. */
export interface RecentInvite {
  readonly sessionId: string;
  readonly inviteTime: number;
}
