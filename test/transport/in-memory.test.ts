import { expect, test } from '@jest/globals';
import type { FrameChannel } from '../../lib/transport/channel.js';
import type { FrameInTransit } from '../../lib/transport/in-memory.js';
import { createChannelPair, createInMemoryNetwork } from '../../lib/transport/in-memory.js';
import { transportContract } from './contract.js';
import { settled } from './fake-clock.js';

transportContract('in-memory', (clock, maxFrameLength) => {
  const network = createInMemoryNetwork({ clock, maxFrameLength });
  const open = new Set<FrameChannel>();
  return Promise.resolve({
    transport: network.transport,
    listen(accept) {
      network.listen((channel) => {
        open.add(channel);
        accept(channel);
      });
    },
    dial: () => network.dial(),
    close() {
      network.listen(undefined);
      for (const channel of open) channel.cut();
      return Promise.resolve();
    },
  });
});

function frames(channel: FrameChannel): number[] {
  const received: number[] = [];
  channel.receive({
    onFrame: (frame) => {
      received.push(frame[0]!);
    },
    onDrain: () => undefined,
  });
  return received;
}

test('a test can drop, delay, reorder and inspect frames', async () => {
  const held: FrameInTransit[] = [];
  const [client, server] = createChannelPair({
    intercept: (transit) => {
      held.push(transit);
    },
  });
  const received = frames(server);
  for (const value of [1, 2, 3]) client.send(Uint8Array.of(value));
  await settled();
  expect(received).toEqual([]);
  expect(held.map(({ direction, frame }) => [direction, frame[0]])).toEqual([
    ['up', 1],
    ['up', 2],
    ['up', 3],
  ]);
  held[2]!.deliver();
  held[0]!.deliver();
  expect(received).toEqual([3, 1]);
});

test('a test can break the network while a frame is under way', async () => {
  const [client, server] = createChannelPair({
    intercept: (transit) => {
      transit.cut();
    },
  });
  const received = frames(server);
  client.send(Uint8Array.of(1));
  expect(await server.closed).toEqual({ cause: 'failed', reason: 'cut' });
  expect(await client.closed).toEqual({ cause: 'failed', reason: 'cut' });
  expect(received).toEqual([]);
});
