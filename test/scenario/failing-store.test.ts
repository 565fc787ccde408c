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
