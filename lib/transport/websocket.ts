/**
 * The client's transport over WebSocket. Anything but loopback needs TLS: tokens and passwords travel in the first frame. Design D7.
 */
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { InternalError, TransportError, UsageError } from '../base/errors.js';
import type { Clock } from '../base/clock.js';
import { systemClock } from '../base/clock.js';
import { limits } from '../base/limits.js';
import type { FrameChannel } from './channel.js';
import type { ConnectionTimes } from './connection.js';
import { openConnection } from './connection.js';
import { isLoopback } from './loopback.js';
import type { Transport } from './transport.js';
import { subProtocol, webSocketChannel } from './websocket-channel.js';

/** Where the relay is and how long to wait for it. */
export interface WebSocketTransportOptions {
  /** `wss://host:port/`, or `ws://` for a loopback host. */
  readonly url: string;
  /** PEM certificates to trust instead of the system's, for a relay with a private authority. */
  readonly certificateAuthority?: string;
  readonly clock?: Clock;
  readonly times?: Partial<ConnectionTimes>;
  /** Greatest frame taken, bytes; raise it to `limits.largeKeyFrameLength` for suites with large keys. */
  readonly maxFrameLength?: number;
}

function parseUrl(text: string): URL {
  if (!URL.canParse(text)) throw new UsageError('url', 'a relay address has the form wss://host:port/');
  const url = new URL(text);
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') throw new UsageError('url', 'a relay address begins with wss:// or ws://');
  if (url.username !== '' || url.password !== '') throw new UsageError('url', 'a relay address carries no credentials');
  return url;
}

function dial(url: URL, options: WebSocketTransportOptions, signal: AbortSignal): Promise<FrameChannel> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, subProtocol, {
      perMessageDeflate: false,
      followRedirects: false,
      maxPayload: options.maxFrameLength ?? limits.frameLength,
      ...(options.certificateAuthority === undefined ? {} : { ca: options.certificateAuthority }),
    });
    const giveUp = (): void => {
      socket.terminate();
    };
    const failed = (cause: unknown): void => {
      signal.removeEventListener('abort', giveUp);
      reject(new TransportError('offline', 'the relay cannot be reached', { cause }));
    };
    let carrier: Duplex | undefined;
    socket.once('error', failed);
    socket.once('upgrade', (response) => {
      carrier = response.socket;
    });
    socket.once('open', () => {
      signal.removeEventListener('abort', giveUp);
      socket.off('error', failed);
      if (carrier === undefined) reject(new InternalError('no-carrier', 'a WebSocket is open without an upgrade'));
      else resolve(webSocketChannel(socket, carrier, url.host, 'client'));
    });
    signal.addEventListener('abort', giveUp, { once: true });
  });
}

/**
 * A transport to the relay at `options.url`. Throws `UsageError('url')`, and `TransportError('insecure')` for `ws://` to anything but
 * loopback.
 */
export function createWebSocketTransport(options: WebSocketTransportOptions): Transport {
  const url = parseUrl(options.url);
  if (url.protocol === 'ws:' && !isLoopback(url.hostname)) {
    throw new TransportError('insecure', 'a relay that is not on this machine is reached over wss:// only');
  }
  return {
    connect: (request) =>
      openConnection((signal) => dial(url, options, signal), request, { clock: options.clock ?? systemClock, times: options.times ?? {} }),
  };
}
