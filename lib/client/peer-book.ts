/**
 * What is known of other devices: that they exist, the digests of their identity keys, which messages came from them.
 *
 * Owns: pins and the policy of their change (weaknesses P3), and recognising a message that was delivered before (design D6).
 */
import { type DeviceAddress, type UserAddress, deviceKey, userKey } from '../base/address.js';
import type { MessageId } from '../base/brand.js';
import { equalBytes } from '../base/bytes.js';
import { limits } from '../base/limits.js';
import { sha256 } from '../crypto/hash.js';
import type { ClientStore } from '../store/client-store.js';
import { type Approval, type Peer, deliveredKept, putDelivered, putPeer } from '../store/client/peer-rows.js';
import { LateChange } from './late-change.js';
import type { BookChange } from './session-book.js';

/** Identity keys as somebody names them: bundles have both halves, invites the agreement half. */
export interface NamedIdentity {
  readonly agreement: Uint8Array;
  readonly signing?: Uint8Array;
}

/** What comparing named keys with the pins says, and the change that pins them. */
export interface PinCheck {
  readonly changed: boolean;
  readonly change: BookChange;
}

/** The messages lately delivered from one device; used under its user's lock. */
export interface DeliveredMessages {
  /** Whether the message came before. */
  has(messageId: MessageId): boolean;
  /** The change that remembers the message. */
  add(messageId: MessageId): BookChange;
}

class DeliveredRing implements DeliveredMessages {
  readonly #device: DeviceAddress;
  readonly #byOrder = new Map<number, MessageId>();
  readonly #ids = new Set<MessageId>();
  #next = 0;

  constructor(device: DeviceAddress, rows: readonly { readonly order: number; readonly messageId: MessageId }[]) {
    this.#device = device;
    for (const { order, messageId } of rows) {
      this.#byOrder.set(order, messageId);
      this.#ids.add(messageId);
      this.#next = Math.max(this.#next, order + 1);
    }
  }

  has(messageId: MessageId): boolean {
    return this.#ids.has(messageId);
  }

