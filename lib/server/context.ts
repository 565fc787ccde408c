/** What every request handler of the relay works with. */
import type { DeviceAddress } from '../base/address.js';
import { sameDevice } from '../base/address.js';
import type { Clock } from '../base/clock.js';
import type { RandomSource } from '../base/random.js';
import type { JobRunner } from '../crypto/execute.js';
import type { RelayStore } from '../store/relay-store.js';
import type { AnswerOf, RequestName, RequestOf } from '../wire/request.js';
import type { CommitCounters } from './commit-counters.js';
import type { Locks } from '../base/locks.js';
import type { Logger } from '../base/logger.js';
import type { Groups } from './groups.js';
import type { RelayHooks } from './hooks.js';
import type { Mailboxes } from './mailbox.js';
import type { MessageOrder } from './message-order.js';
import type { OpenDevices } from './open-devices.js';
import type { RateLimit } from './rate-limits.js';
import type { RecentMessages } from './recent-messages.js';
import { Refusal, responseCode } from './refusal.js';
import type { RelayLimits } from './relay-limits.js';
import type { Signer } from './signer.js';
import type { Tokens } from './tokens.js';

/** The relay's parts. */
export interface RelayContext {
  readonly domain: string;
  /** `closed`: by invitation only; `open`: any non-empty code admits. */
  readonly registration: 'closed' | 'open';
  readonly store: RelayStore;
  readonly mailboxes: Mailboxes;
  readonly groups: Groups;
  /** Does the expensive operations. */
  readonly runJobs: JobRunner;
  readonly signer: Signer;
  readonly tokens: Tokens;
  readonly recent: RecentMessages;
  readonly order: MessageOrder;
  readonly counters: CommitCounters;
  readonly devices: OpenDevices;
  /**
   * Taken before the mailboxes' own locks, never inside them, and all that a step needs at once, never one inside another: `group:…`, `user:…`,
   * `authenticator:…`, `device:…`, `pair:…`, `admin:…` (the changes of groups that a device asks for). Who is in a group changes under the locks of
   * the group and of the user; which devices a user has, under the user's.
   */
  readonly locks: Locks;
  readonly rates: {
    readonly bundles: RateLimit;
    readonly invites: RateLimit;
    readonly groupChanges: RateLimit;
    readonly registrations: RateLimit;
    readonly refusedHellos: RateLimit;
  };
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly limits: RelayLimits;
  readonly logger: Logger;
  readonly hooks: RelayHooks;
}

/** Does a request of a device whose token was checked; throws `Refusal` when it does not. */
export type Handler<Name extends RequestName> = (
  context: RelayContext,
  caller: DeviceAddress,
  request: RequestOf<Name>,
) => Promise<AnswerOf<Name>>;

/** Refuses with 403 unless the request speaks for the device whose token opened the connection. */
export function requireCaller(caller: DeviceAddress, claimed: DeviceAddress): void {
  if (!sameDevice(caller, claimed)) throw new Refusal(responseCode.forbidden, 'the sender is not the device of the token');
}

/** Refuses with 404 an address of another domain: this relay passes nothing on. */
export function requireDomain(context: RelayContext, domain: string): void {
  if (domain !== context.domain) throw new Refusal(responseCode.notFound, 'this relay does not serve the domain');
}
