/** The parts of one client, as they see each other. */
import type { DeviceAddress, UserAddress } from '../base/address.js';
import type { ClientStore } from '../store/client-store.js';
import type { AccountBook } from './account-book.js';
import type { Events } from './events.js';
import type { Inbox } from './inbox.js';
import type { Link } from './link.js';
import type { ResolvedOptions } from './options.js';
import type { Outbox } from './outbox.js';
import type { PeerBook } from './peer-book.js';
import type { PendingBook } from './pending-book.js';
import type { PushBook } from './push-book.js';
import type { SessionBook } from './session-book.js';
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
  readonly outbox: Outbox;
  readonly inbox: Inbox;
  readonly pushes: PushBook;
  readonly link: Link;
  readonly inviter: Invitations;
  /** Ends what waits for the network or the pool when the client closes. */
  readonly closing: AbortSignal;
}

/** The devices of ours besides this one that are known. */
export function ownOtherDevices({ account, peers }: Pick<Core, 'account' | 'peers'>): DeviceAddress[] {
  return peers.ofUser(account.address).map(({ device }) => device);
}
