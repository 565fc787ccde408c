/**
 * The line to the relay: connects, connects again, renews the token.
 *
 * Owns: when a connection is tried, with which credential, and who is told. Does not own: what is sent over it.
 */
import type { Clock } from '../base/clock.js';
import { E2eeError, TransportError, UsageError } from '../base/errors.js';
import type { RandomSource } from '../base/random.js';
import type { Connection, RequestOptions, Transport } from '../transport/transport.js';
import { type Hello, type HelloAck, frameVersion } from '../wire/frame.js';
import type { RequestName } from '../wire/request.js';
import { BackOff } from './back-off.js';
import type { Events } from './events.js';

/** What a hello says about us. */
export type SaidHello = Omit<Hello, 'version' | 'lastPushId'>;

/** What the line says about us, and what it is told. */
export interface LinkSurroundings {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly events: Events;
  /** What the next hello says. `renew` asks for the password instead of the token. */
  hello(renew: boolean): Promise<SaidHello>;
  /** How many commits of the store are durable. */
  commitCounter(): number;
  /** Takes a push. */
  onPush(push: Uint8Array): void;
  /** Takes over a renewed token before anything else happens on the connection. */
  onWelcome(welcome: HelloAck): Promise<void>;
  /** A connection is open. */
  onConnected(): void;
  /** A connection has ended: what it brought and was not handled comes again. */
  onDisconnected(): void;
  /** The relay has seen a newer store: drops every session. Throws `StoreError`. */
  onRolledBack(): Promise<void>;
  /** The relay does not know this device (any more): it takes neither the token nor the password. Told once until a connection is open again. */
  onUnknown(): void;
}

/** Wait after another process of the same device took the connection over, ms: two that fight for it would do nothing else. */
const replacedWait = 60_000;

/** Time after a renewal in which another is not hurried, ms. */
const renewalPause = 60_000;

interface Waiter {
  readonly resolve: (connection: Connection) => void;
  readonly reject: (error: unknown) => void;
}

/** The line of one client. */
export class Link {
  readonly #surroundings: LinkSurroundings;
  readonly #backOff: BackOff;
  readonly #stop = new AbortController();
  readonly #waiters = new Set<Waiter>();
  #connection: Connection | undefined;
  #renew = false;
  /** When the password was last shown, ms since 1970. */
  #renewedAt = Number.NEGATIVE_INFINITY;
  /** {@link LinkSurroundings.onUnknown} was told. */
  #isUnknown = false;
  /** Sessions were given up since the last connection. */
  #hasRecovered = false;
  /** Waits between connections that were broken off because what they brought could not be stored. */
  #trouble: BackOff | undefined;
  /** How often a connection was broken off. */
  #breaks = 0;
  /** An attempt is running, or will without a wait. */
  #trying = false;
  #running: Promise<void> | undefined;
  #wake: (() => void) | undefined;

  constructor(surroundings: LinkSurroundings) {
    this.#surroundings = surroundings;
    this.#backOff = new BackOff(surroundings.random);
  }

