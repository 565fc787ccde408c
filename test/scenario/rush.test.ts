import { expect, test } from '@jest/globals';
import { TransportError } from '../../lib/base/errors.js';
import type { Transport } from '../../lib/transport/transport.js';
import { decodePush } from '../../lib/wire/push.js';
import { World } from '../support/scenario.js';
import { turns } from '../support/scenario-gates.js';

function lines(count: number, from = 'm'): string[] {
  return Array.from({ length: count }, (_, position) => `${from}${position}`);
}

test('a full mailbox does not change the order of messages', async () => {
  const world = await World.create('mailbox full', { limits: { lowOneTimePreKeys: 0, mailboxRows: 10 } });
  const alice = await world.join('alice');
  const bob = await world.join('bob');
  await alice.send(bob, 'hello');
  await bob.hears(1);
  await bob.isQuiet();
  await alice.isQuiet();
  bob.received.length = 0;
  await bob.close();
  for (const text of lines(60)) await alice.send(bob, text);
  await turns(100);
  await bob.open();
  await world.passes(() => bob.received.length === 60, 'all arrive').catch(() => undefined);
  const { texts } = bob;
  await world.end();
  expect(texts).toEqual(lines(60));
});

test('a listener whose promise rejects breaks nothing', async () => {
  const world = await World.create('async listener');
  const alice = await world.join('alice');
  const bob = await world.join('bob');
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => {
    unhandled.push(reason);
  };
  process.on('unhandledRejection', note);
  bob.client.on('message', () => Promise.reject(new Error('listener')));
  await alice.send(bob, 'hello');
  await bob.hears(1);
  await turns(50);
  process.off('unhandledRejection', note);
  const errors = bob.eventsOf('error').length;
  await world.end();
  expect({ unhandled: unhandled.length, errors }).toEqual({ unhandled: 0, errors: 1 });
});

/** As `inner`, but new devices are not announced. */
function withoutAnnouncements(inner: Transport): Transport {
  return {
    connect: (options) =>
      inner.connect({
        ...options,
        onPush: (bytes) => {
          if (decodePush(bytes).payload.kind !== 'add-user-device') options.onPush(bytes);
        },
      }),
  };
}

test('a device of our own that the relay says nothing about is reported when it appears', async () => {
  const world = await World.create('ghost', { limits: { lowOneTimePreKeys: 0 } });
  const transport = withoutAnnouncements(world.relay.network.transport);
  const alice = await world.join('alice', 'one', { client: { transport } });
  const bob = await world.join('bob');
  await alice.send(bob, 'hello');
  await bob.hears(1);
  const ghost = await world.join('alice', 'ghost');
  await ghost.client.invite(alice.user);
  await alice.sees('device-added');
  await alice.send(bob, 'for Bob only');
  await bob.hears(2);
  await alice.isQuiet();
  const added = alice.eventsOf('device-added').length;
  await world.end();
  expect(added).toBe(1);
});

test('a device of a contact that the relay says nothing about is reported when it appears', async () => {
  const world = await World.create('ghost of bob', { limits: { lowOneTimePreKeys: 0 } });
  const transport = withoutAnnouncements(world.relay.network.transport);
  const alice = await world.join('alice', 'one', { client: { transport } });
  const bob = await world.join('bob');
  await alice.send(bob, 'hello');
  await bob.hears(1);
  await world.join('bob', 'ghost');
  await alice.client.invite(bob.user);
  await alice.sees('device-added');
  await alice.send(bob, 'for Bob only');
  await bob.hears(2);
  await alice.isQuiet();
  const added = alice.eventsOf('device-added').length;
  await world.end();
  expect(added).toBe(1);
});

test('an invite after the token has run out on an open connection works', async () => {
  const world = await World.create('token and invite', { limits: { lowOneTimePreKeys: 0 } });
  const alice = await world.join('alice');
  const bob = await world.join('bob');
  const { tokenExpires } = await alice.client.status();
  world.clock.leap(tokenExpires - world.clock.now() + 1_000);
  await alice.send(bob, 'first contact');
  let ended = 'no';
  alice.client.flush().then(
    () => {
      ended = 'resolved';
    },
    (error: unknown) => {
      ended = String(error);
    },
  );
  await world.passes(() => ended !== 'no', 'flush ends').catch(() => undefined);
  const failed = alice.eventsOf('invite-failed').map(({ code }) => code);
  await world.end();
  expect({ ended, failed }).toEqual({ ended: 'resolved', failed: [] });
});

test('a relay that always says store-rolled-back is not asked in a tight loop', async () => {
  const world = await World.create('rolled back for ever', { limits: { lowOneTimePreKeys: 0 } });
  const inner = world.relay.network.transport;
  let lie = false;
  let connects = 0;
  const transport: Transport = {
    connect: (options) => {
      connects += 1;
      return lie ? Promise.reject(new TransportError('store-rolled-back', 'a lie')) : inner.connect(options);
    },
  };
  const alice = await world.join('alice', 'one', { client: { transport } });
  await alice.close();
  lie = true;
  connects = 0;
  await alice.open();
  await turns(1000);
  const made = connects;
  await world.end();
  expect(made).toBeLessThan(5);
});

test('both sides write at once before any session: everything arrives once and in order', async () => {
  const world = await World.create('both at once', { limits: { lowOneTimePreKeys: 0 } });
  const alice = await world.join('alice');
  const bob = await world.join('bob');
  await Promise.all([...lines(20, 'a').map((text) => alice.send(bob, text)), ...lines(20, 'b').map((text) => bob.send(alice, text))]);
  await world.passes(() => bob.received.length >= 20 && alice.received.length >= 20, 'all arrive').catch(() => undefined);
  await turns(300);
  const result = { bob: bob.texts, alice: alice.texts };
  const odd = [...alice.eventsOf('undecryptable'), ...bob.eventsOf('undecryptable')].map(({ code }) => code);
  await world.end();
  expect({ ...result, odd }).toEqual({ bob: lines(20, 'a'), alice: lines(20, 'b'), odd: [] });
});

test('a client closed while it sends and receives leaves everything resumable', async () => {
  const world = await World.create('close while busy', { limits: { lowOneTimePreKeys: 0 } });
  const alice = await world.join('alice');
  const bob = await world.join('bob');
  await alice.send(bob, 'hello');
  await bob.hears(1);
  await bob.send(alice, 'hello');
  await alice.hears(1);
  const stored: string[] = [];
  for (let round = 0; round < 6; round += 1) {
    const texts = lines(20, `r${round}-`);
    const sends = texts.map((text) =>
      alice.send(bob, text).then(
        () => stored.push(text),
        () => undefined,
      ),
    );
    await turns(round);
    await alice.close();
    await Promise.all(sends);
    await alice.open();
    await bob.restart();
  }
  await world.passes(() => bob.received.length >= stored.length + 1, 'all arrive').catch(() => undefined);
  await turns(300);
  const { texts } = bob;
  await world.end();
  expect(texts).toEqual(['hello', ...stored]);
});
