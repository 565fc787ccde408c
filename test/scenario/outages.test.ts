import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { TransportError } from '../../lib/base/errors.js';
import { type Device, World } from '../support/scenario.js';

let world: World;

beforeEach(async () => {
  world = await World.create('outages');
});

afterEach(async () => {
  expect(await world.end()).toEqual([]);
});

function lines(count: number, from = 'line'): string[] {
  return Array.from({ length: count }, (_, position) => `${from} ${position}`);
}

async function pair(): Promise<[Device, Device]> {
  const alice = await world.join('alice');
  const bob = await world.join('bob');
  await alice.send(bob, 'hello');
  await bob.hears(1);
  await bob.send(alice, 'hello');
  await alice.hears(1);
  await alice.isQuiet();
  await bob.isQuiet();
  return [alice, bob];
}

describe('outages', () => {
  test('Bob was offline for a week and misses nothing', async () => {
    const [alice, bob] = await pair();
    await bob.close();
    for (let day = 0; day < 7; day += 1) {
      for (const text of lines(5, `day ${day}`)) await alice.send(bob, text);
      await alice.client.flush();
      world.clock.leap(86_400_000);
    }
    await bob.open();
    const expected = Array.from({ length: 7 }, (_, day) => lines(5, `day ${day}`)).flat();
    expect(await bob.hears(36)).toEqual(['hello', ...expected]);
    await bob.isQuiet();
    expect(bob.eventsOf('undecryptable')).toEqual([]);
  });

  test('what is sent while the relay is away leaves when it is back, in order and once', async () => {
    const [alice, bob] = await pair();
    await world.stopRelay();
    await alice.sees('connection', 2);
    for (const text of lines(10)) await alice.send(bob, text);
    expect((await alice.client.status()).outbox).toBe(10);
    await world.clock.advance(30_000);
    await world.startRelay();
    await world.passes(() => bob.received.length === 11, 'Bob has everything');
    expect(await bob.hears(11)).toEqual(['hello', ...lines(10)]);
    await alice.isQuiet();
    await bob.isQuiet();
    expect(bob.received).toHaveLength(11);
  });

  test('a request whose answer was lost is sent again byte for byte, and arrives once', async () => {
    const [alice, bob] = await pair();
    let lost = 0;
    alice.traffic.interfere = ({ name }) => {
      if (name !== 'send_one2one_msg' || lost >= 3) return undefined;
      lost += 1;
      return { error: new TransportError('timeout', 'the answer is lost'), deliver: true };
    };
    const before = alice.traffic.sent.length;
    for (const text of lines(5)) await alice.send(bob, text);
    await world.passes(() => lost === 3 && bob.received.length === 6, 'three answers are lost, all messages arrive');
    expect(await bob.hears(6)).toEqual(['hello', ...lines(5)]);
    await world.passes(() => alice.rows('outbox').length === 0, 'everything is answered');
    await bob.isQuiet();
    expect(bob.received).toHaveLength(6);
    const bodies = alice.traffic.sent.slice(before).filter(({ name }) => name === 'send_one2one_msg');
    expect(bodies.length).toBeGreaterThan(5);
    expect(new Set(bodies.map(({ body }) => Buffer.from(body).toString('hex'))).size).toBe(5);
  });

  test('an accept whose answer was lost, and an invite that is repeated, leave one working session', async () => {
    const alice = await world.join('alice');
    const bob = await world.join('bob');
    const failed = new Set<string>();
    for (const device of [alice, bob]) {
      device.traffic.interfere = ({ name }) => {
        if ((name !== 'accept' && name !== 'invite') || failed.has(name)) return undefined;
        failed.add(name);
        return { error: new TransportError('timeout', 'the answer is lost'), deliver: true };
      };
    }
    await alice.send(bob, 'in spite of all');
    expect(await bob.hears(0)).toEqual([]);
    await world.passes(() => failed.size === 2 && bob.received.length === 1, 'both answers are lost, the message arrives');
    expect(await bob.hears(1)).toEqual(['in spite of all']);
    await bob.send(alice, 'fine');
    await world.passes(() => alice.received.length === 1, 'the answer arrives');
    expect(alice.texts).toEqual(['fine']);
    await bob.isQuiet();
    expect(bob.received).toHaveLength(1);
    const accepts = bob.traffic.sent.filter(({ name }) => name === 'accept').map(({ body }) => Buffer.from(body).toString('hex'));
    expect(accepts.length).toBeGreaterThan(1);
    expect(new Set(accepts).size).toBe(1);
  });

  test('an accept that never left is sent after the next start', async () => {
    const alice = await world.join('alice');
    const bob = await world.join('bob');
    bob.traffic.interfere = ({ name }) =>
      name === 'accept' ? { error: new TransportError('offline', 'the line is dead'), deliver: false } : undefined;
    await alice.send(bob, 'waiting');
    await bob.sees('session-ready');
    await bob.close();
    bob.traffic.interfere = undefined;
    await bob.open();
    expect(await bob.hears(1)).toEqual(['waiting']);
  });

  test('messages that were not acknowledged come again after a restart, acknowledged ones do not', async () => {
    const [alice, bob] = await pair();
    bob.acknowledges = false;
    for (const text of lines(4)) await alice.send(bob, text);
    await bob.hears(5);
    await bob.received[1]?.ack();
    await bob.received[2]?.ack();
    await bob.received[2]?.ack();
    bob.received.length = 0;
    await bob.restart();
    expect(await bob.hears(2)).toEqual(['line 2', 'line 3']);
    expect((await bob.client.status()).inbox).toBe(2);
  });

  test('with too many messages unacknowledged no more are taken, and none is lost', async () => {
    const alice = await world.join('alice');
    const bob = await world.join('bob', 'one', { client: { limits: { unacknowledgedMessages: 10 } } });
    bob.acknowledges = false;
    for (const text of lines(25)) await alice.send(bob, text);
    await alice.client.flush();
    await bob.hears(10);
    expect(await bob.sees('unacknowledged-limit')).toHaveLength(1);
    await bob.isQuiet();
    expect(bob.rows('inbox')).toHaveLength(10);
    for (let taken = 0; taken < 25; taken += 1) {
      await bob.hears(taken + 1);
      await bob.received[taken]?.ack();
    }
    expect(bob.texts).toEqual(lines(25));
    await bob.isQuiet();
    expect(bob.rows('inbox')).toEqual([]);
  });

  test('a token that has run out is renewed with the password', async () => {
    const [alice, bob] = await pair();
    const { tokenExpires } = await alice.client.status();
    await alice.close();
    world.clock.leap(tokenExpires - world.clock.now() + 1_000);
    await alice.open();
    await alice.send(bob, 'with a new token');
    expect(await bob.hears(2)).toEqual(['hello', 'with a new token']);
    expect((await alice.client.status()).tokenExpires).toBeGreaterThan(tokenExpires);
  });

  test('a token that runs out while the client is connected is renewed as well', async () => {
    const [alice, bob] = await pair();
    const { tokenExpires } = await alice.client.status();
    world.clock.leap(tokenExpires - world.clock.now() + 120_000);
    await alice.send(bob, 'still here');
    await world.passes(() => bob.received.length === 2, 'the message arrives');
    expect(await bob.hears(2)).toEqual(['hello', 'still here']);
  });

  test('a device that was removed is dropped with its sessions', async () => {
    const [alice, bob] = await pair();
    await bob.close();
    expect(await world.relay.relay.removeDevice('bob', 'one')).toBe(true);
    expect(await alice.sees('device-removed')).toMatchObject([{ device: bob.address }]);
    expect((await alice.client.status()).sessions).toEqual({ ready: 0, invited: 0 });
    expect(await alice.client.devices(bob.user)).toEqual([]);
    for (const table of ['session', 'ratchet', 'skipped-key'] as const) expect(alice.rows(table)).toEqual([]);
  });

  test('a message to a device that is gone is reported as lost, and the session is dropped', async () => {
    const [alice, bob] = await pair();
    await alice.close();
    // The notice of the removal is kept from Alice: the answer to her message is the first she hears of it.
    await world.relay.relay.removeDevice('bob', 'one');
    world.relay.tables.rows('mailbox').clear();
    await alice.open();
    const messageId = await alice.send(bob, 'into the void');
    expect(await alice.sees('session-lost')).toMatchObject([{ device: bob.address, messageIds: [messageId] }]);
    expect((await alice.client.status()).sessions).toEqual({ ready: 0, invited: 0 });
    expect(await alice.client.devices(bob.user)).toEqual([]);
    expect(alice.rows('outbox')).toEqual([]);
    await alice.client.flush();
  });
});
