/**
 * One device of one user: the public face of the package.
 *
 * Owns: the order in which a client starts and ends. Everything it does stands in the modules beside it.
 */
import type { DeviceAddress, GroupAddress, UserAddress } from '../base/address.js';
import { UsageError } from '../base/errors.js';
import type { CipherSuite } from '../crypto/cipher-suite.js';
import type { Approval } from '../store/client/peer-rows.js';
import type { GroupFound } from '../wire/group-request.js';
import type { UserChange } from '../wire/notification.js';
import { approveDevice, rejectDevice } from './approve.js';
import { type Assembly, assemble } from './assemble.js';
import { trustIdentity } from './devices.js';
import type { ClientEventType, EventListener } from './events.js';
import { type Fingerprints, fingerprintsOf } from './fingerprints.js';
import { flush } from './flush.js';
import type { SentToGroup } from './group-send.js';
import { type KnownGroup, type NewGroup, addGroupMembers, createGroup, knownGroups, leaveGroup, removeGroupMembers } from './groups.js';
import type { ReceivedMessage } from './inbox.js';
import { type InviteResult, inviteDevices } from './invite.js';
import { joinSignals } from './joined-signal.js';
import { lookUpGroup } from './look-up-group.js';
import { OpenCalls } from './open-calls.js';
import { type ClientOptions, type RegisterOptions, resolveOptions } from './options.js';
import { removeOwnDevice } from './own-devices.js';
import { renewIfExpired } from './pre-key-upkeep.js';
import { registerAccount } from './registration.js';
import { dropRefused } from './refused-requests.js';
import { type OutgoingMessage, type Sent, sendMessage, sendMessages } from './send.js';
import { acquireSync } from './stream-message.js';
import type { SetAsidePush } from './set-aside-pushes.js';
import { type ClientStatus, statusOf } from './status.js';
import { updateUser } from './user-update.js';

/** A device of somebody, as it is known here. */
export interface KnownDevice {
  readonly device: DeviceAddress;
  /** ms since 1970. */
  readonly knownSince: number;
  /** Whether a session can be used for sending. */
  readonly isReady: boolean;
  /** `asked`: nothing is sent to it until {@link Client.approveDevice}; `rejected`: nothing at all. */
  readonly approval: Approval;
}

/** Options of calls that can wait. */
export interface WaitOptions {
  /** Gives up waiting; what is stored stays stored. */
  readonly signal?: AbortSignal;
}

/** Options of {@link Client.send}. */
export interface SendOptions extends WaitOptions {
  /** How insistently to notify the receiver; `notificationLevels` names the known ones. */
  readonly notification?: number;
}

/** Options of {@link Client.sendToGroup}. */
export interface GroupSendOptions extends SendOptions {
  /** Only these devices get the message, when there are any. */
  readonly allow?: readonly DeviceAddress[];
  /** These devices do not get the message. */
  readonly deny?: readonly DeviceAddress[];
}

/** How often keys and unanswered invites are looked after, ms. */
const upkeepInterval = 60_000;

/** One account on one device. Any of its methods may be called at any time, concurrently. */
export class Client {
  /** Our own address. */
  readonly address: DeviceAddress;
  /** The account's cipher suite. */
  readonly suite: CipherSuite;
  readonly #assembly: Assembly;
  #stopUpkeep: () => void = () => undefined;
  #closed: Promise<void> | undefined;
  /** Sends that are not stored yet. */
  readonly #sending = new OpenCalls();
  /** Calls that may be using the store: closing waits for them. */
  readonly #calls = new OpenCalls();

  private constructor(assembly: Assembly) {
    this.#assembly = assembly;
    const { address, suite } = assembly.core.account.account;
    this.address = address;
    this.suite = suite;
  }

  /**
   * Makes an account in an empty store, registers it and opens it. After a crash or an outage the same call goes on with the same keys. Rejects with
   * `UsageError('account-exists')`, `ProtocolError('registration-refused')`, `ProtocolError('certificate')`, `TransportError`, `StoreError`.
   */
  static async register(options: RegisterOptions): Promise<Client> {
    return Client.#start(options, async (assembly) => registerAccount(assembly.core, options));
  }