  /** The open connection. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** `connected`, `connecting`, or `offline` while it waits for the next attempt. */
  get state(): 'connected' | 'connecting' | 'offline' {
    if (this.#connection !== undefined) return 'connected';
    return this.#trying ? 'connecting' : 'offline';
  }

  /** Begins to connect; a second call does nothing. */
  start(): void {
    if (this.#running !== undefined || this.#stop.signal.aborted) return;
    this.#trying = true;
    this.#running = this.#run();
  }

  /** The open connection, or what the attempt that is running gives. Rejects with `TransportError('offline')`, and as the attempt does. */
  connected(signal?: AbortSignal): Promise<Connection> {
    if (this.#connection !== undefined) return Promise.resolve(this.#connection);
    if (this.#stop.signal.aborted) return Promise.reject(new UsageError('client-closed', 'the client is closed'));
    if (!this.#trying) return Promise.reject(new TransportError('offline', 'there is no connection to the relay'));
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#waiters.delete(waiter);
        reject(asError(signal?.reason));
      };
      const waiter: Waiter = {
        resolve: (connection) => {
          signal?.removeEventListener('abort', abort);
          resolve(connection);
        },
        reject: (error) => {
          signal?.removeEventListener('abort', abort);
          reject(asError(error));
        },
      };
      if (signal?.aborted === true) {
        reject(asError(signal.reason));
        return;
      }
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiters.add(waiter);
    });
  }

  /** Sends a request over the connection of {@link connected}. Rejects with `TransportError`. */
  async request(name: RequestName, body: Uint8Array, options: RequestOptions = {}): Promise<Uint8Array> {
    const connection = await this.connected(options.signal);
    return connection.request(name, body, options);
  }

  /** The relay no longer takes the token: connects again with the password. */
  renew(): void {
    this.#renew = true;
    void this.#connection?.close();
  }

  /**
   * What the connection brought could not be stored: a new one brings it again, after a wait that grows until {@link isFine}. Pushes come as soon as the
   * relay has said welcome, so that this may be a connection of which only {@link #connect} knows.
   */
  breakOff(): void {
    this.#trouble ??= new BackOff(this.#surroundings.random);
    this.#breaks += 1;
    void this.#connection?.close();
  }

  /** What the connection brings is being stored. */
  isFine(): void {
    this.#trouble = undefined;
  }

  /** Does not wait any longer for the next attempt. */
  retry(): void {
    this.#wake?.();
  }

  /** Ends the connection and connects no more. */
  async stop(): Promise<void> {
    this.#stop.abort(new UsageError('client-closed', 'the client is closed'));
    this.#wake?.();
    await this.#connection?.close();
    await this.#running;
    this.#refuseWaiters(this.#stop.signal.reason);
  }

  async #run(): Promise<void> {
    while (!this.#isStopped()) {
      this.#trying = true;
      let wait: number | undefined;
      let reason: string;
      try {
        const connection = await this.#connect();
        reason = (await connection.closed).reason;
        this.#connection = undefined;
        this.#surroundings.onDisconnected();
        wait = this.#waitAfter(reason);
      } catch (error) {
        this.#connection = undefined;
        if (this.#isStopped()) break;
        // It may have brought something before it failed.
        this.#surroundings.onDisconnected();
        reason = error instanceof E2eeError ? error.code : 'failed';
        wait = await this.#afterFailure(reason);
        if (wait > 0) this.#refuseWaiters(error);
        if (!(error instanceof E2eeError)) this.#surroundings.events.emit({ type: 'error', error, during: 'connecting' });
      }
      if (this.#isStopped()) break;
      this.#trying = wait === 0;
      this.#surroundings.events.emit({ type: 'connection', state: 'disconnected', reason, retryIn: wait });
      if (wait > 0) await this.#sleep(wait);
    }
    this.#trying = false;
    this.#surroundings.events.emit({ type: 'connection', state: 'disconnected', reason: 'closed', retryIn: undefined });
  }

  #isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  async #connect(): Promise<Connection> {
    const { transport, onPush, commitCounter, onWelcome, onConnected, events, hello } = this.#bound();
    const said = await hello(this.#renew);
    const breaks = this.#breaks;
    const connection = await transport.connect({
      hello: { ...said, version: frameVersion, lastPushId: '' },
      onPush,
      commitCounter,
      signal: this.#stop.signal,
    });
    try {
      if (!this.#isStopped()) await onWelcome(connection.welcome);
      if (breaks !== this.#breaks) throw new TransportError('offline', 'what the connection has brought could not be stored');
    } catch (error) {
      // Nobody else knows of the connection yet.
      await connection.close();
      throw error;
    }
    // While it was made, or while what its welcome says was stored.
    if (this.#isStopped()) {
      await connection.close();
      return connection;
    }
    if (this.#renew) this.#renewedAt = this.#surroundings.clock.now();
    this.#hasRecovered = false;
    this.#isUnknown = false;
    this.#renew = false;
    this.#backOff.reset();
    this.#connection = connection;
    events.emit({ type: 'connection', state: 'connected' });
    for (const waiter of this.#waiters) waiter.resolve(connection);
    this.#waiters.clear();
    onConnected();
    return connection;
  }

  #bound(): Pick<LinkSurroundings, 'transport' | 'events' | 'onPush' | 'commitCounter' | 'onWelcome' | 'onConnected' | 'hello'> {
    const surroundings = this.#surroundings;
    return {
      transport: surroundings.transport,
      events: surroundings.events,
      onPush: (push) => surroundings.onPush(push),
      commitCounter: () => surroundings.commitCounter(),
      onWelcome: (welcome) => surroundings.onWelcome(welcome),
      onConnected: () => surroundings.onConnected(),
      hello: (renew) => surroundings.hello(renew),
    };
  }

  /** How long to wait after a connection that ended. A token that has just been renewed and is refused again is no reason to hurry. */
  #waitAfter(reason: string): number {
    if (reason === 'unauthorized') this.#renew = true;
    if (reason === 'replaced') return replacedWait;
    if (this.#renew && this.#surroundings.clock.now() - this.#renewedAt > renewalPause) return 0;
    return this.#nextWait();
  }

  #nextWait(): number {
    const trouble = this.#trouble?.next() ?? 0;
    return Math.max(trouble, this.#backOff.next());
  }

  /** What a refusal asks for; returns the wait before the next attempt. */
  async #afterFailure(code: string): Promise<number> {
    if (code === 'unauthorized' && !this.#renew) {
      this.#renew = true;
      return 0;
    }
    if (code === 'unauthorized' && !this.#isUnknown) {
      this.#isUnknown = true;
      this.#surroundings.onUnknown();
    }
    if (code === 'store-rolled-back') {
      try {
        await this.#surroundings.onRolledBack();
        if (this.#hasRecovered) return this.#backOff.next();
        this.#hasRecovered = true;
        return 0;
      } catch (error) {
        this.#surroundings.events.emit({ type: 'error', error, during: 'recovering from a rolled-back store' });
      }
    }
    return this.#nextWait();
  }

  #refuseWaiters(error: unknown): void {
    for (const waiter of this.#waiters) waiter.reject(error);
    this.#waiters.clear();
  }

  #sleep(wait: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        this.#wake = undefined;
        resolve();
      };
      const cancel = this.#surroundings.clock.schedule(wait, wake);
      this.#wake = wake;
    });
  }
}

/** Rejections are errors; whoever aborts without a reason that is one gets a general one. */
function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new UsageError('aborted', 'the call was given up');
}
