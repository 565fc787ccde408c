/** The parts of one client, as they see each other. */
import type { DeviceAddress, GroupAddress, UserAddress } from '../base/address.js';
import type { ClientStore } from '../store/client-store.js';
import type { AccountBook } from './account-book.js';
import type { EarlyMessages } from './early-messages.js';
import type { Events } from './events.js';
import type { GroupBook } from './group-book.js';
import type { HeldMessages } from './held-messages.js';
import type { GroupOrders } from './group-orders.js';
import type { GroupQueueBook } from './group-queues.js';
import type { Inbox } from './inbox.js';
import type { Link } from './link.js';
import type { ResolvedOptions } from './options.js';
import type { Outbox } from './outbox.js';
import type { PeerBook } from './peer-book.js';
import type { PendingBook } from './pending-book.js';
import type { PushBook } from './push-book.js';
import type { RefusalCounts } from './refusal-counts.js';
import type { SessionBook } from './session-book.js';
import type { SetAside } from './set-aside.js';
import type { Steps } from './step.js';

/** Invites that the application did not ask for. */
export interface Invitations {
  /** Invites whoever of `user` (or the one device) has no session, now or as soon as there is a connection. */
  want(user: UserAddress, deviceId?: string): void;
  /** Makes a new session with a device whose messages cannot be opened; at most once a minute. */
  repair(device: DeviceAddress): void;
  /** The relay refused an invite of `user` for good: who waits for it is told. */
  giveUp(user: UserAddress, code: string): void;
}

/** What there is to do for groups in the background. */
export interface GroupWork {
  /** Something of the group has changed: does what has become possible. */
  wake(group: GroupAddress): void;
  /** Something that may concern any group has changed. */
  wakeAll(): void;
  /** A request of ours that changes the group was answered: what waited for that goes on. */
  released(group: GroupAddress): void;
  /** The relay would not add the device (a {@link DeviceAddress} as `deviceKey`) to the group: it is not asked again on this connection. */
  refuse(group: GroupAddress, device: string): void;
  /** Somebody has given keys up: what {@link refuse} was told is asked again. */
  askAnew(): void;
  /** Whether {@link refuse} was called. */
  isRefused(group: GroupAddress, device: string): boolean;
  /** This device was removed from the group before the keys of `inviter`, which had added it, came: they belong to nothing any more. */
  leftWithoutKeys(group: GroupAddress, inviter: DeviceAddress): void;
  /** Whether {@link leftWithoutKeys} was called. */
  hasLeftWithoutKeys(group: GroupAddress, inviter: DeviceAddress): boolean;
}

/** State, steps and surroundings of one client. */
export interface Core {
  readonly options: ResolvedOptions;
  readonly store: ClientStore;
  readonly steps: Steps;
  readonly events: Events;
  readonly account: AccountBook;
  readonly sessions: SessionBook;
  readonly peers: PeerBook;
  readonly pending: PendingBook;
  readonly groups: GroupBook;
  /** Changes of groups that were asked for. */
  readonly orders: GroupOrders;
  /** Messages for groups that wait to be sealed. */
  readonly groupWaiting: GroupQueueBook;
  /** Messages of groups that wait to be opened. */
  readonly groupHeld: HeldMessages;
  /** Keys of groups that wait for what they belong to. */
  readonly groupKeys: GroupQueueBook;
  readonly groupWork: GroupWork;
  readonly outbox: Outbox;
  readonly inbox: Inbox;
  readonly pushes: PushBook;
  /** Pushes whose handling failed. */
  readonly setAside: SetAside;
  /** Messages that came before their session was ready. */
  readonly early: EarlyMessages;
  /** How often something received could not be used. */
  readonly refusals: RefusalCounts;
  readonly link: Link;
  readonly inviter: Invitations;
  /** Ends what waits for the network or the pool when the client closes. */
  readonly closing: AbortSignal;
}

/** The devices of ours besides this one that are known. */
export function ownOtherDevices({ account, peers }: Pick<Core, 'account' | 'peers'>): DeviceAddress[] {
  return peers.ofUser(account.address).map(({ device }) => device);
}
