/** Clients that ask for more than they should: what they get, what it costs, and that others are served. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { limits } from '../../lib/base/limits.js';
import { defaultRelayLimits } from '../../lib/server/relay-limits.js';
import type { FrameChannel } from '../../lib/transport/channel.js';
import { decodeFrame, encodeFrame } from '../../lib/wire/frame.js';
import type { Frame } from '../../lib/wire/frame.js';
import { type FixtureOptions, type RelayFixture, ask, device, expectOk, join, startRelay } from '../server/relay-fixture.js';
import { settled } from '../transport/fake-clock.js';

let fixture: RelayFixture | undefined;

afterEach(async () => {
  await fixture?.relay.close();
  fixture = undefined;
});

async function start(relayLimits: FixtureOptions['limits'] = {}): Promise<RelayFixture> {
  fixture = await startRelay({ limits: { lowOneTimePreKeys: 0, ...relayLimits } });
  return fixture;
}

async function raw(relay: RelayFixture): Promise<{ readonly channel: FrameChannel; readonly frames: Frame[] }> {
  const channel = await relay.network.dial();
  const frames: Frame[] = [];
  channel.receive({ onFrame: (bytes) => frames.push(decodeFrame(bytes)), onDrain: () => undefined });
  return { channel, frames };
}

describe('of one device', () => {
  test('frames that ask for nothing count like requests: beyond the rate they wait in its socket', async () => {
    const relay = await start({ requests: { count: 100, per: 1_000 } });
    const alice = await join(relay, 'alice');
    const bob = device('bob');
    await bob.register(relay.network.transport, 'code');
    const { channel, frames } = await raw(relay);
    channel.send(encodeFrame({ kind: 'hello', hello: bob.hello({ kind: 'token', token: bob.token }) }));
    while (frames.length === 0) await settled();
    const idle = encodeFrame({ kind: 'heartbeat', number: 1 });
    for (let count = 0; count < 1_000; count += 1) channel.send(idle);
    await settled();
    expect(channel.bufferedAmount).toBe(900 * idle.length);
    expectOk(await alice.send(alice.address, 'still served'));
    await relay.clock.advance(1_000);
    expect(channel.bufferedAmount).toBe(800 * idle.length);
    channel.close();
  });

  test('hellos with a wrong password are checked so often in a minute, then refused unseen, and the right one counts again later', async () => {
    const relay = await start({ refusedHellos: { count: 5, per: 60_000 } });
    const alice = await join(relay, 'alice');
    const reasons: unknown[] = [];
    for (let count = 0; count < 20; count += 1) {
      const wrong = alice.hello({ kind: 'password', password: `guess ${count}` });
      await alice.connect(relay.network.transport, wrong).catch((error: unknown) => reasons.push((error as { code: string }).code));
    }
    expect(reasons).toEqual([...new Array<string>(5).fill('unauthorized'), ...new Array<string>(15).fill('busy')]);
    expect(relay.relay.connectionCount).toBe(1);
    await relay.clock.advance(60_000);
    await alice.connect(relay.network.transport, alice.hello({ kind: 'password', password: alice.password }));
  });
});

describe('of one address', () => {
  test('registrations are counted, those beyond are refused before any key is looked at, and others come in later', async () => {
    const relay = await start({ registrations: { count: 3, per: 60_000 } });
    const connection = await relay.network.transport.connect({ hello: device('x').hello({ kind: 'none' }), onPush: () => undefined });
    const codes: number[] = [];
    for (let count = 0; count < 10; count += 1) {
      const before = relay.commits;
      const answer = await ask(connection, 'register_user', device(`user-${count}`, 'phone', 1).registration('code'));
      codes.push(answer.ok ? 200 : answer.code);
      if (!answer.ok) expect(relay.commits).toBe(before);
    }
    expect(codes).toEqual([200, 200, 200, 503, 503, 503, 503, 503, 503, 503]);
    await connection.close();
    await relay.clock.advance(60_000);
    await join(relay, 'later');
  });
});

test('a user has as many devices as one answer can list, and no more', async () => {
  const relay = await start({ registrations: { count: 1_000, per: 60_000 } });
  const connection = await relay.network.transport.connect({ hello: device('x').hello({ kind: 'none' }), onPush: () => undefined });
  // All with the keys of one account: making 64 would take the longest time of the test.
  const first = device('alice', 'first', 1);
  const registration = first.registration('code', 'mailto:alice@example.org');
  for (let count = 0; count < limits.devicesPerUser; count += 1) {
    expectOk(await ask(connection, 'register_user', { ...registration, deviceId: `device-${count}` }));
  }
  const before = relay.commits;
  expect(await ask(connection, 'register_user', { ...registration, deviceId: 'one too many' })).toMatchObject({ ok: false, code: 409 });
  expect(relay.commits).toBe(before);
  const bob = await join(relay, 'bob');
  const { domain, userId } = first.address;
  const { bundles } = expectOk<'get_pre_key_bundle'>(await bob.request('get_pre_key_bundle', { domain, userId, deviceId: undefined }));
  expect(bundles).toHaveLength(limits.devicesPerUser);
  await connection.close();
}, 60_000);

test('a relay lets no client break off because of its own window', () => {
  expect(4 * defaultRelayLimits.pushWindow).toBeLessThanOrEqual(limits.unfinishedPushes);
});
