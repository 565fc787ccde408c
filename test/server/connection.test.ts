import { afterEach, expect, test } from '@jest/globals';
import { Secret, allocateSecret } from '../../lib/base/secret.js';
import { Tokens } from '../../lib/server/tokens.js';
import type { FrameChannel } from '../../lib/transport/channel.js';
import type { Frame } from '../../lib/wire/frame.js';
import { decodeFrame, encodeFrame } from '../../lib/wire/frame.js';
import { encodeEnvelope } from '../../lib/wire/message.js';
import { decodePush, encodePayload, encodePush } from '../../lib/wire/push.js';
import { requestRowOf } from '../../lib/wire/request.js';
import { settled } from '../transport/fake-clock.js';
import type { FixtureOptions, RelayFixture } from './relay-fixture.js';
import { device, expectOk, join, payloadOf, startRelay, textOf } from './relay-fixture.js';

let fixture: RelayFixture | undefined;

afterEach(async () => {
  await fixture?.relay.close();
  fixture = undefined;
});

async function start(limits: FixtureOptions['limits'] = {}): Promise<RelayFixture> {
  fixture = await startRelay({ limits: { lowOneTimePreKeys: 0, ...limits } });
  return fixture;
}

/** A channel to the relay on which the test speaks frames itself. */
async function raw(relay: RelayFixture): Promise<{ channel: FrameChannel; frames: Frame[] }> {
  const channel = await relay.network.dial();
  const frames: Frame[] = [];
  channel.receive({ onFrame: (bytes) => frames.push(decodeFrame(bytes)), onDrain: () => undefined });
  return { channel, frames };
}

function helloFrame(): Uint8Array {
  return encodeFrame({ kind: 'hello', hello: device('x').hello({ kind: 'none' }) });
}

test('a connection tells the client what it needs to know', async () => {
  const relay = await start();
  const alice = await join(relay, 'alice');
  expect(alice.connection?.welcome).toMatchObject({
    code: 200,
    token: '',
    serverTime: relay.clock.now(),
    pushWindow: 256,
    heartbeatInterval: 30_000,
    maxFrameLength: relay.relay.maxFrameLength,
  });
});

test('a token opens its own device only, and only while it lasts', async () => {
  const relay = await start({ tokenLifetime: 60_000 });
  const alice = await join(relay, 'alice');
  const bob = await join(relay, 'bob');
  const refusal = { name: 'TransportError', code: 'unauthorized' };
  await expect(bob.connect(relay.network.transport, bob.hello({ kind: 'token', token: alice.token }))).rejects.toMatchObject(refusal);
  const [head, body, signature] = alice.token.split('.');
  const forged = [
    `${head}.${body}.${signature!.slice(0, -2)}AA`,
    `${head}.${body}.`,
    `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`,
    'nonsense',
    '',
  ];
  for (const token of forged) {
    await expect(alice.connect(relay.network.transport, alice.hello({ kind: 'token', token }))).rejects.toMatchObject(refusal);
  }
  await alice.connect(relay.network.transport);
  await relay.clock.advance(60_000);
  await expect(alice.connect(relay.network.transport)).rejects.toMatchObject(refusal);
});

test('a token of another relay is refused', async () => {
  const relay = await start();
  const alice = await join(relay, 'alice');
  const foreign = new Tokens(new Secret(allocateSecret(32)), relay.clock, 60_000);
  const { token } = await foreign.issue(alice.address, relay.clock.now());
  await expect(alice.connect(relay.network.transport, alice.hello({ kind: 'token', token }))).rejects.toMatchObject({
    code: 'unauthorized',
  });
});

test('a password renews the token; a wrong one, or another device’s, does not', async () => {
  const relay = await start({ tokenLifetime: 60_000 });
  const alice = await join(relay, 'alice');
  const bob = await join(relay, 'bob');
  await relay.clock.advance(70_000);
  const connection = await alice.connect(relay.network.transport, alice.hello({ kind: 'password', password: alice.password }));
  expect(connection.welcome.tokenExpiresAt).toBeGreaterThan(relay.clock.now());
  alice.token = connection.welcome.token;
  await alice.connect(relay.network.transport);
  for (const password of [bob.password, '', `${alice.password}x`]) {
    await expect(alice.connect(relay.network.transport, alice.hello({ kind: 'password', password }))).rejects.toMatchObject({
      code: 'unauthorized',
    });
  }
});

