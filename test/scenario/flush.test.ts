import { expect, test } from '@jest/globals';
import { World } from '../support/scenario.js';
import { Gates, gate, turns } from '../support/scenario-gates.js';
import { keyText } from '../../lib/store/key-text.js';
import { suiteByName } from '../../lib/crypto/cipher-suite.js';

test('flush called while the accept is being committed waits for what was pending', async () => {
  const world = await World.create('flush race');
  const gates = new Gates();
  const alice = world.device('alice', 'one', { client: { store: gates.open } }, gates.tables);
  await alice.register();
  await alice.sees('connection');
  const bob = await world.join('bob');
  const held = gate();
  gates.beforeCommit = async (writes) => {
    if (writes.some(({ table, value }) => table === 'ratchet' && value !== undefined)) await held.opened;
  };
  await alice.send(bob, 'waits for the accept');
  await bob.sees('session-ready');
  await turns(400);
  const statusBefore = await alice.client.status();
  let flushed = false;
  const flushing = alice.client.flush().then(() => {
    flushed = true;
  });
  await turns(50);
  const early = flushed;
  held.open();
  await flushing;
  await bob.hears(1);
  await world.end();
  expect({ early, pending: statusBefore.pending, outbox: statusBefore.outbox }).toMatchObject({ early: false });
});

test('flush ends when every device of the user was refused', async () => {
  const world = await World.create('flush refused', { limits: { lowOneTimePreKeys: 0 } });
  const alice = await world.join('alice');
  const bob = await world.join('bob');
  const other = await world.join('bob', 'two', { register: { suite: suiteByName('mldsa44-mlkem512') } });
  await alice.client.invite(bob.user);
  await bob.sees('session-ready');
  await alice.isQuiet();
  // The second device is known (the relay told of it) but cannot be talked to.
  await alice.sees('session-ready');
  await alice.restart();
  const events = alice.events.length;
  await alice.send(other, 'for all devices');
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
  const seen = alice.events.slice(events).map(({ type }) => type);
  const status = await alice.client.status();
  await world.end();
  expect({ ended, pending: status.pending, seen }).toMatchObject({ ended: 'resolved' });
});

test('flush ends when the only device of the user has another identity', async () => {
  const world = await World.create('flush identity', { limits: { lowOneTimePreKeys: 0 } });
  const alice = await world.join('alice');
  const bob = await world.join('bob');
  await alice.send(bob, 'first');
  await bob.hears(1);
  await alice.isQuiet();
  await alice.close();
  await bob.close();
  // Alice's sessions are gone but not her pins: a rolled-back store, for example.
  for (const table of ['session', 'ratchet', 'skipped-key'] as const) {
    for (const { key } of alice.rows(table)) alice.tables.rows(table).delete(keyText(key));
  }
  await world.relay.relay.removeDevice('bob', 'one');
  world.relay.tables.rows('mailbox').clear();
  await world.device('bob', 'one', { seed: 'impostor' }).register();
  await alice.open();
  await alice.send(bob, 'second');
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
  const seen = alice.events.map(({ type }) => type);
  await world.end();
  expect({ ended, seen }).not.toMatchObject({ ended: 'no' });
});
