/**
 * What is known of other devices: that they exist, the digests of their identity keys, which messages came from them.
 *
 * Owns: pins and the policy of their change (weaknesses P3), and recognising a message that was delivered before (design D6).
 */
import { type DeviceAddress, type UserAddress, deviceKey, userKey } from '../base/address.js';
import type { MessageId } from '../base/brand.js';
import { equalBytes } from '../base/bytes.js';
import { sha256 } from '../crypto/hash.js';
import type { ClientStore } from '../store/client-store.js';
import { type Peer, deletePeer, deleteDelivered, deliveredKept, putDelivered, putPeer } from '../store/client/peer-rows.js';
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
  /** The change that forgets all. */
  clear(): BookChange;
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

  clear(): BookChange {
    return {
      writes: [...this.#byOrder.keys()].map((order) => deleteDelivered(this.#device, order)),
      apply: () => {
        this.#byOrder.clear();
        this.#ids.clear();
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

  /** All known devices. */
  all(): Peer[] {
    return [...this.#peers.values()];
  }

  /** The known devices of `user`. */
  ofUser(user: UserAddress): Peer[] {
    const found: Peer[] = [];
    for (const key of this.#byUser.get(userKey(user)) ?? []) {
      const peer = this.#peers.get(key);
      if (peer !== undefined) found.push(peer);
    }
    return found;
  }

  /** Compares `identity` with what is pinned for `device`; what was not pinned yet never differs. */
  check(device: DeviceAddress, identity: NamedIdentity, now: number): PinCheck {
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
    };
    const isSame =
      known !== undefined && !changed && known.agreementPin !== undefined && (signingPin === undefined || known.signingPin !== undefined);
    return { changed, change: isSame ? { writes: [], apply: () => undefined } : this.#put(next) };
  }

  /** The change that makes `device` known, without pins; one that is known by the time of the commit stays as it is, so no lock is needed. */
  meet(device: DeviceAddress, now: number): BookChange {
    const isKnown = (): boolean => this.find(device) !== undefined;
    const peer: Peer = { device, knownSince: now, agreementPin: undefined, signingPin: undefined };
    return {
      get writes() {
        return isKnown() ? [] : [putPeer(peer)];
      },
      apply: () => {
        if (!isKnown()) this.#enter(peer);
      },
    };
  }

  /** The change that drops the pins of `device`: the next keys named for it are taken. */
  forgetPins(device: DeviceAddress): BookChange {
    const known = this.find(device);
    if (known === undefined) return { writes: [], apply: () => undefined };
    return this.#put({ ...known, agreementPin: undefined, signingPin: undefined });
  }

  /** The change that forgets `device` and what was delivered from it. Throws `StoreError`. */
  async forget(device: DeviceAddress): Promise<BookChange> {
    const delivered = (await this.delivered(device)).clear();
    return {
      writes: [deletePeer(device), ...delivered.writes],
      apply: () => {
        delivered.apply();
        const key = deviceKey(device);
        this.#peers.delete(key);
        this.#delivered.delete(key);
        this.#byUser.get(userKey(device))?.delete(key);
      },
    };
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
