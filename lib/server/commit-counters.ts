/**
 * How far the stores of connected devices have come: the highest commit counter that a request has shown. Design D4.
 *
 * Owns: that whatever a request has led to is never durable without the counter it came with, so that a client's store restored from any moment
 * before is refused, and that this costs no transaction of its own. Does not own: who is refused (rollback.ts).
 */
import type { DeviceAddress } from '../base/address.js';
import { equalBytes } from '../base/bytes.js';
import { E2eeError } from '../base/errors.js';
import type { LoginRecord, RelayStore } from '../store/relay-store.js';
import type { Write } from '../store/store.js';
import { deviceName } from './device-name.js';
import type { Guest } from './guest.js';
import type { Logger } from '../base/logger.js';

interface Seen {
  readonly guest: Guest;
  counter: number;
  /** What the rows of the device say, or will when what is queued is durable; -1: not known. */
  stored: number;
}

/** The counters of all connected devices; those of the others are in the store. */
export class CommitCounters {
  readonly #store: RelayStore;
  readonly #logger: Logger;
  readonly #connected = new Map<string, Seen>();

  constructor(store: RelayStore, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
    store.onReset(() => {
      for (const seen of this.#connected.values()) seen.stored = -1;
    });
  }

  /** A device has proved itself; a store without a name takes no part. */
  open(guest: Guest): void {
    const { address, incarnation, commitCounter } = guest;
    if (incarnation.length === 0) this.#connected.delete(deviceName(address));
    else this.#connected.set(deviceName(address), { guest, counter: commitCounter, stored: commitCounter });
  }

  /** A request of the connection has come; one that another connection has replaced is no longer counted. */
  note(guest: Guest, counter: number): void {
    const seen = this.#connected.get(deviceName(guest.address));
    if (seen?.guest === guest) seen.counter = Math.max(seen.counter, counter);
  }

  /**
   * What a commit that a request of the device causes must hold beside its effect; empty when nothing is new. Asked in the turn in which the commit is
   * queued: from then on what other requests of the device cause counts on it, and may be durable first if it is not.
   */
  writes(address: DeviceAddress): Write[] {
    const seen = this.#connected.get(deviceName(address));
    if (seen === undefined || seen.counter <= seen.stored) return [];
    seen.stored = seen.counter;
    return [this.#store.putSeenCounter(address, { incarnation: seen.guest.incarnation, commitCounter: seen.counter })];
  }

  /** A commit with {@link writes} may have failed. */
  doubt(address: DeviceAddress): void {
    const seen = this.#connected.get(deviceName(address));
    if (seen !== undefined) seen.stored = -1;
  }

  /** Stores what requests without an effect have shown; called now and then, so that these cost few transactions. */
  save(address: DeviceAddress): void {
    const writes = this.writes(address);
    if (writes.length === 0) return;
    this.#store.commit(writes).catch((error: unknown) => {
      this.doubt(address);
      this.#logger.warn({ code: error instanceof E2eeError ? error.code : 'internal' }, 'a commit counter could not be stored');
    });
  }

  /** The connection has ended. */
  close(guest: Guest): void {
    const name = deviceName(guest.address);
    if (this.#connected.get(name)?.guest !== guest) return;
    this.save(guest.address);
    this.#connected.delete(name);
  }

  /** Forgets a device that was removed: nothing of it is stored any more. */
  forget(address: DeviceAddress): void {
    this.#connected.delete(deviceName(address));
  }

  /** The highest counter that the open connection of the device has shown for that store; 0 when there is none. */
  seen(address: DeviceAddress, incarnation: Uint8Array): number {
    const seen = this.#connected.get(deviceName(address));
    return seen !== undefined && equalBytes(seen.guest.incarnation, incarnation) ? seen.counter : 0;
  }

  /** The highest counter of the store that `login` names: of hellos and requests. */
  async highest(address: DeviceAddress, login: LoginRecord): Promise<number> {
    const stored = await this.#store.seenCounter(address);
    const ofRequests = stored !== undefined && equalBytes(stored.incarnation, login.incarnation) ? stored.commitCounter : 0;
    return Math.max(login.commitCounter, ofRequests, this.seen(address, login.incarnation));
  }
}
