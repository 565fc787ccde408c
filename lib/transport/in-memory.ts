/**
 * The in-memory twin of the WebSocket transport: the same frames between two ends in one process, in a deterministic order, with a hook
 * through which a test drops, delays, inspects or cuts.
 */
import { TransportError } from '../base/errors.js';
import { copyBytes } from '../base/bytes.js';
import type { Clock } from '../base/clock.js';
import { systemClock } from '../base/clock.js';
import type { ChannelEnd, FrameChannel, FrameReceiver } from './channel.js';
import { lowWaterMark } from './channel.js';
import type { ConnectionTimes } from './connection.js';
import { openConnection } from './connection.js';
import type { Transport } from './transport.js';

/** One frame on its way, in the hands of a test. */
export interface FrameInTransit {
  /** `up`: from the side that connected; `down`: to it. */
  readonly direction: 'up' | 'down';
  readonly frame: Uint8Array;
  /** Hands the frame over (once, now or later). A frame that is never delivered is lost. */
  deliver(): void;
  /** Ends the channel on both sides as a broken network does. */
  cut(): void;
}

/** Called for every frame instead of delivering it. */
export type Intercept = (transit: FrameInTransit) => void;

/** Settings of an in-memory network. */
export interface InMemoryOptions {
  readonly clock?: Clock;
  readonly times?: Partial<ConnectionTimes>;
  /** Greatest frame that passes; a longer one ends the channel as on a WebSocket. */
  readonly maxFrameLength?: number;
  readonly intercept?: Intercept;
}

/** One end of an in-memory channel. */
class InMemoryChannel implements FrameChannel {
  readonly closed: Promise<ChannelEnd>;
  readonly remoteAddress = 'memory';
  bufferedAmount = 0;
  #end: (end: ChannelEnd) => void = () => undefined;
  #open = true;
  #paused = false;
  #receiver: FrameReceiver | undefined;
  readonly #waiting: Uint8Array[] = [];
  #transmit: (frame: Uint8Array) => void = () => undefined;
  #hangUp: (end: ChannelEnd) => void = () => undefined;

  constructor() {
    this.closed = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Joins this end to what carries its frames and its end to the other. */
  join(transmit: (frame: Uint8Array) => void, hangUp: (end: ChannelEnd) => void): void {
    this.#transmit = transmit;
    this.#hangUp = hangUp;
  }

  send(frame: Uint8Array): void {
    if (!this.#open) throw new TransportError('offline', 'the channel has ended');
    const copy = copyBytes(frame);
    this.bufferedAmount += copy.length;
    queueMicrotask(() => {
      this.#transmit(copy);
    });
  }

  /** The other side has taken `length` bytes. */
  taken(length: number): void {
    const before = this.bufferedAmount;
    this.bufferedAmount -= length;
    if (before >= lowWaterMark && this.bufferedAmount < lowWaterMark) this.#receiver?.onDrain();
  }

  receive(receiver: FrameReceiver): void {
    this.#receiver = receiver;
    this.#flush();
  }

  /** Takes a frame from the other side; `taken` is called when the receiver has it. */
  arrive(frame: Uint8Array): void {
    if (!this.#open) return;
    this.#waiting.push(frame);
    this.#flush();
  }

  /** Told of each frame that was handed to the receiver. */
  onDelivered: (length: number) => void = () => undefined;

  #flush(): void {
    while (this.#receiver !== undefined && !this.#paused) {
      const frame = this.#waiting.shift();
      if (frame === undefined) return;
      this.onDelivered(frame.length);
      this.#receiver.onFrame(frame);
    }
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#flush();
  }

  close(): void {
    if (!this.#open) return;
    this.finish({ cause: 'local', reason: 'closed' });
    // Behind the frames that are already on their way.
    queueMicrotask(() => {
      this.#hangUp({ cause: 'remote', reason: 'closed' });
    });
  }

  cut(): void {
    if (!this.#open) return;
    this.finish({ cause: 'local', reason: 'cut' });
    this.#hangUp({ cause: 'failed', reason: 'cut' });
  }

  /** Ends this side. */
  finish(end: ChannelEnd): void {
    if (!this.#open) return;
    this.#open = false;
    this.#end(end);
  }
}

/** Two joined ends: what the first sends the second receives, and the other way round. `up` is the direction from first to second. */
export function createChannelPair(options: Pick<InMemoryOptions, 'intercept' | 'maxFrameLength'> = {}): [FrameChannel, FrameChannel] {
  const client = new InMemoryChannel();
  const server = new InMemoryChannel();
  const { intercept, maxFrameLength = Number.POSITIVE_INFINITY } = options;

  function cut(): void {
    client.finish({ cause: 'failed', reason: 'cut' });
    server.finish({ cause: 'failed', reason: 'cut' });
  }

  function connect(from: InMemoryChannel, to: InMemoryChannel, direction: 'up' | 'down'): void {
    to.onDelivered = (length) => {
      from.taken(length);
    };
    from.join(
      (frame) => {
        if (frame.length > maxFrameLength) {
          to.finish({ cause: 'failed', reason: 'too-large' });
          from.finish({ cause: 'remote', reason: 'closed' });
          return;
        }
        const deliver = (): void => {
          to.arrive(frame);
        };
        if (intercept === undefined) deliver();
        else intercept({ direction, frame, deliver, cut });
      },
      (end) => {
        to.finish(end);
      },
    );
  }

  connect(client, server, 'up');
  connect(server, client, 'down');
  return [client, server];
}

/** A network of one relay inside this process. */
export interface InMemoryNetwork {
  /** Connects to whoever listens; `TransportError('offline')` while nobody does. */
  readonly transport: Transport;
  /** Opens a bare channel, for tests that speak frames themselves. */
  dial(): Promise<FrameChannel>;
  /** Names who takes new channels; `undefined` takes the relay off the network. */
  listen(accept: ((channel: FrameChannel) => void) | undefined): void;
  /** Replaces the hook for channels opened from now on. */
  intercept(hook: Intercept | undefined): void;
}

/** Makes a network without a relay; `listen` puts one on it. */
export function createInMemoryNetwork(options: InMemoryOptions = {}): InMemoryNetwork {
  let accept: ((channel: FrameChannel) => void) | undefined;
  let hook = options.intercept;
  const clock = options.clock ?? systemClock;

  function dial(): Promise<FrameChannel> {
    if (accept === undefined) return Promise.reject(new TransportError('offline', 'no relay is on the in-memory network'));
    const [client, server] = createChannelPair({
      ...(hook === undefined ? {} : { intercept: hook }),
      ...(options.maxFrameLength === undefined ? {} : { maxFrameLength: options.maxFrameLength }),
    });
    accept(server);
    return Promise.resolve(client);
  }

  return {
    transport: { connect: (request) => openConnection(dial, request, { clock, times: options.times ?? {} }) },
    dial,
    listen(next) {
      accept = next;
    },
    intercept(next) {
      hook = next;
    },
  };
}
