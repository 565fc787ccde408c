import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { get } from 'node:http';
import type { Server } from 'node:http';
import { createConnection } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { openRelay } from '../../lib/server/relay.js';
import { listen } from '../../lib/server/listen.js';
import type { Relay } from '../../lib/server/relay.js';
import { openMemoryStore } from '../../lib/store/memory/memory-store.js';
import { createWebSocketTransport } from '../../lib/transport/websocket.js';
import { settled } from '../transport/fake-clock.js';
import type { RelayFixture } from './relay-fixture.js';
import { ask, device, domain, expectOk, join, startRelay, textOf } from './relay-fixture.js';
import { selfSigned } from './self-signed.js';

let fixture: RelayFixture | undefined;
let relay: Relay | undefined;

afterEach(async () => {
  await fixture?.relay.close();
  await relay?.close();
  fixture = undefined;
  relay = undefined;
});

function openOpenRelay(): Promise<Relay> {
  return openRelay({ store: () => openMemoryStore(), domain, registration: 'open', limits: { lowOneTimePreKeys: 0 } });
}

test('closing says goodbye, answers what is being done first, and nobody gets in any more', async () => {
  fixture = await startRelay({ limits: { lowOneTimePreKeys: 0 } });
  const alice = await join(fixture, 'alice');
  const bob = await join(fixture, 'bob');
  const answers = Array.from({ length: 20 }, (_, index) => alice.send(bob.address, `${index}`));
  // The requests are on their way, and some of them in work, when the relay closes.
  await Promise.resolve();
  const results = Promise.allSettled(answers);
  const { connection } = alice;
  await fixture.relay.close();
  expect(await connection?.closed).toEqual({ cause: 'goodbye', reason: 'closing' });
  const done = (await results).filter(({ status }) => status === 'fulfilled').length;
  await expect(alice.connect(fixture.network.transport)).rejects.toMatchObject({ name: 'TransportError' });
  const again = await fixture.restart();
  fixture = again;
  bob.pushes.length = 0;
  await bob.connect(again.network.transport);
  await settled();
  // Everything that was answered is there.
  expect(bob.pushes.length).toBeGreaterThanOrEqual(done);
  expect(bob.pushes.map(textOf)).toEqual(Array.from({ length: bob.pushes.length }, (_, index) => `${index}`));
});

test('a relay that is closed twice is closed once, and leaves no timer behind', async () => {
  fixture = await startRelay();
  await join(fixture, 'alice');
  await Promise.all([fixture.relay.close(), fixture.relay.close()]);
  await settled();
  expect(fixture.clock.waiting).toBe(0);
});

test('a door that cannot take a connection says so and stays open', async () => {
  const lines: unknown[] = [];
  const log = (fields: object): void => {
    lines.push(fields);
  };
  relay = await openRelay({
    store: () => openMemoryStore(),
    domain,
    registration: 'open',
    logger: { debug: () => undefined, info: () => undefined, warn: log, error: log },
  });
  const listener = await listen(relay, { host: '127.0.0.1', port: 0 });
  let server: Server | undefined;
  const note = (message: unknown): void => {
    ({ server } = message as { server: Server });
  };
  subscribe('http.server.request.start', note);
  await new Promise<void>((resolve) => {
    get({ host: '127.0.0.1', port: listener.port }, (response) => {
      response.resume().on('end', resolve);
    });
  });
  unsubscribe('http.server.request.start', note);
  // What Node tells a server when the process is out of files.
  server?.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }));
  expect(lines).toEqual([{ code: 'EMFILE' }]);
  const connection = await device('alice').connect(
    createWebSocketTransport({ url: listener.url }),
    device('alice').hello({ kind: 'none' }),
  );
  await connection.close();
});

test('a store that cannot be opened is reported, and a domain must be one', async () => {
  const cause = new Error('no disk');
  await expect(openRelay({ store: () => Promise.reject(cause), domain })).rejects.toBe(cause);
  await expect(openRelay({ store: () => openMemoryStore(), domain: 'a b' })).rejects.toMatchObject({ name: 'UsageError', code: 'domain' });
});

test('a relay on the network serves devices over WebSocket and frees its port when it closes', async () => {
  relay = await openOpenRelay();
  const listener = await listen(relay, { host: '127.0.0.1', port: 0 });
  expect(listener.url).toBe(`ws://127.0.0.1:${listener.port}/`);
  const transport = createWebSocketTransport({ url: listener.url });
  const alice = device('alice');
  const bob = device('bob');
  for (const one of [alice, bob]) {
    await one.register(transport, 'code');
    await one.connect(transport);
  }
  const texts = Array.from({ length: 300 }, (_, index) => `message ${index}`);
  const sent = await Promise.all(texts.map((text) => alice.send(bob.address, text)));
  expect(sent.every(({ ok }) => ok)).toBe(true);
  await bob.received(256);
  expect(bob.pushes.map(textOf)).toEqual(texts.slice(0, 256));
  const closed = Promise.all([alice.connection?.closed, bob.connection?.closed]);
  await relay.close();
  expect(await closed).toEqual([
    { cause: 'goodbye', reason: 'closing' },
    { cause: 'goodbye', reason: 'closing' },
  ]);
  await expect(alice.connect(transport)).rejects.toMatchObject({ code: 'offline' });
  const next = await openOpenRelay();
  try {
    const reopened = await listen(next, { host: '127.0.0.1', port: listener.port });
    expect(reopened.port).toBe(listener.port);
  } finally {
    await next.close();
  }
});

