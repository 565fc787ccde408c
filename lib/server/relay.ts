/**
 * The relay: a process over a store that knows devices, hands out their public keys and carries what they send to each other. It sees addresses
 * and ciphertext only. Spec: server.md, design D9.
 */
import type { GroupAddress, UserAddress } from '../base/address.js';
import type { Clock } from '../base/clock.js';
import { systemClock } from '../base/clock.js';
import { UsageError } from '../base/errors.js';
import type { RandomSource } from '../base/random.js';
import { systemRandom } from '../base/random.js';
import { Secret, allocateSecret } from '../base/secret.js';
import type { CipherSuite } from '../crypto/cipher-suite.js';
import { defaultSuite } from '../crypto/cipher-suite.js';
import { type JobRunner, executeJobs } from '../crypto/execute.js';
import { GroupCommit } from '../store/group-commit.js';
import { RelayStore } from '../store/relay-store.js';
import type { Store } from '../store/store.js';
import type { FrameChannel } from '../transport/channel.js';
import type { Certificate } from '../wire/certificate.js';
import type { FriendNotice, GroupNotice, SystemNotice } from '../wire/notification.js';
import { encodePayload } from '../wire/push.js';
import { CommitCounters } from './commit-counters.js';
import type { RelayContext } from './context.js';
import { DeviceConnection } from './device-connection.js';
import { Groups } from './groups.js';
import type { RelayHooks } from './hooks.js';
import { Locks } from '../base/locks.js';
import { type Logger, silentLogger } from '../base/logger.js';
import { Mailboxes } from './mailbox.js';
import { MessageOrder } from './message-order.js';
import { notifyGroup, notifyUser } from './notices.js';
import { OpenDevices } from './open-devices.js';
import { Places } from './places.js';
import { RateLimit } from './rate-limits.js';
import { RecentMessages } from './recent-messages.js';
import { createInvitation } from './registration.js';
import type { RelayLimits } from './relay-limits.js';
import { defaultRelayLimits } from './relay-limits.js';
import { removeDevice } from './removal.js';
import { openSigner } from './signer.js';
import { Tokens, tokenKeyLength } from './tokens.js';

/** What a relay is made of. */
export interface RelayOptions {
  /** Opens the driver; called again after a driver has closed itself. */
  readonly store: () => Promise<Store>;
  /** The domain of every address here. */
  readonly domain: string;
  /** `closed` (the default): by invitation only; `open`: any non-empty code admits, for demonstrations. */
  readonly registration?: 'closed' | 'open';
  /** Its signature scheme signs for the relay; counts at the first start only. */
  readonly suite?: CipherSuite;
  readonly clock?: Clock;
  readonly random?: RandomSource;
  /** Does the expensive operations; the addon's thread pool by default. */
  readonly runJobs?: JobRunner;
  /**
   * Silent by default. Addresses of users and devices appear at `debug` only: who talks to whom is what a relay can betray. `info` and above carry
   * counts, codes and network addresses.
   */
  readonly logger?: Logger;
  readonly limits?: Partial<RelayLimits>;
  readonly hooks?: RelayHooks;
}

/** What {@link Relay.createInvitation} makes. */
export interface InvitationOptions {
  /** The user whose further device is admitted; without it the invitation admits one new user. */
  readonly userId?: string;
  /** Milliseconds from now. */
  readonly lifetime?: number;
}

/** Something that lets connections in. */
export interface Door {
  close(): Promise<void>;
}

/** Of those who are turned away in a flood one is logged in so many ms. */
const crowdReportInterval = 1_000;

const tokenKeyRow = 'token-key';

/** A running relay; made by {@link openRelay}. */
export class Relay {
  readonly domain: string;
  readonly #context: RelayContext;
  readonly #connections = new Set<DeviceConnection>();
  readonly #places: Places;
  /** When it was last logged that somebody was turned away, ms since 1970. */
  #crowdReportedAt = Number.NEGATIVE_INFINITY;
  readonly #doors = new Set<Door>();
  #closing: Promise<void> | undefined;

