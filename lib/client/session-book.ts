/**
 * The sessions of one account in memory: an index of all, the state of those in use.
 *
 * Owns: which session a message or an invite belongs to, and the writes that store a changed one. Does not own: locks; whoever loads or changes
 * a session of a user holds that user's lock.
 */
import { type DeviceAddress, type UserAddress, deviceKey, userKey } from '../base/address.js';
import type { SessionId } from '../base/brand.js';
import { InternalError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import type { Wipeable } from '../base/secret.js';
import type { DecryptedMessage, ReadySession, Session } from '../session/session.js';
import type { ClientStore, StoredSession } from '../store/client-store.js';
import {
  type GivenUpBy,
  type SessionIndex,
  deleteGivenUp,
  deleteSession,
  indexOf,
  putGivenUp,
  putSessionIndex,
  sessionWrites,
} from '../store/client/session-rows.js';
import { StoredSkippedKeys } from '../store/client/skipped-rows.js';
import type { Write } from '../store/store.js';

/** One change of the book: what to store, and what to do in memory when that is queued. */
export interface BookChange {
  readonly writes: readonly Write[];
  apply(): void;
}

interface Entry {
  index: SessionIndex;
  /** Nothing is sealed with it any more; what comes is opened. */
  givenUp: GivenUpBy | undefined;
  loaded: StoredSession | undefined;
}

/** Sessions whose state is kept in memory; some 15 kB each with the default suite. */
const loadedSessions = 2_048;

function newestFirst(a: SessionIndex, b: SessionIndex): number {
  return b.inviteTime - a.inviteTime;
}

/** All secrets of a session. */
export function secretsOf(session: Session): Wipeable[] {
  const secrets: Wipeable[] = [];
  if (session.state === 'invited' && session.pending.kind === 'kem') {
    secrets.push(session.pending.baseKeyPair.privateKey, ...session.pending.sharedSecrets);
    return secrets;
  }
  const ratchet = session.state === 'ready' ? session.ratchet : session.pending.kind === 'kem' ? undefined : session.pending.ratchet;
  if (ratchet === undefined) return secrets;
  secrets.push(ratchet.rootKey, ratchet.sender.chainKey.key, ratchet.receiver.ourPrivateKey);
  if (ratchet.receiver.chainKey !== undefined) secrets.push(ratchet.receiver.chainKey.key);
  return secrets;
}

/** The sessions of one account. */
export class SessionBook {
  readonly #store: ClientStore;
  readonly #isBusy: (user: UserAddress) => boolean;
  readonly #entries = new Map<SessionId, Entry>();
  readonly #byDevice = new Map<string, Set<SessionId>>();
  /** Devices with at least one session, by user. */
  readonly #devices = new Map<string, Map<string, DeviceAddress>>();
  /** Loaded sessions, the one used longest ago first. */
  readonly #inUse = new Map<SessionId, Entry>();
  #ourAddress: DeviceAddress | undefined;

  /** `isBusy` tells whether somebody may be working with sessions of a user: those stay in memory. */
  constructor(store: ClientStore, isBusy: (user: UserAddress) => boolean) {
    this.#store = store;
    this.#isBusy = isBusy;
  }

  /** Forgets everything, wiping it, and loads the index anew. */
  async load(ourAddress: DeviceAddress): Promise<void> {
    this.wipe();
    this.#ourAddress = ourAddress;
    const givenUp = new Map((await this.#store.loadGivenUpSessions()).map(({ sessionId, by }) => [sessionId, by]));
    for (const index of await this.#store.loadSessionIndexes()) {
      this.#enter({ index, givenUp: givenUp.get(index.sessionId), loaded: undefined });
    }
  }

  /** Number of sessions that are not given up, by state. */
  get counts(): { readonly ready: number; readonly invited: number } {
    const used = this.all();
    const ready = used.filter(({ state }) => state === 'ready').length;
    return { ready, invited: used.length - ready };
  }

  /** What is known of the session. */
  find(sessionId: SessionId): SessionIndex | undefined {
    return this.#entries.get(sessionId)?.index;
  }

  /** Whether nothing is sealed with the session any more. */
  isGivenUp(sessionId: SessionId): boolean {
    return this.givenUpBy(sessionId) !== undefined;
  }

  /** Who has given the session up, if anybody has. */
  givenUpBy(sessionId: SessionId): GivenUpBy | undefined {
    return this.#entries.get(sessionId)?.givenUp;
  }

  /** The sessions with `device` that are not given up, newest invite first. */
  ofDevice(device: DeviceAddress): SessionIndex[] {
    const all = this.allOfDevice(device);
    return all.every(({ sessionId }) => !this.isGivenUp(sessionId)) ? all : all.filter(({ sessionId }) => !this.isGivenUp(sessionId));
  }

  /** All sessions with `device`, newest invite first. */
  allOfDevice(device: DeviceAddress): SessionIndex[] {
    const found: SessionIndex[] = [];
    for (const id of this.#byDevice.get(deviceKey(device)) ?? []) {
      const entry = this.#entries.get(id);
      if (entry !== undefined) found.push(entry.index);
    }
    // Of the same time the one that came last counts as newest: sorting keeps the order of equals.
    return found.length > 1 ? found.reverse().sort(newestFirst) : found;
  }

  /** The session that is used for sending to `device`. Spec: one2one.md §2.3. */
  newestReady(device: DeviceAddress): SessionIndex | undefined {
    let newest: SessionIndex | undefined;
    for (const id of this.#byDevice.get(deviceKey(device)) ?? []) {
      const entry = this.#entries.get(id);
      if (entry?.index.state !== 'ready' || entry.givenUp !== undefined) continue;
      // Of the same time the one that came last counts as newest, as in `allOfDevice`.
      if (newest === undefined || entry.index.inviteTime >= newest.inviteTime) newest = entry.index;
    }
    return newest;
  }

  /** The devices of `user` with a session, given up or not. */
  devicesOf(user: UserAddress): DeviceAddress[] {
    return [...(this.#devices.get(userKey(user))?.values() ?? [])];
  }

  /** The devices with a session, given up or not. */
  devices(): DeviceAddress[] {
    return [...this.#devices.values()].flatMap((devices) => [...devices.values()]);
  }

  /** All sessions that are not given up. */
  all(): SessionIndex[] {
    return [...this.#entries.values()].filter(({ givenUp }) => givenUp === undefined).map(({ index }) => index);
  }

  /** The session's state: at once when it is in memory. Throws `StoreError`. */
  open(sessionId: SessionId): StoredSession | Promise<StoredSession> {
    const entry = this.#entries.get(sessionId);
    if (entry === undefined) throw new InternalError('no-session', 'a session that does not exist was opened');
    if (entry.loaded === undefined) return this.#load(entry);
    this.#inUse.delete(sessionId);
    this.#inUse.set(sessionId, entry);
    return entry.loaded;
  }

  /** The change to a new session. */
  add(session: Session): BookChange {
    const skipped = new StoredSkippedKeys(session.sessionId);
    return {
      writes: sessionWrites(undefined, session),
      apply: () => {
        this.#enter({ index: indexOf(session), givenUp: undefined, loaded: { session, skipped } });
        this.#keep(session.sessionId);
      },
    };
  }

  /** The change from what {@link open} gave to `next`. */
  change(opened: StoredSession, next: Session, skippedChange?: DecryptedMessage['skippedChange']): BookChange {
    const { session, skipped } = opened;
    const writes = sessionWrites(session, next);
    if (skippedChange !== undefined) writes.push(...skipped.writesOf(skippedChange));
    return {
      writes,
      apply: () => {
        if (skippedChange !== undefined) skipped.apply(skippedChange);
        const entry = this.#entries.get(next.sessionId);
        if (entry === undefined) return;
        if (indexChanged(entry.index, next)) entry.index = indexOf(next);
        entry.loaded = { session: next, skipped };
      },
    };
  }

  /** The change of a session's invite time, which orders the sessions of a pair. */
  changeInviteTime(sessionId: SessionId, inviteTime: number): BookChange {
    const entry = this.#entries.get(sessionId);
    if (entry === undefined || entry.index.inviteTime === inviteTime) return { writes: [], apply: () => undefined };
    const index = { ...entry.index, inviteTime };
    return {
      writes: [putSessionIndex(index)],
      apply: () => {
        entry.index = index;
        if (entry.loaded !== undefined) {
          entry.loaded = { session: { ...entry.loaded.session, inviteTime }, skipped: entry.loaded.skipped };
        }
      },
    };
  }

  /**
   * The change that gives up every session with `device`: what was sealed for us with one of them can be opened, nothing is sealed with them again. As
   * many stay as a pair may have. What we have given up ourselves stays so. Throws `StoreError`.
   */
  async giveUp(device: DeviceAddress, by: GivenUpBy): Promise<BookChange & { readonly retired: readonly Wipeable[] }> {
    const used = this.ofDevice(device);
    const before = this.allOfDevice(device).filter(({ sessionId }) => this.isGivenUp(sessionId));
    const all = [...used, ...before];
    const removed = await this.remove(all.slice(limits.sessionsPerPair).map(({ sessionId }) => sessionId));
    const kept = all.slice(0, limits.sessionsPerPair).filter(({ sessionId }) => this.givenUpBy(sessionId) !== 'us');
    return {
      writes: [...kept.map(({ sessionId }) => putGivenUp({ sessionId, by })), ...removed.writes],
      retired: removed.retired,
      apply: () => {
        for (const { sessionId } of kept) {
          const entry = this.#entries.get(sessionId);
          if (entry !== undefined) entry.givenUp = by;
        }
        removed.apply();
      },
    };
  }

  /** The change that uses a session again that the peer had seemed to have lost. */
  takeUpAgain(sessionId: SessionId): BookChange {
    return {
      writes: [deleteGivenUp(sessionId)],
      apply: () => {
        const entry = this.#entries.get(sessionId);
        if (entry !== undefined) entry.givenUp = undefined;
      },
    };
  }

  /** The change that deletes sessions; `retired` are their secrets in memory, to be wiped when it is durable. Throws `StoreError`. */
  async remove(sessionIds: readonly SessionId[]): Promise<BookChange & { readonly retired: readonly Wipeable[] }> {
    const writes: Write[] = [];
    const retired: Wipeable[] = [];
    for (const sessionId of sessionIds) {
      const loaded = this.#entries.get(sessionId)?.loaded;
      const skipped = loaded?.skipped ?? (await this.#store.loadSkippedKeys(sessionId));
      writes.push(...deleteSession(sessionId), ...skipped.deleteAll());
      retired.push(skipped);
      if (loaded !== undefined) retired.push(...secretsOf(loaded.session));
    }
    return {
      writes,
      retired,
      apply: () => {
        for (const sessionId of sessionIds) this.#leave(sessionId);
      },
    };
  }

  /** The sessions that must go so that one more can come: those beyond the bound, or all when they were made with another identity. Spec: one2one.md §2.4. */
  surplus(device: DeviceAddress, isOtherIdentity: boolean): SessionId[] {
    if (isOtherIdentity) return this.allOfDevice(device).map(({ sessionId }) => sessionId);
    const sessions = this.ofDevice(device);
    const kept = limits.sessionsPerPair - 1;
    if (sessions.length <= kept) return [];
    const used = this.newestReady(device)?.sessionId;
    const others = sessions.filter(({ sessionId }) => sessionId !== used);
    return others.slice(used === undefined ? kept : kept - 1).map(({ sessionId }) => sessionId);
  }

  /** The sessions of the pair that are too old beside `session`, from which a message has just been opened. Spec: one2one.md §2.4. */
  outdated(session: ReadySession): SessionId[] {
    const sessions = this.#byDevice.get(deviceKey(session.theirAddress));
    if (sessions === undefined || sessions.size < 2) return [];
    const bound = session.inviteTime - limits.oldSessionRetention;
    return [...sessions].filter((id) => (this.#entries.get(id)?.index.inviteTime ?? bound) < bound);
  }

  /** Wipes and forgets everything in memory. */
  wipe(): void {
    for (const { loaded } of this.#entries.values()) if (loaded !== undefined) wipeLoaded(loaded);
    this.#entries.clear();
    this.#byDevice.clear();
    this.#devices.clear();
    this.#inUse.clear();
  }

  async #load(entry: Entry): Promise<StoredSession> {
    if (this.#ourAddress === undefined) throw new InternalError('not-loaded', 'the sessions were used before they were loaded');
    const { index } = entry;
    const loaded = await this.#store.loadSession(index, this.#ourAddress);
    // The user's lock keeps others from changing it meanwhile; a reload may have replaced the entry.
    const current = this.#entries.get(index.sessionId);
    if (current === entry) {
      entry.loaded = loaded;
      this.#keep(index.sessionId);
    }
    return loaded;
  }

  #keep(sessionId: SessionId): void {
    const entry = this.#entries.get(sessionId);
    if (entry === undefined) return;
    this.#inUse.set(sessionId, entry);
    if (this.#inUse.size <= loadedSessions) return;
    for (const [id, candidate] of this.#inUse) {
      if (this.#inUse.size <= loadedSessions) return;
      if (id === sessionId || this.#isBusy(candidate.index.peer)) continue;
      if (candidate.loaded !== undefined) wipeLoaded(candidate.loaded);
      candidate.loaded = undefined;
      this.#inUse.delete(id);
    }
  }

  #enter(entry: Entry): void {
    const { sessionId, peer } = entry.index;
    this.#entries.set(sessionId, entry);
    const device = deviceKey(peer);
    const ids = this.#byDevice.get(device);
    if (ids !== undefined) {
      ids.add(sessionId);
      return;
    }
    this.#byDevice.set(device, new Set([sessionId]));
    const user = userKey(peer);
    const devices = this.#devices.get(user);
    if (devices === undefined) this.#devices.set(user, new Map([[device, peer]]));
    else devices.set(device, peer);
  }

  #leave(sessionId: SessionId): void {
    const entry = this.#entries.get(sessionId);
    if (entry === undefined) return;
    this.#entries.delete(sessionId);
    this.#inUse.delete(sessionId);
    const device = deviceKey(entry.index.peer);
    const ids = this.#byDevice.get(device);
    ids?.delete(sessionId);
    if (ids === undefined || ids.size > 0) return;
    this.#byDevice.delete(device);
    const user = userKey(entry.index.peer);
    const devices = this.#devices.get(user);
    devices?.delete(device);
    if (devices?.size === 0) this.#devices.delete(user);
  }
}

function indexChanged(index: SessionIndex, next: Session): boolean {
  return index.state !== next.state || (next.state === 'ready' && index.confirmed !== next.confirmed);
}

function wipeLoaded({ session, skipped }: StoredSession): void {
  for (const secret of secretsOf(session)) secret.wipe();
  skipped.wipe();
}