test('after many refused hellos a device is told to wait', async () => {
  const relay = await start({ refusedHellos: { count: 3, per: 60_000 } });
  const alice = await join(relay, 'alice');
  const wrong = alice.hello({ kind: 'password', password: 'wrong' });
  for (let attempt = 0; attempt < 3; attempt += 1) {
    await expect(alice.connect(relay.network.transport, wrong)).rejects.toMatchObject({ code: 'unauthorized' });
  }
  await expect(alice.connect(relay.network.transport)).rejects.toMatchObject({ code: 'busy' });
  await relay.clock.advance(60_000);
  await alice.connect(relay.network.transport);
});

test('a store that went back in time, or that was given up, is refused, also by a relay that was restarted', async () => {
  let relay = await start();
  const alice = await join(relay, 'alice');
  const first = new Uint8Array(16).fill(1);
  const second = new Uint8Array(16).fill(2);
  const connect = async (incarnation: Uint8Array, commitCounter: number): Promise<string> => {
    const hello = alice.hello({ kind: 'token', token: alice.token }, { incarnation, commitCounter });
    try {
      await alice.connect(relay.network.transport, hello);
      return 'connected';
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  expect(await connect(first, 10)).toBe('connected');
  expect(await connect(first, 10)).toBe('connected');
  expect(await connect(first, 12)).toBe('connected');
  relay = await relay.restart();
  fixture = relay;
  expect(await connect(first, 11)).toBe('store-rolled-back');
  expect(await connect(first, 12)).toBe('connected');
  expect(await connect(second, 0)).toBe('connected');
  expect(await connect(first, 99)).toBe('store-rolled-back');
  expect(await connect(second, 1)).toBe('connected');
});

test('a second connection of a device replaces the first, and pushes go to the new one', async () => {
  const relay = await start();
  const alice = await join(relay, 'alice');
  const bob = await join(relay, 'bob');
  const first = bob.connection;
  await bob.connect(relay.network.transport);
  expect(await first?.closed).toEqual({ cause: 'goodbye', reason: 'replaced' });
  expectOk(await alice.send(bob.address, 'hello'));
  expect((await bob.received(1)).map(textOf)).toEqual(['hello']);
  await settled();
  expect(bob.pushes).toHaveLength(1);
  expect(relay.relay.connectionCount).toBe(2);
});

test('whoever says nothing, or anything but hello, is sent away', async () => {
  const relay = await start();
  const silent = await raw(relay);
  await relay.clock.advance(10_000);
  expect(silent.frames).toEqual([{ kind: 'goodbye', reason: 'timeout' }]);
  await silent.channel.closed;
  for (const frame of [encodeFrame({ kind: 'heartbeat', number: 1 }), new Uint8Array(9).fill(0xff), new Uint8Array(0)]) {
    const { channel, frames } = await raw(relay);
    channel.send(frame);
    await channel.closed;
    expect(frames).toEqual([{ kind: 'goodbye', reason: 'protocol' }]);
  }
  expect(relay.relay.connectionCount).toBe(0);
});

test('frames of another version are refused by name', async () => {
  const relay = await start();
  const alice = device('alice');
  const hello = { ...alice.hello({ kind: 'none' }), version: 2 };
  await expect(alice.connect(relay.network.transport, hello)).rejects.toMatchObject({ code: 'version' });
});

test('frames that belong to the other side, or a second hello, end the connection', async () => {
  const relay = await start();
  const wrong: Frame[] = [
    { kind: 'response', id: 1, status: 200, body: new Uint8Array(0) },
    { kind: 'hello', hello: device('x').hello({ kind: 'none' }) },
  ];
  for (const frame of wrong) {
    const { channel, frames } = await raw(relay);
    channel.send(helloFrame());
    channel.send(encodeFrame(frame));
    await channel.closed;
    expect(frames.map(({ kind }) => kind)).toEqual(['hello-ack', 'goodbye']);
  }
});

test('requests that follow the hello without waiting are answered after it, in order', async () => {
  const relay = await start();
  const { channel, frames } = await raw(relay);
  const row = requestRowOf('get_group');
  const alice = device('alice');
  channel.send(helloFrame());
  for (const id of [5, 6]) {
    const body = row.encodeRequest({ group: { domain: 'd', groupId: 'g' }, sender: alice.address });
    channel.send(encodeFrame({ kind: 'request', id, request: row.code, body, commitCounter: 0 }));
  }
  await settled();
  expect(frames.map((frame) => [frame.kind, frame.kind === 'response' ? frame.id : 0])).toEqual([
    ['hello-ack', 0],
    ['response', 5],
    ['response', 6],
  ]);
  channel.close();
});

test('a request that the schema does not have is refused without ending the connection', async () => {
  const relay = await start();
  const { channel, frames } = await raw(relay);
  channel.send(helloFrame());
  channel.send(encodeFrame({ kind: 'request', id: 7, request: 9_999, body: new Uint8Array(3), commitCounter: 0 }));
  channel.send(encodeFrame({ kind: 'unknown' }));
  await settled();
  expect(frames[1]).toEqual({ kind: 'response', id: 7, status: 400, body: new Uint8Array(0) });
  channel.close();
  await channel.closed;
});

test('a client that no longer answers heartbeats is cut off, one that does is kept', async () => {
  const relay = await start({ heartbeatInterval: 1_000 });
  const alice = await join(relay, 'alice');
  const { channel, frames } = await raw(relay);
  channel.send(helloFrame());
  await settled();
  expect(relay.relay.connectionCount).toBe(2);
  await relay.clock.advance(3_000);
  await channel.closed;
  expect(frames.map(({ kind }) => kind)).toEqual(['hello-ack', 'heartbeat', 'heartbeat', 'goodbye']);
  expect(relay.relay.connectionCount).toBe(1);
  await relay.clock.advance(60_000);
  expectOk(await alice.send(alice.address, 'still here'));
});

test('a heartbeat message on the stream is answered with one', async () => {
  const relay = await start();
  const alice = await join(relay, 'alice');
  const payload = encodePayload({ kind: 'client-heartbeat', value: { time: 1 } });
  alice.connection?.push(encodePush({ tag: undefined, from: alice.address, to: alice.address, payload, signatures: [] }));
  const [push] = await alice.received(1);
  expect(push?.tag).toBeUndefined();
  expect(payloadOf(push, 'server-heartbeat').time).toBe(relay.clock.now());
});

test('a push that cannot be decoded ends the connection', async () => {
  const relay = await start();
  const alice = await join(relay, 'alice');
  alice.connection?.push(new Uint8Array(5).fill(0xff));
  expect(await alice.connection?.closed).toEqual({ cause: 'goodbye', reason: 'protocol' });
});

test('connections are limited, in all and per address', async () => {
  for (const limits of [{ connections: 2 }, { connectionsPerAddress: 2 }]) {
    const relay = await start(limits);
    const first = await raw(relay);
    const second = await raw(relay);
    const third = await raw(relay);
    await third.channel.closed;
    expect(third.frames).toEqual([{ kind: 'goodbye', reason: 'overload' }]);
    first.channel.close();
    await first.channel.closed;
    await settled();
    const fourth = await raw(relay);
    fourth.channel.send(helloFrame());
    await settled();
    expect(fourth.frames.map(({ kind }) => kind)).toEqual(['hello-ack']);
    second.channel.close();
    await relay.relay.close();
  }
});

test('requests beyond the rate wait for the next span of time and are neither refused nor reordered', async () => {
  const relay = await start({ requests: { count: 3, per: 1_000 } });
  const alice = await join(relay, 'alice');
  const bob = await join(relay, 'bob');
  const texts = Array.from({ length: 10 }, (_, index) => `${index}`);
  const answers = Promise.all(texts.map((text) => alice.send(bob.address, text)));
  await settled();
  expect(bob.pushes.map(textOf)).toEqual(texts.slice(0, 3));
  await relay.clock.advance(1_000);
  expect(bob.pushes.map(textOf)).toEqual(texts.slice(0, 6));
  await relay.clock.advance(2_000);
  expect((await answers).every(({ ok }) => ok)).toBe(true);
  expect(bob.pushes.map(textOf)).toEqual(texts);
});

test('a pause for the rate ends with the connection and leaves no timer', async () => {
  const relay = await start({ requests: { count: 1, per: 60_000 } });
  const alice = await join(relay, 'alice');
  expectOk(await alice.send(alice.address, 'one'));
  expect(relay.clock.waiting).toBe(2 + 1);
  await relay.relay.close();
  await settled();
  expect(relay.clock.waiting).toBe(0);
});

test('ten thousand messages in flight are all taken, in order', async () => {
  const relay = await start();
  const alice = await join(relay, 'alice');
  const bob = device('bob');
  await bob.register(relay.network.transport, 'code');
  const count = 10_000;
  const answers = await Promise.all(Array.from({ length: count }, (_, index) => alice.send(bob.address, `${index}`)));
  expect(answers.filter(({ ok }) => !ok)).toEqual([]);
  const rows = [...relay.tables.rows('mailbox').entries({ prefix: '', after: undefined, reverse: false })];
  // A row is its form, 1 byte, the push's id, 24 bytes, and the push.
  expect(rows.map(([, row]) => textOf(decodePush(row.slice(25))))).toEqual(Array.from({ length: count }, (_, index) => `${index}`));
});

test('a client cannot make the relay hold more than a few of the largest requests at a time', async () => {
  const relay = await start();
  const alice = device('alice');
  await alice.register(relay.network.transport, 'code');
  const { channel, frames } = await raw(relay);
  channel.send(encodeFrame({ kind: 'hello', hello: alice.hello({ kind: 'token', token: alice.token }) }));
  await settled();
  // Nothing is answered as long as the store does not answer.
  let release: () => void = () => undefined;
  relay.hold = new Promise((resolve) => {
    release = resolve;
  });
  const row = requestRowOf('send_one2one_msg');
  const text = 'x'.repeat(900_000);
  for (let id = 1; id <= 30; id += 1) {
    const body = row.encodeRequest({ envelope: encodeEnvelope(alice.envelope(alice.address, `${id} ${text}`)) });
    channel.send(encodeFrame({ kind: 'request', id, request: row.code, body, commitCounter: 0 }));
  }
  await settled();
  // The rest waits on the client's side of the channel.
  expect(channel.bufferedAmount).toBeGreaterThan(20 * text.length - 1);
  release();
  for (let turn = 0; turn < 20; turn += 1) await settled();
  expect(channel.bufferedAmount).toBe(0);
  const answers = frames.flatMap((frame) => (frame.kind === 'response' ? [frame.id] : []));
  expect(answers).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
  channel.close();
});

test('refused hellos of one device do not shut out the others behind the same address', async () => {
  const relay = await start({ refusedHellos: { count: 1, per: 60_000 } });
  const alice = await join(relay, 'alice');
  const bob = await join(relay, 'bob');
  const wrong = alice.hello({ kind: 'password', password: 'wrong' });
  await expect(alice.connect(relay.network.transport, wrong)).rejects.toMatchObject({ code: 'unauthorized' });
  await expect(alice.connect(relay.network.transport, wrong)).rejects.toMatchObject({ code: 'busy' });
  await bob.connect(relay.network.transport);
  expectOk(await bob.send(bob.address, 'still let in'));
});

test('a reader that does not read is not sent more than a bounded amount, and gets the rest when it reads', async () => {
  const relay = await start();
  const alice = await join(relay, 'alice');
  const bob = device('bob');
  await bob.register(relay.network.transport, 'code');
  const { channel, frames } = await raw(relay);
  channel.send(encodeFrame({ kind: 'hello', hello: bob.hello({ kind: 'token', token: bob.token }) }));
  while (frames.length === 0) await settled();
  channel.pause();
  const text = 'x'.repeat(100_000);
  for (let index = 0; index < 40; index += 1) expectOk(await alice.send(bob.address, `${index} ${text}`));
  await settled();
  expect(frames.map(({ kind }) => kind)).toEqual(['hello-ack']);
  channel.resume();
  const pushes = (): number => frames.filter(({ kind }) => kind === 'push').length;
  while (pushes() < 40) await settled();
  await settled();
  expect(pushes()).toBe(40);
  channel.close();
});
