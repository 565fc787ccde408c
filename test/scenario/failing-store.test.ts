import { expect, test } from '@jest/globals';
import { StoreError } from '../../lib/base/errors.js';
import { Gates } from '../support/scenario-gates.js';
import { World } from '../support/scenario.js';

test('messages keep their order when the store fails while they are being received', async () => {
  const world = await World.create('order after failure', { limits: { lowOneTimePreKeys: 0 } });
  const alice = await world.join('alice');
  const bob = await world.join('bob');
  await alice.send(bob, 'hello');
  await bob.hears(1);
  await bob.isQuiet();
  await alice.isQuiet();
  await bob.close();
  const expected = Array.from({ length: 12 }, (_, position) => `m${position}`);
  for (const text of expected) await alice.send(bob, text);
  await alice.client.flush();
  bob.received.length = 0;
  bob.failures = [undefined, 'unavailable', 'unavailable'];
  await bob.open();
  await world.passes(() => bob.received.length === 12, 'all arrive').catch(() => undefined);
  const { texts } = bob;
  await world.end();
  expect(texts).toEqual(expected);
});

test('an accept whose commit fails costs none of the messages behind it', async () => {
  const world = await World.create('accept and failure', { limits: { lowOneTimePreKeys: 0 } });
  const gates = new Gates();
  const alice = world.device('alice', 'one', { client: { store: gates.open } }, gates.tables);
  await alice.register();
  await alice.sees('connection');
  const bob = await world.join('bob');
  await bob.close();
  await alice.client.invite(bob.user);
  await alice.client.flush();
  await alice.close();
  await bob.open();
  await bob.sees('session-ready');
  const expected = Array.from({ length: 60 }, (_, position) => `m${position}`);
  for (const text of expected) await bob.send(alice, text);
  await bob.client.flush();
  let failed = false;
  gates.beforeCommit = (writes) => {
    if (failed || !writes.some(({ table }) => table === 'session')) return Promise.resolve();
    failed = true;
    return Promise.reject(new StoreError('unavailable', 'once'));
  };
  await alice.open();
  await world.passes(() => alice.received.length === 60, 'all arrive').catch(() => undefined);
  const got = alice.texts.length;
  const lost = alice.eventsOf('undecryptable').map(({ code }) => code);
  await world.end();
  expect({ failed, got, lost }).toEqual({ failed: true, got: 60, lost: [] });
});

test('while no answer can be stored little is sent, however long that lasts, and everything is well when the store works again', async () => {
  const world = await World.create('a store that keeps failing', { limits: { lowOneTimePreKeys: 0 } });
  const gates = new Gates();
  const alice = world.device('alice', 'one', { client: { store: gates.open } }, gates.tables);
  await alice.register();
  const bob = await world.join('bob');
  await alice.send(bob, 'hello');
  await bob.hears(1);
  await alice.isQuiet();
  const expected = Array.from({ length: 40 }, (_, position) => `m${position}`);
  const sent = (): number => alice.traffic.sent.filter(({ name }) => name === 'send_one2one_msg').length;
  const before = sent();
  let fails = true;
  gates.beforeCommit = (writes) =>
    fails && writes.some(({ table, value }) => table === 'outbox' && value === undefined)
      ? Promise.reject(new StoreError('disk-full', 'no room'))
      : Promise.resolve();
  const promised: string[] = [];
  // A message whose commit runs beside that of an answer may be refused with it.
  for (const text of expected)
    await alice.send(bob, text).then(
      () => promised.push(text),
      () => undefined,
    );
  for (let second = 0; second < 3_600; second += 1) await world.clock.advance(1_000);
  expect(sent() - before).toBeLessThan(200);
  expect(alice.eventsOf('error').length).toBeGreaterThan(10);
  fails = false;
  await world.passes(() => promised.every((text) => bob.texts.includes(text)), 'everything arrives');
  await alice.send(bob, 'well again');
  await world.passes(() => bob.texts.includes('well again'), 'they go on');
  await alice.client.flush();
  expect(bob.texts.filter((text) => promised.includes(text))).toEqual(promised);
  expect(new Set(bob.texts).size).toBe(bob.texts.length);
  await world.end();
});
