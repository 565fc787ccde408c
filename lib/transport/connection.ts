/**
 * The client's side of the frames: hello, requests and their answers, pushes, heartbeats, goodbye. The same over every carrier.
 */
import type { Clock } from '../base/clock.js';
import { E2eeError, TransportError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import type { Frame, HelloAck } from '../wire/frame.js';
import { decodeFrame, encodeFrame } from '../wire/frame.js';
import type { RequestName } from '../wire/request.js';
import { requests } from '../wire/request.js';
import { type FrameChannel, lowWaterMark } from './channel.js';
import type { CloseReason, ConnectOptions, Connection, RequestOptions } from './transport.js';

/** How long the client waits, ms. */
export interface ConnectionTimes {
  /** From the first packet to the relay's answer to the hello. */
  readonly connect: number;
  /** For the answer to a request: signing and one commit take milliseconds, a page of bundles of large keys over a slow line takes long. */
  readonly request: number;
}

const defaultTimes: ConnectionTimes = { connect: 15_000, request: 60_000 };

/** Heartbeats that may be missing before the relay counts as dead: one may be late, two in a row are not. */
const missedHeartbeats = 2.5;

/** Opens a carrier; gives up when the signal fires. */
export type Dial = (signal: AbortSignal) => Promise<FrameChannel>;

interface OpenRequest {
  readonly resolve: (body: Uint8Array) => void;
  readonly reject: (error: Error) => void;
  readonly release: () => void;
}

interface QueuedRequest {
  readonly id: number;
  readonly frame: Uint8Array;
}

class ChannelConnection implements Connection {
  readonly welcome: HelloAck;
  readonly closed: Promise<CloseReason>;
  readonly #channel: FrameChannel;
  readonly #clock: Clock;
  readonly #defaultTimeout: number;
  readonly #onPush: (push: Uint8Array) => void;
  readonly #commitCounter: () => number;
  readonly #open = new Map<number, OpenRequest>();
  /** Requests beyond what may be in flight, in the order of the calls. */
  readonly #queue: QueuedRequest[] = [];
  #inFlight = new Set<number>();
  #nextId = 1;
  #lastHeard: number;
  #stopWatching: () => void = () => undefined;
  #ended: CloseReason | undefined;
  #resolveClosed: (reason: CloseReason) => void = () => undefined;

  constructor(channel: FrameChannel, clock: Clock, requestTimeout: number, welcome: HelloAck, options: ConnectOptions) {
    this.#channel = channel;
    this.#clock = clock;
    this.#defaultTimeout = requestTimeout;
    this.#onPush = (push) => {
      options.onPush(push);
    };
    this.#commitCounter = () => options.commitCounter?.() ?? options.hello.commitCounter;
    this.welcome = welcome;
    this.#lastHeard = clock.now();
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#watch();
    void channel.closed.then((end) => {
      this.#finish(end.cause === 'local' ? { cause: 'local', reason: 'closed' } : { cause: 'lost', reason: end.reason });
    });
  }

  request(name: RequestName, body: Uint8Array, options: RequestOptions = {}): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const { signal } = options;
      if (signal?.aborted === true) {
        reject(reasonOf(signal));
        return;
      }
      if (this.#ended !== undefined) {
        reject(offline());
        return;
      }
      const id = this.#takeId();
      const giveUp = (error: Error): void => {
        this.#settle(id)?.reject(error);
      };
      const onAbort = (): void => {
        if (signal !== undefined) giveUp(reasonOf(signal));
      };
      const cancelTimer = this.#clock.schedule(options.timeout ?? this.#defaultTimeout, () => {
        giveUp(new TransportError('timeout', `no answer to ${name} in time`));
      });
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#open.set(id, {
        resolve,
        reject,
        release: () => {
          cancelTimer();
          signal?.removeEventListener('abort', onAbort);
        },
      });
      const commitCounter = this.#commitCounter();
      this.#queue.push({ id, frame: encodeFrame({ kind: 'request', id, request: requests[name].code, body, commitCounter }) });
      this.#pump();
    });
  }

  push(message: Uint8Array): void {
    if (this.#ended !== undefined) throw offline();
    this.#channel.send(encodeFrame({ kind: 'push', body: message }));
  }

  async close(): Promise<void> {
    if (this.#ended === undefined) {
      this.#sayGoodbye('closing');
      this.#finish({ cause: 'local', reason: 'closed' });
      this.#channel.close();
    }
    await this.#channel.closed;
  }

  /** Takes a frame that came after the hello's answer. */
  onFrame(bytes: Uint8Array): void {
    if (this.#ended !== undefined) return;
    this.#lastHeard = this.#clock.now();
    let frame: Frame;
    try {
      frame = decodeFrame(bytes);
    } catch (error) {
      if (!(error instanceof E2eeError)) throw error;
      this.#breakOff('protocol');
      return;
    }
    switch (frame.kind) {
      case 'response':
        this.#onResponse(frame.id, frame.status, frame.body);
        return;
      case 'push':
        this.#onPush(frame.body);
        return;
      case 'heartbeat':
        // A relay that asks without reading the answers gets no more of them than one buffer holds.
        if (this.#channel.bufferedAmount < lowWaterMark) this.#channel.send(encodeFrame(frame));
        return;
      case 'goodbye':
        this.#finish({ cause: 'goodbye', reason: frame.reason });
        this.#channel.close();
        return;
      case 'hello':
      case 'hello-ack':
      case 'request':
        this.#breakOff('protocol');
        return;
      case 'unknown':
        // Bodies may be added to the schema; one this side does not know concerns it in nothing.
        return;
    }
  }

  #onResponse(id: number, status: number, body: Uint8Array): void {
    this.#inFlight.delete(id);
    const open = this.#settle(id);
    if (status === 200) open?.resolve(body);
    else open?.reject(new TransportError('refused', `the relay refused the request with status ${status}`));
    this.#pump();
  }

  /** Sends what may be sent. A request that was given up while in flight keeps its place: the relay is still at it. */
  #pump(): void {
    while (this.#inFlight.size < limits.requestsInFlight) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      if (!this.#open.has(next.id)) continue;
      this.#inFlight.add(next.id);
      try {
        this.#channel.send(next.frame);
      } catch (error) {
        if (!(error instanceof TransportError)) throw error;
        this.#settle(next.id)?.reject(error);
        return;
      }
    }
  }

  #settle(id: number): OpenRequest | undefined {
    const open = this.#open.get(id);
    this.#open.delete(id);
    open?.release();
    return open;
  }

  #takeId(): number {
    // Ids are 32 bits and a connection may live for weeks: skip what is still open after a wrap.
    while (this.#open.has(this.#nextId) || this.#inFlight.has(this.#nextId)) this.#advanceId();
    const id = this.#nextId;
    this.#advanceId();
    return id;
  }

  #advanceId(): void {
    this.#nextId = this.#nextId === 0xffff_ffff ? 1 : this.#nextId + 1;
  }

  #watch(): void {
    const interval = Math.min(this.welcome.heartbeatInterval, limits.longestHeartbeat);
    if (interval <= 0) return;
    const patience = interval * missedHeartbeats;
    const check = (): void => {
      const silent = this.#clock.now() - this.#lastHeard;
      if (silent >= patience) this.#breakOff('silent');
      else this.#stopWatching = this.#clock.schedule(patience - silent, check);
    };
    this.#stopWatching = this.#clock.schedule(patience, check);
  }

  #breakOff(reason: string): void {
    this.#sayGoodbye(reason === 'silent' ? 'timeout' : 'protocol');
    this.#finish({ cause: 'lost', reason });
    this.#channel.cut();
  }

  #sayGoodbye(reason: string): void {
    try {
      this.#channel.send(encodeFrame({ kind: 'goodbye', reason }));
    } catch (error) {
      // Whoever ends a connection that has just ended has what he wants.
      if (!(error instanceof TransportError)) throw error;
    }
  }

  #finish(reason: CloseReason): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#stopWatching();
    this.#queue.length = 0;
    for (const id of [...this.#open.keys()]) this.#settle(id)?.reject(offline());
    this.#resolveClosed(reason);
  }
}

