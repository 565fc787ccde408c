/** Puts a relay on the network: WebSocket over TLS, or without TLS on this machine only. */
import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { TransportError } from '../base/errors.js';
import { isLoopback } from '../transport/loopback.js';
import { subProtocol, webSocketChannel } from '../transport/websocket-channel.js';
import type { Relay } from './relay.js';

/** Where to listen. */
export interface ListenOptions {
  /** A name or address; loopback unless TLS is given. */
  readonly host: string;
  /** 0: the system chooses. */
  readonly port: number;
  /** PEM of the certificate chain and its key. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

/** A relay's door. */
export interface RelayListener {
  readonly address: string;
  readonly port: number;
  /** What clients connect to, for example `ws://127.0.0.1:4433/`. */
  readonly url: string;
  /** Stops taking connections; open ones stay the relay's. {@link Relay.close} does this too. */
  close(): Promise<void>;
}

/** Pieces that one frame may come in: clients send it whole, and each piece costs some hundred bytes beside its own. */
const piecesOfFrame = 1_024;

/** How often sockets in their handshake are looked after, ms. */
const handshakeCheck = 1_000;

/**
 * Listens for `relay` until the relay or the listener is closed. Throws `TransportError('insecure')` for anything but loopback without TLS and
 * `TransportError('listen')` when the port cannot be had.
 */
export async function listen(relay: Relay, options: ListenOptions): Promise<RelayListener> {
  const { host, port, tls } = options;
  if (tls === undefined && !isLoopback(host)) {
    throw new TransportError('insecure', 'a relay that is not on loopback needs a certificate and a key');
  }
  const { handshakeTimeout } = relay;
  const timeouts = {
    headersTimeout: handshakeTimeout,
    requestTimeout: handshakeTimeout,
    connectionsCheckingInterval: Math.min(handshakeTimeout, handshakeCheck),
  };
  const server: Server =
    tls === undefined
      ? createHttpServer(timeouts)
      : createHttpsServer({ ...timeouts, handshakeTimeout, cert: tls.certificate, key: tls.key });
  server.maxConnections = relay.maxSockets;
  server.on('connection', (socket: Socket) => {
    admit(relay, socket);
  });
  server.on('request', (_request, response) => {
    response.writeHead(426, { connection: 'close' }).end();
  });
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: relay.maxFrameLength,
    maxFragments: piecesOfFrame,
    clientTracking: false,
    handleProtocols: (offered) => (offered.has(subProtocol) ? subProtocol : false),
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Nobody else listens on an upgraded socket; a reset would end the process.
    socket.on('error', () => {
      socket.destroy();
    });
    if (!(request.headers['sec-websocket-protocol'] ?? '').split(/,\s*/u).includes(subProtocol)) {
      // Whoever does not close his side would keep the socket.
      socket.once('finish', () => {
        socket.destroy();
      });
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      relay.accept(webSocketChannel(webSocket, socket, request.socket.remoteAddress ?? 'unknown', 'server'));
    });
  });
  await new Promise<void>((resolve, reject) => {
    const failed = (cause: unknown): void => {
      reject(new TransportError('listen', `cannot listen on ${host} port ${port}`, { cause }));
    };
    server.once('error', failed);
    server.listen(port, host, () => {
      server.off('error', failed);
      resolve();
    });
  });
  // A process that is out of files is told so for every connection it cannot take; without a listener the first time would be its end.
  server.on('error', (error: Error & { code?: string }) => {
    relay.reportDoorTrouble(error.code ?? error.name);
  });
  const listener = listenerOf(server, host, tls === undefined ? 'ws' : 'wss');
  relay.addDoor(listener);
  return listener;
}

/** Before a byte of it is read: a socket that there is no room for costs nothing more than being taken and dropped. */
function admit(relay: Relay, socket: Socket): void {
  const remote = socket.remoteAddress ?? 'unknown';
  if (!relay.takesSocket(remote)) {
    socket.destroy();
    return;
  }
  socket.once('close', () => {
    relay.socketClosed(remote);
  });
}

function listenerOf(server: Server, host: string, scheme: 'ws' | 'wss'): RelayListener {
  const bound = server.address();
  const address = typeof bound === 'object' && bound !== null ? bound.address : host;
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  // A certificate names the host, not the address it resolves to.
  const named = host.includes(':') ? `[${host.replace(/^\[(.*)\]$/u, '$1')}]` : host;
  return {
    address,
    port,
    url: `${scheme}://${named}:${port}/`,
    close() {
      // Upgraded sockets belong to the relay; the server's own 'close' would wait for the last of them.
      server.close();
      server.closeAllConnections();
      return new Promise((resolve) => {
        setImmediate(resolve);
      });
    },
  };
}