  add(messageId: MessageId): BookChange {
    const order = this.#next;
    return {
      writes: [putDelivered(this.#device, order, messageId)],
      apply: () => {
        const replaced = this.#byOrder.get(order - deliveredKept);
        if (replaced !== undefined) {
          this.#byOrder.delete(order - deliveredKept);
          this.#ids.delete(replaced);
        }
        this.#byOrder.set(order, messageId);
        this.#ids.add(messageId);
        this.#next = order + 1;
      },
    };
  }
}

/** Devices whose delivered messages are kept in memory; some 15 kB each. */
const deliveredInMemory = 1_024;

/** The devices known to one account. */
export class PeerBook {
  readonly #store: ClientStore;
  readonly #peers = new Map<string, Peer>();
  readonly #byUser = new Map<string, Set<string>>();
  readonly #delivered = new Map<string, DeliveredMessages>();

  constructor(store: ClientStore) {
    this.#store = store;
  }

  /** Forgets everything and loads it anew. */
  async load(): Promise<void> {
    this.#peers.clear();
    this.#byUser.clear();
    this.#delivered.clear();
    for (const peer of await this.#store.loadPeers()) this.#enter(peer);
  }

  /** What is known of `device`. */
  find(device: DeviceAddress): Peer | undefined {
    return this.#peers.get(deviceKey(device));
  }

  /**
   * Whether all of `devices` are known or can become so: their number is bounded, of one user and `inAll`, or a relay could fill the store with names,
   * and make every message to a user go to thousands.
   */
  hasRoomFor(devices: readonly DeviceAddress[], inAll: number): boolean {
    const strangers = devices.filter((device) => this.find(device)?.isGone !== false);
    if (strangers.length === 0) return true;
    if (this.#peers.size + strangers.length > inAll) return false;
    const perUser = new Map<string, number>();
    for (const device of strangers) {
      const user = userKey(device);
      const count = (perUser.get(user) ?? this.ofUser(device).length) + 1;
      if (count > limits.devicesPerUser) return false;
      perUser.set(user, count);
    }
    return true;
  }

  /** All known devices but those that are gone. */
  all(): Peer[] {
    return [...this.#peers.values()].filter(({ isGone }) => !isGone);
  }

  /** The known devices of `user` but those that are gone. */
  ofUser(user: UserAddress): Peer[] {
    const found: Peer[] = [];
    for (const key of this.#byUser.get(userKey(user)) ?? []) {
      const peer = this.#peers.get(key);
      if (peer?.isGone === false) found.push(peer);
    }
    return found;
  }

  /** Whether a device of `user` was ever known, gone ones included. */
  hasMet(user: UserAddress): boolean {
    return this.#byUser.has(userKey(user));
  }

  /** Compares `identity` with what is pinned for `device`; what was not pinned yet never differs. `approval` is that of the device from then on. */
  check(device: DeviceAddress, identity: NamedIdentity, now: number, approval: Approval): PinCheck {
    const known = this.find(device);
    const agreementPin = sha256(identity.agreement);
    const signingPin = identity.signing === undefined ? undefined : sha256(identity.signing);
    const differs = (pin: Uint8Array | undefined, named: Uint8Array | undefined): boolean =>
      pin !== undefined && named !== undefined && !equalBytes(pin, named);
    const changed = differs(known?.agreementPin, agreementPin) || differs(known?.signingPin, signingPin);
    const next: Peer = {
      device,
      knownSince: known?.knownSince ?? now,
      agreementPin,
      // A key that is not named goes with the one that changed: both belong to one identity.
      signingPin: signingPin ?? (changed ? undefined : known?.signingPin),
      isGone: false,
      approval,
    };
    const isPinned = known?.agreementPin !== undefined && (signingPin === undefined || known.signingPin !== undefined);
    const isSame = isPinned && !known.isGone && !changed;
    return { changed, change: isSame ? { writes: [], apply: () => undefined } : this.#put(next) };
  }

  /** Whether `signingKey` is not the one that is pinned for `device`. */
  hasOtherSigningKey(device: DeviceAddress, signingKey: Uint8Array): boolean {
    const pin = this.find(device)?.signingPin;
    return pin !== undefined && !equalBytes(pin, sha256(signingKey));
  }

  /**
   * The change that pins the signing key of `device` unless one is pinned by the time of the commit, so no lock is needed. `approval` is that of a
   * device that is not known until then.
   */
  pinSigningKey(device: DeviceAddress, signingKey: Uint8Array, now: number, approval: Approval): BookChange {
    const signingPin = sha256(signingKey);
    return this.#late(() => {
      const known = this.find(device);
      if (known === undefined) return { device, knownSince: now, agreementPin: undefined, signingPin, isGone: false, approval };
      return known.signingPin === undefined ? { ...known, signingPin } : undefined;
    });
  }

  /**
   * The change that makes `device` known, or known again, without new pins. What is known by the time of the commit stays as it is, so no lock is
   * needed. `approval` is that of a device that is not known until then.
   */
  meet(device: DeviceAddress, now: number, approval: Approval): BookChange {
    const met = (): Peer | undefined => {
      const known = this.find(device);
      if (known === undefined) return { device, knownSince: now, agreementPin: undefined, signingPin: undefined, isGone: false, approval };
      return known.isGone ? { ...known, isGone: false, approval } : undefined;
    };
    return this.#late(met);
  }

  /** The change of what the application says about `device`. */
  setApproval(device: DeviceAddress, approval: Approval): BookChange {
    return this.#late(() => {
      const known = this.find(device);
      return known === undefined ? undefined : { ...known, approval };
    });
  }

  /** The change that drops the pins of `device`: the next keys named for it are taken. */
  forgetPins(device: DeviceAddress): BookChange {
    return this.#late(() => {
      const known = this.find(device);
      return known === undefined ? undefined : { ...known, agreementPin: undefined, signingPin: undefined };
    });
  }

  /** The change that notes that there is no such device any more. */
  lose(device: DeviceAddress): BookChange {
    return this.#late(() => {
      const known = this.find(device);
      return known === undefined ? undefined : { ...known, isGone: true };
    });
  }

  /** What was delivered from `device`: at once when it is in memory. Throws `StoreError`. */
  delivered(device: DeviceAddress): DeliveredMessages | Promise<DeliveredMessages> {
    return this.#delivered.get(deviceKey(device)) ?? this.#deliveredFrom(device);
  }

  async #deliveredFrom(device: DeviceAddress): Promise<DeliveredMessages> {
    const key = deviceKey(device);
    const delivered = new DeliveredRing(device, await this.#store.loadDelivered(device));
    const [oldest] = this.#delivered.keys();
    if (oldest !== undefined && this.#delivered.size >= deliveredInMemory) this.#delivered.delete(oldest);
    this.#delivered.set(key, delivered);
    return delivered;
  }

  /** A change that is decided when its step commits. */
  #late(decide: () => Peer | undefined): BookChange {
    return new LateChange(
      () => {
        const peer = decide();
        return peer === undefined ? [] : [putPeer(peer)];
      },
      () => {
        const peer = decide();
        if (peer !== undefined) this.#enter(peer);
      },
    );
  }

  #put(peer: Peer): BookChange {
    return { writes: [putPeer(peer)], apply: () => this.#enter(peer) };
  }

  #enter(peer: Peer): void {
    const key = deviceKey(peer.device);
    this.#peers.set(key, peer);
    const user = userKey(peer.device);
    const keys = this.#byUser.get(user);
    if (keys === undefined) this.#byUser.set(user, new Set([key]));
    else keys.add(key);
  }
}
