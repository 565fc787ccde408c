/**
 * When devices are invited without the application asking: because something waits for them, because another device of ours named them, because
 * a session broke.
 *
 * Owns: that it happens once at a time, again after an outage, and not too often. Does not own: the invite itself.
 */
import { type DeviceAddress, type UserAddress, deviceKey, userKey } from '../base/address.js';
import type { SessionId } from '../base/brand.js';
import { E2eeError, TransportError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import { inviteOf } from '../session/session.js';
import { requests } from '../wire/request.js';
import { approvalOf } from './approval.js';
import type { Core, Invitations } from './core.js';
import { loseDevice } from './devices.js';
import { inviteDevices, rejectedCode } from './invite.js';
import { userLock } from './lock-names.js';
import { queueRequests } from './mailer.js';
import { Plan } from './plan.js';

interface Wanted {
  readonly user: UserAddress;
  readonly deviceId: string | undefined;
  running: boolean;
}

/** Invites made on our own account at a time. */
const atOnce = 4;
/** Longest wait between two copies of an invite, ms: a day. */
const longestReminder = 86_400_000;
/** Wait after a user could not be invited, ms: as long as between two invites of a pair. */
const failureWait = limits.reinviteWait;

/** Wait after a time-out on a connection that stays, ms. */
const timeoutWait = 5_000;

function nameOf(user: UserAddress, deviceId: string | undefined): string {
  return deviceId === undefined ? userKey(user) : deviceKey({ ...user, deviceId });
}

/** The invites of one client that nobody asked for. */
export class Inviter implements Invitations {
  readonly #core: () => Core;
  readonly #wanted = new Map<string, Wanted>();
  /** When a pair was last invited because its sessions failed, ms since 1970. */
  readonly #repaired = new Map<string, number>();
  /** When an invite was last sent again, ms since 1970, and how long it then waits, by session. */
  readonly #reminded = new Map<SessionId, { readonly at: number; readonly wait: number }>();
  /** Users whose last invite failed, and why. */
  readonly #failed = new Map<string, string>();
  /** What was not to be had a short while ago, as {@link #wanted} names it. */
  readonly #resting = new Set<string>();
  readonly #watchers = new Set<() => void>();
  #running = 0;

  /** The parts of a client refer to each other, so they are looked up when they are used. */
  constructor(core: () => Core) {
    this.#core = core;
  }

  /** Invites whoever of `user` (or the one device) has no session, now or as soon as there is a connection. */
  want(user: UserAddress, deviceId?: string): void {
    const name = nameOf(user, deviceId);
    if (this.#wanted.has(name)) return;
    this.#wanted.set(name, { user: { domain: user.domain, userId: user.userId }, deviceId, running: false });
    this.#next();
  }

  /** Makes a new session with a device whose messages cannot be opened; at most once a minute. Spec: one2one.md §2.4. */
  repair(device: DeviceAddress): void {
    const core = this.#core();
    const { options, peers } = core;
    if (peers.find(device) === undefined || approvalOf(core, device) === 'rejected') return;
    const key = deviceKey(device);
    const now = options.clock.now();
    const last = this.#repaired.get(key);
    if (last !== undefined && now - last < limits.reinviteWait) return;
    this.#repaired.set(key, now);
    void this.#attempt({ user: device, deviceId: device.deviceId, running: true }, true);
  }

  giveUp(user: UserAddress, code: string): void {
    this.#failed.set(userKey(user), code);
    for (const watcher of this.#watchers) watcher();
  }

  /** A connection was made: invites everybody for whom something waits, and every known device without a session. */
  onConnected(): void {
    this.#resting.clear();
    this.#wantAll();
    this.#next();
  }

  /**
   * State was loaded again while connected: a step whose commit had no known outcome has wanted nobody. Who could not be invited a short while ago
   * waits: a store that refuses commits is loaded again after each, and this would go round and round.
   */
  onReloaded(): void {
    this.#wantAll();
  }

  /** Whether invites are under way or wait for a connection. */
  get isBusy(): boolean {
    return this.#wanted.size > 0;
  }

  /** Why the last invite of `user` failed, if it did. */
  failure(user: UserAddress): string | undefined {
    return this.#failed.get(userKey(user));
  }

  /** Calls `watcher` whenever an invite has ended; returns what removes it. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => {
      this.#watchers.delete(watcher);
    };
  }

  /** Sends invites that were not answered for a while once more, with the same content. Spec: one2one.md §2.4. */
  async remind(): Promise<void> {
    const core = this.#core();
    const { sessions, outbox, options } = core;
    const now = options.clock.now();
    const silent = sessions.all().filter(({ sessionId, state, inviteTime, peer }) => {
      if (state !== 'invited' || now - inviteTime < limits.reinviteWait || sessions.newestReady(peer) !== undefined) return false;
      return !outbox.forDevice(peer).some((request) => request.kind === 'invite' && request.sessionId === sessionId);
    });
    for (const sessionId of this.#reminded.keys()) if (sessions.find(sessionId)?.state !== 'invited') this.#reminded.delete(sessionId);
    for (const { sessionId, peer } of silent) {
      const last = this.#reminded.get(sessionId);
      if (last !== undefined && now - last.at < last.wait) continue;
      // A peer that is away finds every copy when it comes back, so they become rare.
      this.#reminded.set(sessionId, { at: now, wait: Math.min(2 * (last?.wait ?? limits.reinviteWait), longestReminder) });
      await core.steps.run([userLock(peer)], async () => {
        const plan = new Plan();
        if (sessions.find(sessionId)?.state === 'invited') {
          const { session } = await sessions.open(sessionId);
          if (session.state === 'invited') {
            const body = requests.invite.encodeRequest({ invite: inviteOf(session) });
            queueRequests(core, plan, [{ kind: 'invite', device: peer, sessionId, origin: undefined, body }]);
          }
        }
        return plan.finish(undefined);
      });
    }
  }

  #wantAll(): void {
    const core = this.#core();
    const { pending, peers, sessions } = core;
    const want = (user: UserAddress, deviceId?: string): void => {
      if (!this.#resting.has(nameOf(user, deviceId))) this.want(user, deviceId);
    };
    for (const user of pending.users()) if (pending.count(user) > 0) want(user);
    for (const { device } of peers.all())
      if (sessions.ofDevice(device).length === 0 && approvalOf(core, device) !== 'rejected') want(device, device.deviceId);
  }

  #rest(name: string): void {
    this.#resting.add(name);
    this.#core().options.clock.schedule(failureWait, () => this.#resting.delete(name));
  }

  #next(): void {
    if (this.#core().link.state === 'offline') return;
    for (const wanted of this.#wanted.values()) {
      if (this.#running >= atOnce) return;
      if (wanted.running) continue;
      wanted.running = true;
      void this.#attempt(wanted, false);
    }
  }

  /** A lost connection comes back and brings the next attempt with it; after a time-out on one that stays, there is no hurry. */
  #tryLater(wanted: Wanted, { code }: TransportError): void {
    const { closing, link, options } = this.#core();
    if (code !== 'timeout' || link.connection === undefined) {
      wanted.running = false;
      return;
    }
    options.clock.schedule(timeoutWait, () => {
      wanted.running = false;
      if (!closing.aborted) this.#next();
    });
  }

  /** A list has named a device that had gone before: nobody is going to tell of that again. */
  #lose(device: DeviceAddress): void {
    const { closing, events } = this.#core();
    loseDevice(this.#core(), device).catch((error: unknown) => {
      if (!closing.aborted) events.emit({ type: 'error', error, during: 'inviting' });
    });
  }

  async #attempt(wanted: Wanted, always: boolean): Promise<void> {
    const { user, deviceId } = wanted;
    const { closing, events, options, pending } = this.#core();
    const name = nameOf(user, deviceId);
    this.#running += 1;
    try {
      // Who writes to a user first connects all own devices with that user; who is told of single devices tells nobody.
      const target = { user, always, tell: deviceId === undefined };
      const results = await inviteDevices(this.#core(), deviceId === undefined ? target : { ...target, deviceId }, closing);
      if (results.some(({ state }) => state === 'refused')) this.#rest(name);
      const refused = results.find((result) => result.state === 'refused' && result.code !== rejectedCode);
      if (refused?.state === 'refused') this.#failed.set(userKey(user), refused.code);
      else this.#failed.delete(userKey(user));
      this.#wanted.delete(name);
    } catch (error) {
      if (closing.aborted) {
        this.#wanted.delete(name);
      } else if (error instanceof TransportError && error.code !== 'refused') {
        this.#tryLater(wanted, error);
        return;
      } else {
        const code = error instanceof E2eeError ? error.code : 'failed';
        this.#failed.set(userKey(user), code);
        this.#wanted.delete(name);
        events.emit({ type: 'invite-failed', user: { domain: user.domain, userId: user.userId }, code });
        if (!(error instanceof E2eeError)) events.emit({ type: 'error', error, during: 'inviting' });
        if (code === 'no-such-user' && deviceId !== undefined) this.#lose({ domain: user.domain, userId: user.userId, deviceId });
        this.#rest(name);
        options.clock.schedule(failureWait, () => {
          if (!closing.aborted && (pending.count(user) > 0 || pending.users().some((other) => userKey(other) === userKey(user)))) {
            this.want(user, deviceId);
          }
        });
      }
    } finally {
      this.#running -= 1;
    }
    for (const watcher of this.#watchers) watcher();
    if (!closing.aborted && this.#core().link.connection !== undefined) this.#next();
  }
}