test('a frame over the limit ends a WebSocket connection and nothing else', async () => {
  relay = await openRelay({ store: () => openMemoryStore(), domain, registration: 'open', limits: { frameLength: 65_536 } });
  const { url } = await listen(relay, { host: '127.0.0.1', port: 0 });
  const transport = createWebSocketTransport({ url });
  const alice = device('alice');
  const first = await transport.connect({ hello: alice.hello({ kind: 'none' }), onPush: () => undefined });
  await expect(first.request('accept', new Uint8Array(65_536))).rejects.toMatchObject({ code: 'offline' });
  const second = await transport.connect({ hello: alice.hello({ kind: 'none' }), onPush: () => undefined });
  expectOk(await ask(second, 'register_user', alice.registration('code')));
  await second.close();
});

test('listening elsewhere than on loopback needs TLS, and a taken port is reported', async () => {
  relay = await openOpenRelay();
  await expect(listen(relay, { host: '0.0.0.0', port: 0 })).rejects.toMatchObject({ name: 'TransportError', code: 'insecure' });
  const { port } = await listen(relay, { host: '127.0.0.1', port: 0 });
  await expect(listen(relay, { host: '127.0.0.1', port })).rejects.toMatchObject({ name: 'TransportError', code: 'listen' });
});

test('a relay with a certificate is reached over TLS by who trusts it, and by nobody else', async () => {
  relay = await openOpenRelay();
  const tls = selfSigned();
  const { url } = await listen(relay, { host: 'localhost', port: 0, tls });
  expect(url).toMatch(/^wss:\/\/localhost:\d+\/$/u);
  const alice = device('alice');
  const trusting = createWebSocketTransport({ url, certificateAuthority: tls.certificate });
  await alice.register(trusting, 'code');
  await alice.connect(trusting);
  expectOk(await alice.send(alice.address, 'over TLS'));
  expect((await alice.received(1)).map(textOf)).toEqual(['over TLS']);
  await expect(
    createWebSocketTransport({ url }).connect({ hello: alice.hello({ kind: 'none' }), onPush: () => undefined }),
  ).rejects.toMatchObject({
    code: 'offline',
  });
});

test('a socket that breaks off its handshake harms nobody', async () => {
  relay = await openOpenRelay();
  const { port } = await listen(relay, { host: '127.0.0.1', port: 0 });
  const requests = [
    'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: skissm.relay.v1\r\n\r\n',
    'no HTTP at all\r\n\r\n',
  ];
  for (const request of requests) {
    const socket = createConnection(port, '127.0.0.1');
    const ended = new Promise((resolve) => socket.once('close', resolve));
    socket.on('data', () => socket.resetAndDestroy());
    socket.on('error', () => undefined);
    socket.write(request);
    await ended;
  }
  const transport = createWebSocketTransport({ url: `ws://127.0.0.1:${port}/` });
  await device('alice').register(transport, 'code');
});

test('an HTTP request is told that this is no web page', async () => {
  relay = await openOpenRelay();
  const { port } = await listen(relay, { host: '127.0.0.1', port: 0 });
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(426);
});

test('logs contain no key, token, password, code or content, and addresses at debug only', async () => {
  fixture = await startRelay({ registration: 'closed', limits: { lowOneTimePreKeys: 5, heartbeatInterval: 1_000 } });
  const code = await fixture.relay.createInvitation();
  const alice = device('alice-the-user', 'phone-of-alice');
  await alice.register(fixture.network.transport, code);
  await expect(
    alice.connect(fixture.network.transport, alice.hello({ kind: 'password', password: 'wrong password' })),
  ).rejects.toMatchObject({ code: 'unauthorized' });
  await alice.connect(fixture.network.transport, alice.hello({ kind: 'password', password: alice.password }));
  alice.token = alice.connection?.welcome.token ?? '';
  await alice.connect(fixture.network.transport);
  const text = 'nobody but the receiver may read this';
  await alice.send(alice.address, text);
  await alice.request('get_pre_key_bundle', { domain, userId: 'alice-the-user', deviceId: undefined });
  await alice.received(1);
  await alice.request('consume_proto_msg', { pushId: alice.pushes[0]?.tag?.id ?? '', outcome: 3 });
  fixture.failure = 'unavailable';
  await alice.send(alice.address, text);
  fixture.failure = undefined;
  await alice.connect(fixture.network.transport);
  alice.connection?.push(new Uint8Array(9).fill(0xff));
  await settled();
  await fixture.relay.close();
  const { identity } = alice.account;
  const secrets = [alice.token, alice.password, code, text, 'wrong password'];
  const keys = [identity.agreement.publicKey, identity.signing.publicKey].flatMap((key) => [
    Buffer.from(key).toString('base64').slice(0, 40),
    Buffer.from(key).toString('hex').slice(0, 40),
  ]);
  const all = fixture.logs.map((line) => JSON.stringify(line));
  expect(new Set(fixture.logs.map(({ level }) => level))).toEqual(new Set(['debug', 'info', 'warn', 'error']));
  for (const line of all) for (const secret of [...secrets, ...keys]) expect(line).not.toContain(secret);
  for (const line of fixture.logs.filter(({ level }) => level !== 'debug')) {
    expect(JSON.stringify(line)).not.toMatch(/alice-the-user|phone-of-alice/u);
  }
});
