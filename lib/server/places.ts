/**
 * How many are here: sockets, connections, and those that have proved who they are; in all and from each network address.
 *
 * Owns: whether there is room for one more. Does not own: ending anybody. Who has not proved himself is a stranger: a socket in its handshake, a
 * connection before its hello, a registration. Strangers have few places of their own, so that they take none from known devices.
 */
import type { RelayLimits } from './relay-limits.js';

/** The bounds of {@link Places}. */
export type PlaceLimits = Pick<RelayLimits, 'connections' | 'connectionsPerAddress' | 'strangers' | 'strangersPerAddress'>;

interface Count {
  /** Sockets of the doors. A connection of another carrier has none. */
  sockets: number;
  connections: number;
  known: number;
}

function strangersOf({ sockets, connections, known }: Count): number {
  // Every connection of a door has its socket; the end of either may be noticed first.
  return Math.max(sockets, connections) - known;
}

/** The places of one relay. */
export class Places {
  readonly #limits: PlaceLimits;
  readonly #all: Count = { sockets: 0, connections: 0, known: 0 };
  readonly #byAddress = new Map<string, Count>();

  constructor(limits: PlaceLimits) {
    this.#limits = limits;
  }

  /** Open connections. */
  get connections(): number {
    return this.#all.connections;
  }

  /** Sockets and connections that have not proved themselves. */
  get strangers(): number {
    return strangersOf(this.#all);
  }

  /** Whether there is room for a socket from `address`; then it has a place until {@link socketClosed}. */
  takeSocket(address: string): boolean {
    this.#add(address, 'sockets', 1);
    if (this.#isWithinBounds(address)) return true;
    this.#add(address, 'sockets', -1);
    return false;
  }

  /** A socket that had a place is gone. */
  socketClosed(address: string): void {
    this.#add(address, 'sockets', -1);
  }

  /** Counts a connection until {@link ended}; whether there was room for it: one too many is counted as well, until it has been ended. */
  opened(address: string): boolean {
    this.#add(address, 'connections', 1);
    return this.#isWithinBounds(address);
  }

  /** A connection has proved which device it is: no stranger from now on. */
  proved(address: string): void {
    this.#add(address, 'known', 1);
  }

  /** A connection has ended. */
  ended(address: string, isKnown: boolean): void {
    if (isKnown) this.#add(address, 'known', -1);
    this.#add(address, 'connections', -1);
  }

  #isWithinBounds(address: string): boolean {
    const { connections, connectionsPerAddress, strangers, strangersPerAddress } = this.#limits;
    const here = this.#byAddress.get(address) ?? this.#all;
    return (
      this.#all.connections <= connections &&
      here.connections <= connectionsPerAddress &&
      strangersOf(this.#all) <= strangers &&
      strangersOf(here) <= strangersPerAddress
    );
  }

  #add(address: string, what: keyof Count, by: 1 | -1): void {
    const here = this.#byAddress.get(address) ?? { sockets: 0, connections: 0, known: 0 };
    here[what] += by;
    this.#all[what] += by;
    if (here.sockets === 0 && here.connections === 0) this.#byAddress.delete(address);
    else this.#byAddress.set(address, here);
  }
}