function offline(): TransportError {
  return new TransportError('offline', 'the connection has ended');
}

function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new TransportError('aborted', 'the caller gave up', { cause: reason });
}

/** The frame that answers the hello, or why there is none. */
function welcomeOf(bytes: Uint8Array): HelloAck {
  const frame = decodeFrame(bytes);
  if (frame.kind === 'goodbye') throw new TransportError('refused', `the relay refused the connection: ${frame.reason}`);
  if (frame.kind !== 'hello-ack') throw new TransportError('protocol', 'the relay did not answer the hello');
  if (frame.ack.code === 200) return frame.ack;
  throw new TransportError(frame.ack.reason === '' ? 'refused' : frame.ack.reason, 'the relay refused the connection');
}

function greet(channel: FrameChannel, options: ConnectOptions, clock: Clock, requestTimeout: number): Promise<Connection> {
  return new Promise((resolve, reject) => {
    let connection: ChannelConnection | undefined;
    channel.receive({
      onFrame(bytes) {
        if (connection !== undefined) {
          connection.onFrame(bytes);
          return;
        }
        try {
          connection = new ChannelConnection(channel, clock, requestTimeout, welcomeOf(bytes), options);
          resolve(connection);
        } catch (error) {
          reject(
            error instanceof TransportError
              ? error
              : new TransportError('protocol', 'the relay did not answer the hello', { cause: error }),
          );
          channel.close();
        }
      },
      onDrain: () => undefined,
    });
    void channel.closed.then(() => {
      reject(offline());
    });
    channel.send(encodeFrame({ kind: 'hello', hello: options.hello }));
  });
}

/** Opens a carrier with `dial`, says hello and gives the connection. Rejects as {@link Transport.connect} says. */
export async function openConnection(
  dial: Dial,
  options: ConnectOptions,
  { clock, times }: { readonly clock: Clock; readonly times: Partial<ConnectionTimes> },
): Promise<Connection> {
  options.signal?.throwIfAborted();
  const { connect, request } = { ...defaultTimes, ...times };
  const giveUp = new AbortController();
  let channel: FrameChannel | undefined;
  const cutOff = (): void => {
    giveUp.abort();
    channel?.cut();
  };
  const late = new TransportError('timeout', 'the relay did not answer in time');
  const cancelTimer = clock.schedule(connect, () => {
    giveUp.abort(late);
    channel?.cut();
  });
  options.signal?.addEventListener('abort', cutOff, { once: true });
  try {
    channel = await dial(giveUp.signal);
    if (giveUp.signal.aborted) channel.cut();
    return await greet(channel, options, clock, request);
  } catch (error) {
    channel?.cut();
    options.signal?.throwIfAborted();
    throw giveUp.signal.reason === late ? late : error;
  } finally {
    cancelTimer();
    options.signal?.removeEventListener('abort', cutOff);
  }
}
