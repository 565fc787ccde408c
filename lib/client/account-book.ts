/**
 * The own account in memory, and the store's own name and count.
 *
 * Owns: what is current of account, credentials, certificate. Whoever changes the account holds its lock.
 */
import type { Account } from '../account/account.js';
import type { DeviceAddress } from '../base/address.js';
import { noBytes } from '../base/bytes.js';
import { InternalError } from '../base/errors.js';
import { type Wipeable, wipeAll } from '../base/secret.js';
import type { ClientStore } from '../store/client-store.js';
import { type Credentials, type PendingRegistration, putCredentials } from '../store/client/account-rows.js';
import { type Greetings, putCommits, putGreetings, putIncarnation } from '../store/client/peer-rows.js';
import type { Write } from '../store/store.js';
import type { Certificate } from '../wire/certificate.js';
import { LateChange } from './late-change.js';
import type { BookChange } from './session-book.js';

const noGreetings: Greetings = { answered: noBytes, sent: noBytes };

/** Everything secret of an account. */
function secretsOf(account: Account): Wipeable[] {
  return [
    account.identity.agreement.privateKey,
    account.identity.signing.privateKey,
    ...account.signedPreKeys.map((key) => key.keyPair.privateKey),
  ];
}

/** The account of one client. */
export class AccountBook {
  readonly #store: ClientStore;
  #account: Account | undefined;
  #credentials: Credentials | undefined;
  #certificate: Certificate | undefined;
  #registration: PendingRegistration | undefined;
  #incarnation: Uint8Array | undefined;
  #greetings = noGreetings;
  #commits = 0;
  #durableCommits = 0;
  /** What {@link endTelling} gives; 0: requests may be telling a relay of more. */
  #told = 0;
  #isOpened = false;
  /** When the relay took the store in place of another one, ms since 1970, as it said last; 0: never. */
  storeSince = 0;

  constructor(store: ClientStore) {
    this.#store = store;
  }

  /** Forgets everything, wiping it, and loads it anew. Throws `StoreError`. */
  async load(): Promise<void> {
    const meta = await this.#store.loadMeta();
    const stored = await this.#store.loadAccount();
    // Kept until now: who we are does not change while state is loaded anew.
    this.wipe();
    this.#incarnation = meta?.incarnation;
    const { count, told } = meta?.commits ?? { count: 0, told: 0 };
    this.#commits = count;
    this.#greetings = meta?.greetings ?? noGreetings;
    this.#durableCommits = count;
    // Only what a process that is gone has told has to be learned from the store.
    if (!this.#isOpened) this.#told = told === 0 ? count : told;
    this.#isOpened = true;
    this.#account = stored?.account;
    this.#credentials = stored?.credentials;
    this.#certificate = stored?.certificate;
    this.#registration = stored?.registration;
  }

  /** The account, registered or not. Throws `InternalError('no-account')`. */
  get account(): Account {
    if (this.#account === undefined) throw new InternalError('no-account', 'there is no account in the store');
    return this.#account;
  }

  /** Whether there is an account, registered or not. */
  get exists(): boolean {
    return this.#account !== undefined;
  }

  /** Whether the relay has taken the account in. */
  get isRegistered(): boolean {
    return this.#account !== undefined && this.#credentials !== undefined;
  }

  /** The own address. */
  get address(): DeviceAddress {
    return this.account.address;
  }

  /** What proves who we are. */
  get credentials(): Credentials | undefined {
    return this.#credentials;
  }

  /** The relay's certificate, pinned at registration. */
  get certificate(): Certificate | undefined {
    return this.#certificate;
  }

  /** A registration that was begun and not answered. */
  get registration(): PendingRegistration | undefined {
    return this.#registration;
  }

  /** Name of the store, 16 bytes. */
  get incarnation(): Uint8Array | undefined {
    return this.#incarnation;
  }

  /** Commits that are durable. */
  get durableCommits(): number {
    return this.#durableCommits;
  }

  /**
   * Says that there is no connection, and gives the counter that a hello shows: how many commits requests may have told a relay of. It stays until
   * {@link beginTelling}, and is stored with whatever is committed meanwhile: a backup that is used without a connection, in one process or in several,
   * would catch up with what the lost state has sent.
   */
  endTelling(): number {
    if (this.#told === 0) this.#told = this.#durableCommits;
    return this.#told;
  }

  /** The change after which requests may tell a relay of every commit: durable before the first of them leaves. */
  beginTelling(): BookChange {
    return new LateChange(
      // As the step commits: others may have counted since it was made.
      () => [putCommits({ count: this.#commits, told: 0 })],
      () => {
        this.#told = 0;
      },
    );
  }

  /** The write that counts one more commit, and what to call when it is durable. */
  countCommit(): { readonly write: Write; durable(): void } {
    this.#commits += 1;
    const count = this.#commits;
    return {
      write: putCommits({ count, told: this.#told }),
      durable: () => {
        this.#durableCommits = Math.max(this.#durableCommits, count);
      },
    };
  }

  /** Takes a changed account over when its writes are queued. */
  set(account: Account): void {
    this.#account = account;
  }

  /** Takes a begun registration over. */
  setRegistration(account: Account, registration: PendingRegistration, incarnation: Uint8Array): void {
    this.#account = account;
    this.#registration = registration;
    this.#incarnation = incarnation;
  }

  /** Takes an answered registration over. */
  setRegistered(account: Account, credentials: Credentials, certificate: Certificate | undefined): void {
    this.#account = account;
    this.#credentials = credentials;
    this.#certificate = certificate;
    this.#registration = undefined;
  }

  /** The change of the credentials. */
  changeCredentials(credentials: Credentials): BookChange {
    return {
      writes: [putCredentials(credentials)],
      apply: () => {
        this.#credentials = credentials;
      },
    };
  }

  /** How the store has named its hellos. */
  get greetings(): Greetings {
    return this.#greetings;
  }

  /** The change of the names of hellos. */
  changeGreetings(greetings: Greetings): BookChange {
    return {
      writes: [putGreetings(greetings)],
      apply: () => {
        this.#greetings = greetings;
      },
    };
  }

  /** The change of the store's name. */
  changeIncarnation(incarnation: Uint8Array): BookChange {
    return {
      writes: [putIncarnation(incarnation)],
      apply: () => {
        this.#incarnation = incarnation;
      },
    };
  }

  /** Wipes and forgets everything. */
  wipe(): void {
    if (this.#account !== undefined) wipeAll(secretsOf(this.#account));
    this.#account = undefined;
    this.#credentials = undefined;
    this.#certificate = undefined;
    this.#registration = undefined;
  }
}