  /** Opens the account of a store. Does not wait for the relay. Rejects with `UsageError('no-account')` and `StoreError`. */
  static async open(options: ClientOptions): Promise<Client> {
    return Client.#start(options, (assembly) => {
      const { account } = assembly.core;
      const state = account.exists ? 'holds an account whose registration was not answered' : 'holds no account';
      return account.isRegistered ? Promise.resolve() : Promise.reject(new UsageError('no-account', `the store ${state}: register it`));
    });
  }

  static async #start(options: ClientOptions, prepare: (assembly: Assembly) => Promise<void>): Promise<Client> {
    const assembly = assemble(resolveOptions(options));
    try {
      await assembly.core.store.commits.ready();
      await assembly.core.steps.start();
      await prepare(assembly);
      await renewIfExpired(assembly.core);
    } catch (error) {
      await closeParts(assembly, []);
      throw error;
    }
    const client = new Client(assembly);
    assembly.core.link.start();
    assembly.core.early.wakeAll();
    client.#keepUp();
    return client;
  }

  /**
   * Starts a new session with every device of `user`; one result per device. Resolves when the invites are stored; they leave by themselves. Rejects
   * with `ProtocolError('no-such-user')`, `VerificationError('bad-server-signature')`, `UsageError('suite-mismatch')`, `TransportError`,
   * `StoreError`.
   */
  async invite(user: UserAddress, options: WaitOptions = {}): Promise<readonly InviteResult[]> {
    const { domain, userId } = user;
    const target = { user: { domain, userId }, always: true, tell: true };
    return this.#wait(options, (signal) => inviteDevices(this.#assembly.core, target, signal));
  }

  /**
   * Sends `bytes` (at least one) to every device of `user`, with a copy to our own other devices. Resolves when it is durable: from then on it
   * reaches the relay, whatever happens to this process. A user not known yet is invited first. Rejects with `UsageError` and `StoreError`.
   */
  async send(to: UserAddress, bytes: Uint8Array, options: SendOptions = {}): Promise<Sent> {
    return this.#store(options, () => sendMessage(this.#assembly.core, { to, bytes, notification: options.notification }));
  }

  /**
   * Sends many messages, to one user or to many, in one step: cheaper than as many {@link send}. All or nothing: resolves when all are durable, in one
   * transaction, with one result per message in the order given; rejects as {@link send}, and then none is sent. Who gets several of them gets them in
   * that order. Sealing thousands leaves the event loop to others now and then; further messages to these users wait until it is done.
   */
  async sendMany(messages: readonly OutgoingMessage[], options: WaitOptions = {}): Promise<readonly Sent[]> {
    return this.#store(options, () => sendMessages(this.#assembly.core, messages));
  }

  /**
   * Makes a group of `members` and this user, who becomes a manager like those of `managers`. Resolves with its address when the relay has made it
   * and its keys are stored; they leave by themselves. The wish is stored first: when waiting ends early, it is still carried out. Rejects with
   * `UsageError` (`group-name`, `group-members`), `ProtocolError('group-request-refused')`, the signal's reason, `StoreError`.
   */
  async createGroup(group: NewGroup, options: WaitOptions = {}): Promise<GroupAddress> {
    return this.#call(() => createGroup(this.#assembly.core, group, options.signal));
  }

  /**
   * Adds `members`, with all their devices, to a group that we manage. Resolves when that is done and the keys for them are stored. Who is in it
   * already is left alone. Rejects as {@link createGroup}, and with `ProtocolError` (`no-such-group`, `not-a-manager`).
   */
  async addGroupMembers(group: GroupAddress, members: readonly UserAddress[], options: WaitOptions = {}): Promise<void> {
    return this.#call(() => addGroupMembers(this.#assembly.core, group, members, options.signal));
  }

  /** Removes `members` from a group that we manage: a new epoch begins, whose keys they do not get. Resolves and rejects as {@link addGroupMembers}. */
  async removeGroupMembers(group: GroupAddress, members: readonly UserAddress[], options: WaitOptions = {}): Promise<void> {
    return this.#call(() => removeGroupMembers(this.#assembly.core, group, members, options.signal));
  }

  /** Leaves a group: nothing is sent from now on, everything of it is gone when the relay has agreed. A manager then removes this user from it. */
  async leaveGroup(group: GroupAddress, options: WaitOptions = {}): Promise<void> {
    return this.#call(() => leaveGroup(this.#assembly.core, group, options.signal));
  }

  /**
   * Sends `bytes` (at least one) to every device of a group, our own others included. Resolves when it is durable, see {@link send}; it waits
   * while the keys have not come or a change of ours is on its way. Rejects with `UsageError`, `ProtocolError('no-such-group')` and `StoreError`.
   */
  async sendToGroup(group: GroupAddress, bytes: Uint8Array, options: GroupSendOptions = {}): Promise<SentToGroup> {
    const audience = { allow: options.allow ?? [], deny: options.deny ?? [] };
    return this.#store(options, () => this.#assembly.groupSender.send(group, bytes, audience, options.notification));
  }

  /** The groups this device is in. Rejects with `StoreError`. */
  async groups(): Promise<readonly KnownGroup[]> {
    return this.#call(() => knownGroups(this.#assembly.core));
  }

  /**
   * Waits until everything sent so far was answered by the relay. Rejects with the signal's reason, and with `ProtocolError('unreachable-user')`
   * when something waits for a user who cannot be invited.
   */
  async flush(options: WaitOptions = {}): Promise<void> {
    return this.#call(async () => {
      await this.#sending.settled();
      return flush(this.#assembly.core, this.#assembly.inviter, options.signal);
    });
  }

  /**
   * Received messages, in order, from the store: each is handed out once by this process, and again after a restart unless its `ack()` was
   * called. What one sender said to a user or to a group keeps its order; between two conversations there is none. Ends when the client is
   * closed; throws the signal's reason when that fires.
   */
  messages(options: WaitOptions = {}): AsyncIterableIterator<ReceivedMessage> {
    return this.#assembly.core.inbox.messages(options.signal);
  }

  /** Calls `listener` for every event of `type`; returns what removes it. */
  on<Type extends ClientEventType>(type: Type, listener: EventListener<Type>): () => void {
    return this.#assembly.core.events.on(type, listener);
  }

  /** What two people compare: of one device, or of all known devices of a user. Rejects with `StoreError`. */
  async fingerprint(whom: UserAddress | DeviceAddress): Promise<Fingerprints> {
    return this.#call(() => fingerprintsOf(this.#assembly.core, whom));
  }

  /** The known devices of `user`; our own others for our own user. */
  async devices(user: UserAddress): Promise<readonly KnownDevice[]> {
    const { peers, sessions, steps } = this.#assembly.core;
    return this.#call(async () => {
      await steps.settled();
      return peers
        .ofUser(user)
        .map(({ device, knownSince, approval }) => ({ device, knownSince, isReady: sessions.newestReady(device) !== undefined, approval }));
    });
  }

  /**
   * Lets `device` have what is sent to its user: what waits for it goes out in order, and groups of its user take it in. Rejects with
   * `ProtocolError('no-such-device')` when it is not known here, and with `StoreError`; then nothing is sent.
   */
  async approveDevice(device: DeviceAddress): Promise<void> {
    return this.#call(() => approveDevice(this.#assembly.core, device));
  }

  /**
   * Excludes `device` until it is approved: what waits for it is dropped (event `session-lost`), no session is kept with it. It keeps the keys of
   * groups that it had. Rejects as {@link approveDevice}.
   */
  async rejectDevice(device: DeviceAddress): Promise<void> {
    return this.#call(() => rejectDevice(this.#assembly.core, device));
  }

  /**
   * Makes a change of the own user known: name, picture, state and privacy to the own other devices and to every user with a session, a backup
   * passkey to the own other devices only (the relay sees all of it). Resolves when it is durable; a refusal is an event (`request-refused`).
   * Rejects with `UsageError('user-change')` and `StoreError`.
   */
  async updateUser(change: UserChange): Promise<void> {
    return this.#call(() => updateUser(this.#assembly.core, change));
  }

  /**
   * Name and members of a group, as the relay says. Rejects with `ProtocolError('no-such-group')` when there is none or this user is no member, and
   * with `TransportError`.
   */
  async lookUpGroup(group: GroupAddress, options: WaitOptions = {}): Promise<GroupFound> {
    return this.#wait(options, (signal) => lookUpGroup(this.#assembly.core, group, signal));
  }

  /**
   * Removes another device of this user: the relay forgets it, ends its connection and tells everybody who knows it. The wish is not stored: when the
   * call was cut off, or the process with it, it is to be made again, and until then messages wait for the device as for one that is away. Removing one
   * that is gone already is no error. Rejects with `UsageError('device-id')`, `ProtocolError('request-refused')`, `TransportError`, the signal's reason,
   * `StoreError`.
   */
  async removeDevice(deviceId: string, options: WaitOptions = {}): Promise<void> {
    return this.#wait(options, (signal) => removeOwnDevice(this.#assembly.core, deviceId, signal));
  }

  /** Trusts whatever identity keys the relay names next for `device`, after a change that was refused. Rejects with `StoreError`. */
  async trustIdentity(device: DeviceAddress): Promise<void> {
    return this.#call(() => trustIdentity(this.#assembly.core, device));
  }

  /**
   * Asks the relay for every push again that is not handled and durable here: what was on its way comes once more, and nothing is handed out twice. A new
   * connection does the same by itself. Resolves when the relay was asked. Rejects with `TransportError('offline')`.
   */
  async sync(options: WaitOptions = {}): Promise<void> {
    const { core, receiver } = this.#assembly;
    return this.#wait(options, (signal) => acquireSync(core, () => receiver.newestDone, signal));
  }

  /** How the client stands. Rejects with `StoreError`. */
  async status(): Promise<ClientStatus> {
    return this.#call(() => statusOf(this.#assembly.core));
  }

  /**
   * Gives up every request that the relay refused, instead of trying it again at the next start: each is named by an event (`request-dropped`), with
   * its message. Resolves with their number when that is durable. Rejects with `StoreError`.
   */
  async dropRefused(): Promise<number> {
    return this.#call(() => dropRefused(this.#assembly.core));
  }

  /**
   * The pushes that could not be handled, oldest first, for somebody to look at: each can be tried again or dropped. The oldest go when there are too
   * many. Rejects with `StoreError`.
   */
  async setAside(): Promise<readonly SetAsidePush[]> {
    return this.#call(() => this.#assembly.receiver.setAside());
  }

  /** Does not wait any longer for the next attempt to connect. */
  reconnect(): void {
    this.#assembly.core.link.retry();
  }

  /** Ends the connection, waits for what is being stored, closes the store. What was not sent is sent after the next start. A second call waits for the first. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    this.#stopUpkeep();
    await closeParts(this.#assembly, [this.#calls, this.#sending]);
  }

  #keepUp(): void {
    const { core, inviter } = this.#assembly;
    const report = (error: unknown): void => {
      if (!core.closing.aborted) core.events.emit({ type: 'error', error, during: 'looking after keys and invites' });
    };
    this.#stopUpkeep = core.options.clock.schedule(upkeepInterval, () => {
      renewIfExpired(core).catch(report);
      if (core.link.connection !== undefined) inviter.remind().catch(report);
      core.early.wakeAll();
      this.#keepUp();
    });
  }

  /** Makes a call that the end of the client waits for. */
  #call<T>(call: () => Promise<T>): Promise<T> {
    this.#assertOpen();
    return this.#calls.track(call());
  }

  /** Makes a call that stores what is sent; {@link flush} waits for it, too. */
  #store<T>({ signal }: WaitOptions, call: () => Promise<T>): Promise<T> {
    this.#assertOpen();
    signal?.throwIfAborted();
    return this.#sending.track(call());
  }

  /** Makes a call that waits for the network until the signal fires or the client is closed. */
  #wait<T>({ signal }: WaitOptions, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { closing } = this.#assembly;
    if (signal === undefined) return this.#call(() => call(closing.signal));
    return this.#call(async () => {
      const joined = joinSignals(signal, closing.signal);
      try {
        return await call(joined.signal);
      } finally {
        joined.release();
      }
    });
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw new UsageError('client-closed', 'the client is closed');
  }
}

/** Ends what waits, then what is being stored or read, then the store. */
async function closeParts({ core, closing }: Assembly, calls: readonly OpenCalls[]): Promise<void> {
  closing.abort(new UsageError('client-closed', 'the client was closed'));
  await core.link.stop();
  await core.inbox.close();
  await core.steps.close();
  for (const open of calls) await open.settled();
  await core.store.commits.close();
  core.sessions.wipe();
  core.account.wipe();
}
