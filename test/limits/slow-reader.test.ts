/** Who does not read: what is kept for him in memory, and that nobody else waits. */
import { once } from 'node:events';
import { afterEach, expect, test } from '@jest/globals';
import { lowWaterMark } from '../../lib/transport/channel.js';
import { createInMemoryNetwork } from '../../lib/transport/in-memory.js';
import { openConnection } from '../../lib/transport/connection.js';
import type { FrameChannel } from '../../lib/transport/channel.js';
import { decodeFrame, encodeFrame } from '../../lib/wire/frame.js';
import { decodePush, encodePayload, encodePush } from '../../lib/wire/push.js';
import { device, expectOk, textOf } from '../server/relay-fixture.js';
import { FakeClock, settled } from '../transport/fake-clock.js';
import { type RelayOnSockets, bareWebSocket, happens, helloOf, joined, openOnSockets } from './sockets.js';

let world: RelayOnSockets | undefined;

afterEach(async () => {
  await world?.relay.close();
  world = undefined;
});

/** Bytes of pushes that may wait in the socket of one reader, one push beyond the mark included. */
const most = 1_048_576 + 300_000;

test('a device that says hello and reads nothing costs the relay a bounded amount, others are served, and it gets all of it later', async () => {
  world = await openOnSockets();
  const alice = await joined(world, 'alice');
  const carol = await joined(world, 'carol');
  const bob = device('bob');
  await bob.register(world.transport, 'code');
  const socket = await bareWebSocket(world);
  const own = world.channels.at(-1);
  const texts: string[] = [];
  socket.on('message', (bytes: Buffer) => {
    const frame = decodeFrame(bytes);
    if (frame.kind === 'push') texts.push(textOf(decodePush(frame.body)).slice(0, 10));
  });
  socket.send(helloOf(bob));
  await once(socket, 'message');
  socket.pause();
  const count = 100;
  const long = 'x'.repeat(200_000);
  let greatest = 0;
  for (let message = 0; message < count; message += 1) {
    expectOk(await alice.send(bob.address, `${String(message).padStart(10)}${long}`));
    greatest = Math.max(greatest, own?.bufferedAmount ?? 0);
  }
  // It was sent as much as the mark allows, and waits for the rest.
  expect(greatest).toBeGreaterThan(0);
  expect(greatest).toBeLessThanOrEqual(most);
  expectOk(await alice.send(carol.address, 'meanwhile'));
  expect((await carol.received(1)).map(textOf)).toEqual(['meanwhile']);
  socket.resume();
  await happens(() => texts.length === count);
  await settled();
  expect(texts.map(Number)).toEqual(Array.from({ length: count }, (_, message) => message));
  socket.terminate();
}, 30_000);

test('a device that asks without reading the answers is not read any more before they fill the memory', async () => {
  world = await openOnSockets();
  const alice = await joined(world, 'alice');
  const bob = device('bob');
  await bob.register(world.transport, 'code');
  const socket = await bareWebSocket(world);
  const own = world.channels.at(-1);
  socket.send(helloOf(bob));
  await once(socket, 'message');
  socket.pause();
  // Each heartbeat message is answered with one: the cheapest question that has an answer.
  const heartbeat = encodeFrame({ kind: 'push', body: heartbeatOf(bob) });
  for (let round = 0; round < 100; round += 1) {
    for (let count = 0; count < 2_000; count += 1) socket.send(heartbeat);
    await settled();
  }
  expect(own?.bufferedAmount).toBeLessThanOrEqual(16_777_216 + 65_536);
  expectOk(await alice.send(alice.address, 'still served'));
  socket.terminate();
}, 30_000);

test('a relay that sends heartbeats without reading the answers costs the client a bounded amount', async () => {
  const clock = new FakeClock();
  const network = createInMemoryNetwork({ clock });
  let ours: FrameChannel | undefined;
  let theirs: FrameChannel | undefined;
  network.listen((channel) => {
    theirs = channel;
    channel.receive({ onFrame: () => undefined, onDrain: () => undefined });
    const ack = {
      code: 200,
      reason: '',
      token: '',
      tokenExpiresAt: 0,
      serverTime: 0,
      pushWindow: 0,
      heartbeatInterval: 0,
      maxFrameLength: 0,
      storeSince: 0,
    };
    channel.send(encodeFrame({ kind: 'hello-ack', ack }));
  });
  const dial = async (): Promise<FrameChannel> => {
    ours = await network.dial();
    return ours;
  };
  const options = { hello: device('alice').hello({ kind: 'none' }), onPush: () => undefined };
  const connection = await openConnection(dial, options, { clock, times: {} });
  theirs?.pause();
  for (let round = 0; round < 20; round += 1) {
    for (let count = 0; count < 2_000; count += 1) theirs?.send(encodeFrame({ kind: 'heartbeat', number: 0xffff_ffff }));
    await settled();
  }
  expect(ours?.bufferedAmount).toBeGreaterThan(lowWaterMark / 2);
  expect(ours?.bufferedAmount).toBeLessThanOrEqual(lowWaterMark + 64);
  theirs?.resume();
  await settled();
  expect(ours?.bufferedAmount).toBe(0);
  await connection.close();
}, 30_000);

function heartbeatOf(sender: ReturnType<typeof device>): Uint8Array {
  const payload = encodePayload({ kind: 'client-heartbeat', value: { time: 1 } });
  return encodePush({ tag: undefined, from: sender.address, to: sender.address, payload, signatures: [] });
}
