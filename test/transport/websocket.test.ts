import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import type { FrameChannel } from '../../lib/transport/channel.js';
import { createWebSocketTransport } from '../../lib/transport/websocket.js';
import { subProtocol, webSocketChannel } from '../../lib/transport/websocket-channel.js';
import type { Hello } from '../../lib/wire/frame.js';
import { transportContract } from './contract.js';

transportContract('WebSocket', async (clock, maxFrameLength) => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, maxPayload: maxFrameLength, perMessageDeflate: false });
  let accept: (channel: FrameChannel) => void = () => undefined;
  server.on('connection', (socket, request) => {
    accept(webSocketChannel(socket, request.socket, 'test', 'server'));
  });
  await new Promise((resolve) => {
    server.once('listening', resolve);
  });
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  let closing: Promise<void> | undefined;
  return {
    transport: createWebSocketTransport({ url, clock, maxFrameLength }),
    listen(next) {
      accept = next;
    },
    dial: () =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(url, subProtocol, { maxPayload: maxFrameLength, perMessageDeflate: false });
        socket.once('error', reject);
        socket.once('upgrade', ({ socket: carrier }) => {
          socket.once('open', () => {
            socket.off('error', reject);
            resolve(webSocketChannel(socket, carrier, 'test', 'client'));
          });
        });
      }),
    close() {
      closing ??= new Promise((resolve) => {
        for (const socket of server.clients) socket.terminate();
        server.close(() => {
          resolve();
        });
      });
      return closing;
    },
  };
});

const hello: Hello = {
  version: 1,
  address: { domain: '', userId: '', deviceId: '' },
  credential: { kind: 'none' },
  incarnation: new Uint8Array(0),
  commitCounter: 0,
  lastPushId: '',
  greeting: new Uint8Array(0),
  previousGreeting: new Uint8Array(0),
};

test.each([
  'ws://example.test/',
  'ws://10.0.0.1:80/',
  'ws://[2001:db8::1]/',
  'ws://localhost.example.test/',
  'ws://127.0.0.1.example.test/',
])('%s is refused as insecure before a packet leaves', (url) => {
  expect(() => createWebSocketTransport({ url })).toThrow(expect.objectContaining({ name: 'TransportError', code: 'insecure' }));
});

test.each(['ws://127.0.0.1:1/', 'ws://127.9.9.9:1/', 'ws://localhost:1/', 'ws://[::1]:1/', 'wss://example.test/'])(
  '%s is allowed',
  (url) => {
    expect(() => createWebSocketTransport({ url })).not.toThrow();
  },
);

test.each(['', 'example.test', 'http://127.0.0.1/', 'ws://user:secret@127.0.0.1/'])('%p is no address of a relay', (url) => {
  expect(() => createWebSocketTransport({ url })).toThrow(expect.objectContaining({ name: 'UsageError', code: 'url' }));
});

test('a web server that is no relay is offline', async () => {
  const server = createServer((_request, response) => {
    response.end('hello');
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const transport = createWebSocketTransport({ url: `ws://127.0.0.1:${port}/` });
  await expect(transport.connect({ hello, onPush: () => undefined })).rejects.toMatchObject({ code: 'offline' });
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
});

test('text messages end a channel', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await new Promise((resolve) => {
    server.once('listening', resolve);
  });
  const accepted = new Promise<FrameChannel>((resolve) => {
    server.once('connection', (socket, request) => {
      resolve(webSocketChannel(socket, request.socket, 'test', 'server'));
    });
  });
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await new Promise((resolve) => {
    socket.once('open', resolve);
  });
  const channel = await accepted;
  const frames: Uint8Array[] = [];
  channel.receive({ onFrame: (frame) => frames.push(frame), onDrain: () => undefined });
  socket.send('text');
  expect(await channel.closed).toEqual({ cause: 'failed', reason: 'not-binary' });
  expect(frames).toEqual([]);
  await new Promise((resolve) => {
    server.close(resolve);
  });
});

test('frames sent in one turn leave together, a later one without delay', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await new Promise((resolve) => {
    server.once('listening', resolve);
  });
  const writes: number[] = [];
  const accepted = new Promise<FrameChannel>((resolve) => {
    server.once('connection', (socket, request) => {
      const carrier = request.socket;
      const writev = carrier._writev?.bind(carrier);
      carrier._writev = (chunks, done) => {
        writes.push(chunks.length);
        writev?.(chunks, done);
      };
      resolve(webSocketChannel(socket, carrier, 'test', 'client'));
    });
  });
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const frames: number[] = [];
  const waiting = new Set<() => void>();
  socket.on('message', (frame: Buffer) => {
    frames.push(frame[0] ?? 0);
    for (const wake of waiting) wake();
  });
  const received = async (count: number): Promise<number[]> => {
    while (frames.length < count) {
      await new Promise<void>((resolve) => {
        waiting.add(resolve);
      });
    }
    return frames;
  };
  const channel = await accepted;
  for (let index = 1; index <= 20; index += 1) channel.send(Uint8Array.of(index));
  expect(await received(20)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  expect(writes).toHaveLength(1);
  channel.send(Uint8Array.of(21));
  expect(await received(21)).toHaveLength(21);
  expect(writes).toHaveLength(2);
  channel.close();
  await channel.closed;
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
});