  constructor(context: RelayContext) {
    this.domain = context.domain;
    this.#context = context;
    this.#places = new Places(context.limits);
  }

  /** Bytes of the greatest frame taken. */
  get maxFrameLength(): number {
    return this.#context.limits.frameLength;
  }

  /** Sockets that its doors take at a time: those of connections, and those of strangers beside them. */
  get maxSockets(): number {
    return this.#context.limits.connections + this.#context.limits.strangers;
  }

  /** Time for the handshake of a socket, ms. */
  get handshakeTimeout(): number {
    return this.#context.limits.handshakeTimeout;
  }

  /** What clients verify the relay's signatures with. */
  get certificate(): Certificate {
    return this.#context.signer.certificate;
  }

  /** The self-signed issuer of {@link certificate}, for clients that pin it. */
  get rootCertificate(): Certificate {
    return this.#context.signer.rootCertificate;
  }

  /** Open connections. */
  get connectionCount(): number {
    return this.#places.connections;
  }

  /** Sockets and connections that have not proved which device they are. */
  get strangerCount(): number {
    return this.#places.strangers;
  }

  /** Whether a door may take a socket from `remoteAddress`: asked before anything is done for it. Then {@link socketClosed} must be called at its end. */
  takesSocket(remoteAddress: string): boolean {
    if (this.#places.takeSocket(remoteAddress)) return true;
    this.#reportCrowd(remoteAddress);
    return false;
  }

  /** A socket that was taken is gone. */
  socketClosed(remoteAddress: string): void {
    this.#places.socketClosed(remoteAddress);
  }

  /** Takes a channel; one too many is closed with a goodbye. */
  accept(channel: FrameChannel): void {
    const connection = new DeviceConnection(this.#context, channel, {
      connected: (device) => {
        this.#onConnected(device);
      },
      ended: (device) => {
        this.#onEnded(device);
      },
    });
    this.#connections.add(connection);
    const hasRoom = this.#places.opened(channel.remoteAddress);
    if (this.#closing !== undefined) connection.end('closing');
    else if (!hasRoom) {
      this.#reportCrowd(channel.remoteAddress);
      connection.end('overload');
    }
  }

  /** Makes an invitation and gives its code, 32 characters; it can be used once and is stored hashed only. */
  createInvitation(options: InvitationOptions = {}): Promise<string> {
    return createInvitation(this.#context, options.userId ?? '', options.lifetime ?? this.#context.limits.invitationLifetime);
  }

  /**
   * Removes a device: its keys, mailbox, relations and marks in groups are deleted, its connection ends, and everybody who knows it is told. Its
   * user stays in the groups. False when there is no such device. Spec: server.md §3.
   */
  async removeDevice(userId: string, deviceId: string): Promise<boolean> {
    const address = { domain: this.domain, userId, deviceId };
    return removeDevice(this.#context, address);
  }

  /**
   * Pushes a notice of the application to all devices of a user, signed and durable; resolves with the number of devices, 0 when there are none. Throws
   * `UsageError('too-large')` above 1 MiB and what the store throws. Spec: wire.md §11 (SystemManagerMsg).
   */
  notifySystem(to: UserAddress, notice: SystemNotice): Promise<number> {
    return notifyUser(this.#context, to, encodePayload({ kind: 'system', value: notice }));
  }

  /** As {@link notifySystem}, about a relation between users. Spec: wire.md §11 (FriendManagerMsg). */
  notifyFriend(to: UserAddress, notice: FriendNotice): Promise<number> {
    return notifyUser(this.#context, to, encodePayload({ kind: 'friend', value: notice }));
  }

  /** As {@link notifySystem}, to all devices of a group and in order with its messages. Spec: wire.md §11 (GroupManagerMsg). */
  notifyGroup(group: GroupAddress, notice: GroupNotice): Promise<number> {
    return notifyGroup(this.#context, group, encodePayload({ kind: 'group', value: notice }));
  }

  /** What lets connections in has trouble of its own: no more files, for example. It goes on; what is open stays open. */
  reportDoorTrouble(code: string): void {
    this.#context.logger.error({ code }, 'a connection could not be taken');
  }

  /** Lets {@link close} also close what lets connections in. */
  addDoor(door: Door): void {
    this.#doors.add(door);
  }

  /**
   * Shuts down: takes no more connections and requests, answers those that are being done, says goodbye, makes everything durable and closes the
   * store. A second call waits for the first.
   */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  async #shutDown(): Promise<void> {
    const { logger, store, signer, tokens } = this.#context;
    logger.info({ connections: this.#connections.size }, 'closing');
    await Promise.all([...this.#doors].map((door) => door.close()));
    await Promise.all([...this.#connections].map((connection) => connection.endGracefully('closing')));
    await store.close();
    signer.close();
    tokens.close();
    logger.info({}, 'closed');
  }

  #reportCrowd(remote: string): void {
    const { clock, logger } = this.#context;
    if (clock.now() - this.#crowdReportedAt < crowdReportInterval) return;
    this.#crowdReportedAt = clock.now();
    logger.warn({ remote, connections: this.connectionCount, strangers: this.strangerCount }, 'too many connections');
  }

  #onConnected(connection: DeviceConnection): void {
    const { address } = connection;
    if (address === undefined) return;
    this.#places.proved(connection.remoteAddress);
    this.#context.devices.connected(address, connection);
    this.#context.logger.debug({ user: address.userId, device: address.deviceId }, 'connected');
  }

  #onEnded(connection: DeviceConnection): void {
    if (!this.#connections.delete(connection)) return;
    const { address } = connection;
    this.#places.ended(connection.remoteAddress, address !== undefined);
    if (address === undefined) return;
    this.#context.devices.ended(address, connection);
    this.#context.logger.debug({ user: address.userId, device: address.deviceId }, 'disconnected');
  }
}

/** Opens a relay: its keys are made at the first start. Throws `UsageError('domain')` and what the store throws. */
export async function openRelay(options: RelayOptions): Promise<Relay> {
  const { domain, clock = systemClock, random = systemRandom, runJobs = executeJobs, logger = silentLogger } = options;
  if (!/^[^\s@/]+$/u.test(domain)) throw new UsageError('domain', 'a domain is a word without @ and /');
  const limits = { ...defaultRelayLimits, ...options.limits };
  const store = new RelayStore(new GroupCommit(options.store), domain);
  try {
    const signer = await openSigner(store, (options.suite ?? defaultSuite).signature, domain, clock, runJobs);
    const tokens = new Tokens(await tokenKey(store, random), clock, limits.tokenLifetime);
    logger.info({ domain, registration: options.registration ?? 'closed' }, 'open');
    return new Relay({
      domain,
      registration: options.registration ?? 'closed',
      store,
      mailboxes: new Mailboxes(store, signer, clock, random, limits),
      groups: new Groups(store),
      runJobs,
      signer,
      tokens,
      recent: new RecentMessages({ perDevice: limits.recentMessages }),
      order: new MessageOrder(store),
      counters: new CommitCounters(store, logger),
      devices: new OpenDevices(),
      locks: new Locks(),
      rates: {
        bundles: new RateLimit(limits.bundlesPerTarget, clock),
        invites: new RateLimit(limits.invitesPerTarget, clock),
        groupChanges: new RateLimit(limits.groupChanges, clock),
        registrations: new RateLimit(limits.registrations, clock),
        refusedHellos: new RateLimit(limits.refusedHellos, clock),
      },
      clock,
      random,
      limits,
      logger,
      hooks: options.hooks ?? {},
    });
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function tokenKey(store: RelayStore, random: RandomSource): Promise<Secret<'TokenKey'>> {
  const stored = await store.own(tokenKeyRow, (reader) => reader.bytes(tokenKeyLength));
  if (stored !== undefined) return new Secret(stored);
  const key = allocateSecret(tokenKeyLength);
  random.fill(key);
  await store.commit([store.putOwn(tokenKeyRow, (writer) => writer.bytes(key))]);
  return new Secret(key);
}
