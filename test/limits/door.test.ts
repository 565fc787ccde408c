/** Sockets that hold a place and do nothing for it: each is ended after its time, and there is a bound on how many there are. */
import { once } from 'node:events';
import { afterEach, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { Places } from '../../lib/server/places.js';
import { subProtocol } from '../../lib/transport/websocket-channel.js';
import { decodeFrame, encodeFrame } from '../../lib/wire/frame.js';
import { device, expectOk, textOf } from '../server/relay-fixture.js';
import { selfSigned } from '../server/self-signed.js';
import { settled } from '../transport/fake-clock.js';
import { type RelayOnSockets, bareSocket, bareWebSocket, happens, helloOf, joined, openOnSockets } from './sockets.js';

let world: RelayOnSockets | undefined;

afterEach(async () => {
  await world?.relay.close();
  world = undefined;
});

async function open(...options: Parameters<typeof openOnSockets>): Promise<RelayOnSockets> {
  world = await openOnSockets(...options);
  return world;
}

const shortHandshake = { handshakeTimeout: 100 };

describe('a socket that does not finish its handshake', () => {
  test('is ended when it says nothing', async () => {
    const relay = await open(shortHandshake);
    const { ended } = await bareSocket(relay);
    expect(await ended).toMatch(/^HTTP\/1.1 408 /u);
    await happens(() => relay.relay.strangerCount === 0);
  });

  test('is ended when its headers come a byte at a time', async () => {
    const relay = await open(shortHandshake);
    const { socket, ended } = await bareSocket(relay);
    const headers = `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(10_000)}`;
    let sent = 0;
    const dribble = setInterval(() => {
      socket.write(headers.charAt(sent));
      sent += 1;
    }, 1);
    expect(await ended).toMatch(/^HTTP\/1.1 408 /u);
    clearInterval(dribble);
    expect(sent).toBeLessThan(headers.length);
  });

  test('is ended when it does not speak TLS', async () => {
    const relay = await open(shortHandshake, { host: 'localhost', tls: selfSigned() });
    const { ended } = await bareSocket(relay);
    expect(await ended).toBe('');
    await happens(() => relay.relay.strangerCount === 0);
  });

  test('is ended when it asks for something else and keeps its side open', async () => {
    const relay = await open();
    const { socket, ended } = await bareSocket(relay);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    expect(await ended).toMatch(/^HTTP\/1.1 400 /u);
    await happens(() => relay.relay.strangerCount === 0);
  });
});

describe('a connection that does not say who it is', () => {
  test('is ended after its time', async () => {
    const relay = await open();
    const socket = await bareWebSocket(relay);
    await happens(() => relay.relay.connectionCount === 1);
    await relay.clock.advance(9_999);
    expect(relay.relay.connectionCount).toBe(1);
    const farewell = once(socket, 'message');
    await relay.clock.advance(1);
    expect(decodeFrame((await farewell)[0] as Buffer)).toEqual({ kind: 'goodbye', reason: 'timeout' });
    expect(relay.relay.connectionCount).toBe(0);
  });

  test('and came to register may stay as long as that takes, and no longer', async () => {
    const relay = await open({ strangerTime: 60_000, heartbeatInterval: 30_000 });
    const newcomer = device('alice');
    const connection = await relay.transport.connect({ hello: newcomer.hello({ kind: 'none' }), onPush: () => undefined });
    await relay.clock.advance(30_000);
    await settled();
    expect(relay.relay.connectionCount).toBe(1);
    // The answer to the first heartbeat has to arrive before the second is due.
    await connection.request('consume_proto_msg', new Uint8Array(0));
    await relay.clock.advance(30_000);
    expect(await connection.closed).toEqual({ cause: 'goodbye', reason: 'timeout' });
  });
});

describe('a client that vanishes without a word', () => {
  test('is ended by the heartbeat, and its messages wait for it', async () => {
    const relay = await open();
    const alice = await joined(relay, 'alice');
    const bob = device('bob');
    await bob.register(relay.transport, 'code');
    const socket = await bareWebSocket(relay);
    socket.send(helloOf(bob));
    await once(socket, 'message');
    // From now on nothing is read and nothing is said.
    socket.pause();
    expect(relay.relay.connectionCount).toBe(2);
    for (let beat = 0; beat < 3; beat += 1) {
      await relay.clock.advance(30_000);
      expectOk(await alice.send(alice.address, `sign of life ${beat}`));
    }
    await happens(() => relay.relay.connectionCount === 1);
    socket.terminate();
    expectOk(await alice.send(bob.address, 'for later'));
    await bob.connect(relay.transport);
    expect((await bob.received(1)).map(textOf)).toEqual(['for later']);
  });
});

describe('when too many strangers are here', () => {
  test('the next is dropped without a byte, who is known goes on, and there is room again when one goes', async () => {
    const relay = await open({ strangersPerAddress: 3 });
    const alice = await joined(relay, 'alice');
    await happens(() => relay.relay.strangerCount === 0);
    const strangers = await Promise.all([1, 2, 3].map(() => bareSocket(relay)));
    await happens(() => relay.relay.strangerCount === 3);
    const tooMany = await Promise.all([1, 2, 3, 4].map(() => bareSocket(relay)));
    expect(await Promise.all(tooMany.map(({ ended }) => ended))).toEqual(['', '', '', '']);
    expect(relay.relay.strangerCount).toBe(3);
    expectOk(await alice.send(alice.address, 'still served'));
    expect((await alice.received(1)).map(textOf)).toEqual(['still served']);
    strangers[0]?.socket.destroy();
    await happens(() => relay.relay.strangerCount === 2);
    const bob = await joined(relay, 'bob');
    expectOk(await bob.send(bob.address, 'let in'));
    for (const { socket } of strangers) socket.destroy();
  });

  test('a flood of a thousand sockets leaves nothing behind', async () => {
    const relay = await open({ strangersPerAddress: 5 });
    const alice = await joined(relay, 'alice');
    for (let wave = 0; wave < 10; wave += 1) {
      const sockets = await Promise.all(Array.from({ length: 100 }, () => bareSocket(relay)));
      expect(relay.relay.strangerCount).toBeLessThanOrEqual(5);
      for (const { socket } of sockets) socket.destroy();
    }
    await happens(() => relay.relay.strangerCount === 0);
    expect(relay.relay.connectionCount).toBe(1);
    expectOk(await alice.send(alice.address, 'still served'));
  });

  test('places are counted from each address and in all, and given back', () => {
    const places = new Places({ connections: 3, connectionsPerAddress: 2, strangers: 4, strangersPerAddress: 2 });
    expect([places.takeSocket('a'), places.takeSocket('a'), places.takeSocket('a')]).toEqual([true, true, false]);
    expect([places.takeSocket('b'), places.takeSocket('b'), places.takeSocket('c')]).toEqual([true, true, false]);
    expect(places.strangers).toBe(4);
    expect([places.opened('a'), places.opened('a')]).toEqual([true, true]);
    places.proved('a');
    expect(places.strangers).toBe(3);
    expect(places.takeSocket('c')).toBe(true);
    places.ended('a', true);
    places.socketClosed('a');
    expect(places.strangers).toBe(4);
    expect([places.opened('b'), places.opened('c')]).toEqual([true, true]);
    expect(places.opened('c')).toBe(false);
    expect(places.connections).toBe(4);
    places.ended('c', false);
    places.ended('c', false);
    places.ended('b', false);
    places.ended('a', false);
    for (const address of ['a', 'b', 'b', 'c']) places.socketClosed(address);
    expect([places.strangers, places.connections]).toEqual([0, 0]);
  });
});

describe('the WebSocket', () => {
  test('is never compressed, whatever the client offers, and a compressed message ends it', async () => {
    const relay = await open();
    const socket = new WebSocket(relay.listener.url, subProtocol, { perMessageDeflate: true });
    socket.on('error', () => undefined);
    await once(socket, 'open');
    expect(socket.extensions).toBe('');
    socket.terminate();
    const { socket: bare, ended } = await bareSocket(relay);
    bare.write(
      `GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${'A'.repeat(22)}==\r\nSec-WebSocket-Protocol: ${subProtocol}\r\n\r\n`,
    );
    await once(bare, 'data');
    await happens(() => relay.relay.connectionCount === 1);
    // A final binary message with the bit of compression, masked with zeros, of one byte.
    bare.write(Uint8Array.of(0xc2, 0x81, 0, 0, 0, 0, 0));
    await ended;
    await happens(() => relay.relay.connectionCount === 0);
  });

  test.each([
    [1_024, 'hello-ack'],
    [1_025, 'close'],
  ] as const)('a message in %i pieces leads to %s', async (pieces, outcome) => {
    const relay = await open();
    const socket = await bareWebSocket(relay);
    const hello = encodeFrame({ kind: 'hello', hello: device('alice').hello({ kind: 'none' }) });
    expect(hello.length).toBeLessThan(1_000);
    const answered = new Promise<string>((resolve) => {
      socket.once('message', (bytes: Buffer) => {
        resolve(decodeFrame(bytes).kind);
      });
      socket.once('close', () => {
        resolve('close');
      });
    });
    for (let piece = 0; piece < pieces; piece += 1)
      socket.send(hello.subarray(piece, piece + 1), { binary: true, fin: piece === pieces - 1 });
    expect(await answered).toBe(outcome);
    socket.terminate();
  });

  test('of a client that pings without end and reads no answer is ended', async () => {
    const relay = await open();
    const socket = await bareWebSocket(relay);
    await happens(() => relay.relay.connectionCount === 1);
    socket.pause();
    const payload = Buffer.alloc(125);
    while (relay.relay.connectionCount > 0) {
      for (let count = 0; count < 1_000 && socket.readyState === socket.OPEN; count += 1) socket.ping(payload);
      expect(relay.channels[0]?.bufferedAmount).toBeLessThan(1_048_576);
      await settled();
    }
    socket.terminate();
  });
});
