/**
 * What the client needs from a network: the whitepaper's protocol handler. One connection per device carries requests and their answers one
 * way, pushes the other. Design D7.
 *
 * Owns: opening, correlating, timing out, noticing a dead peer. Does not own: retries, resending and what the bytes mean.
 */
import type { Hello, HelloAck } from '../wire/frame.js';
import type { RequestName } from '../wire/request.js';

/** How a connection came to its end. */
export interface CloseReason {
  /** `local`: {@link Connection.close}; `goodbye`: the relay ended it; `lost`: cut, silent, or broken. */
  readonly cause: 'local' | 'goodbye' | 'lost';
  /** A stable word: the relay's goodbye reason (`replaced`, `closing`, `unauthorized`, …), or `closed`, `cut`, `silent`, `protocol`. */
  readonly reason: string;
}

/** What opens a connection. */
export interface ConnectOptions {
  readonly hello: Hello;
  /**
   * Called with every push in the order the relay sent them, the first ones possibly before {@link Transport.connect} resolves; the bytes (an
   * encoded ProtoMsg) belong to the callee. Must not throw.
   */
  onPush(push: Uint8Array): void;
  /**
   * The commit counter of the client's store, asked for each request as it is made: the relay remembers the highest, so that a store restored from
   * any earlier moment is noticed at its next hello. Without it the counter of the hello stays the last one said. Must not throw. Design D4.
   */
  commitCounter?(): number;
  /** Gives up connecting when it fires; an open connection is not touched. */
  readonly signal?: AbortSignal;
}

/** Options of one request. */
export interface RequestOptions {
  /** Stops waiting for the answer: the promise rejects with the signal's reason (`TransportError('aborted')` when that
   * is no error). The relay may have done the request all the same. */
  readonly signal?: AbortSignal;
  /** Milliseconds to wait for the answer; the transport's default otherwise. */
  readonly timeout?: number;
}

/** An open connection of one device. */
export interface Connection {
  /** What the relay answered to the hello: a renewed token, its time, its window. */
  readonly welcome: HelloAck;
  /** Resolves once with how the connection ended. Never rejects. */
  readonly closed: Promise<CloseReason>;
  /**
   * Sends one request of the schema and resolves with the encoded response; requests leave in the order of the calls. Rejects with
   * `TransportError`: `offline` (the connection ended first; whether the relay did it is unknown), `timeout` (no answer in time, likewise)
   * or `refused` (the relay did not understand or not accept the frame). Never sends twice.
   */
  request(name: RequestName, body: Uint8Array, options?: RequestOptions): Promise<Uint8Array>;
  /** Sends an encoded ProtoMsg to the relay (AcquireSyncMsg, ClientHeartbeatMsg). Throws `TransportError('offline')`. */
  push(message: Uint8Array): void;
  /** Says goodbye and ends the connection; open requests reject with `offline`. */
  close(): Promise<void>;
}

/** Opens connections to one relay. */
export interface Transport {
  /**
   * Connects and says hello. Rejects with `TransportError`: `offline` (nobody there), `timeout`, `insecure`, `protocol` (not a relay), or
   * the relay's refusal as the code: `unauthorized`, `store-rolled-back`, `version`, `busy`.
   */
  connect(options: ConnectOptions): Promise<Connection>;
}
