/** A relay on real sockets, and sockets that do what no client does. */
import { once } from 'node:events';
import { type Socket, createConnection } from 'node:net';
import { WebSocket } from 'ws';
import { listen } from '../../lib/server/listen.js';
import type { ListenOptions, RelayListener } from '../../lib/server/listen.js';
import { type Relay, openRelay } from '../../lib/server/relay.js';
import type { RelayLimits } from '../../lib/server/relay-limits.js';
import { openMemoryStore } from '../../lib/store/memory/memory-store.js';
import type { FrameChannel } from '../../lib/transport/channel.js';
import type { Transport } from '../../lib/transport/transport.js';
import { createWebSocketTransport } from '../../lib/transport/websocket.js';
import { subProtocol } from '../../lib/transport/websocket-channel.js';
import { encodeFrame } from '../../lib/wire/frame.js';
import { type TestDevice, device, domain } from '../server/relay-fixture.js';
import { FakeClock, settled } from '../transport/fake-clock.js';

/** An open relay behind a door, and what it has taken in. */
export interface RelayOnSockets {
  readonly relay: Relay;
  readonly listener: RelayListener;
  readonly clock: FakeClock;
  readonly transport: Transport;
  /** The relay's ends of all connections so far. */
  readonly channels: FrameChannel[];
}

/** Opens a relay on loopback. */
export async function openOnSockets(
  limits: Partial<RelayLimits> = {},
  options: Pick<ListenOptions, 'host' | 'tls'> = { host: '127.0.0.1' },
): Promise<RelayOnSockets> {
  const clock = new FakeClock();
  const relay = await openRelay({
    store: () => openMemoryStore(),
    domain,
    registration: 'open',
    clock,
    limits: { lowOneTimePreKeys: 0, ...limits },
  });
  const channels: FrameChannel[] = [];
  const accept = relay.accept.bind(relay);
  relay.accept = (channel) => {
    channels.push(channel);
    accept(channel);
  };
  const listener = await listen(relay, { port: 0, ...options });
  return { relay, listener, clock, channels, transport: createWebSocketTransport({ url: listener.url }) };
}

/** A registered and connected device. */
export async function joined({ transport }: RelayOnSockets, userId: string): Promise<TestDevice> {
  const made = device(userId);
  await made.register(transport, 'code');
  await made.connect(transport);
  return made;
}

/** A TCP connection that says nothing by itself; `ended` resolves with what it was sent when the other side has ended it. */
export async function bareSocket({ listener }: RelayOnSockets): Promise<{ readonly socket: Socket; readonly ended: Promise<string> }> {
  const socket = createConnection({ host: '127.0.0.1', port: listener.port });
  let heard = '';
  socket.on('data', (bytes: Buffer) => (heard += bytes.toString('latin1')));
  socket.on('error', () => undefined);
  const ended = new Promise<string>((resolve) => {
    socket.on('close', () => {
      resolve(heard);
    });
  });
  await once(socket, 'connect');
  return { socket, ended };
}

/** A WebSocket of the relay's sub-protocol that has said nothing. */
export async function bareWebSocket({ listener }: RelayOnSockets): Promise<WebSocket> {
  const socket = new WebSocket(listener.url, subProtocol);
  socket.on('error', () => undefined);
  await once(socket, 'open');
  return socket;
}

/** The frame in which `who` shows its token. */
export function helloOf(who: TestDevice): Uint8Array {
  return encodeFrame({ kind: 'hello', hello: who.hello({ kind: 'token', token: who.token }) });
}

/** Lets turns of the event loop pass until `condition` holds; a test that waits in vain ends by its own time. */
export async function happens(condition: () => boolean): Promise<void> {
  while (!condition()) await settled();
}
