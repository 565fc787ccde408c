import { expect, test } from '@jest/globals';
import type { Transport } from '../../lib/transport/transport.js';
import { requests } from '../../lib/wire/request.js';
import { World } from '../support/scenario.js';
import { answering } from '../support/scenario-answers.js';
import { turns } from '../support/scenario-gates.js';

test('one 404 of the relay does not make the client forget whom it has pinned', async () => {
  const world = await World.create('pins and 404', { limits: { lowOneTimePreKeys: 0 } });
  let lie = false;
  const transport = answering(world.relay.network.transport, (name) =>
    lie && name === 'send_one2one_msg' ? requests.send_one2one_msg.encodeResponse({ ok: false, code: 404, message: '' }) : undefined,
  );
  const alice = await world.join('alice', 'one', { client: { transport } });
  const bob = await world.join('bob');
  await alice.send(bob, 'first');
  await bob.hears(1);
  await alice.isQuiet();
  await bob.close();
  lie = true;
  await alice.send(bob, 'into the void');
  await alice.sees('session-lost');
  lie = false;
  await world.relay.relay.removeDevice('bob', 'one');
  world.relay.tables.rows('mailbox').clear();
  const impostor = await world.device('bob', 'one', { seed: 'impostor' }).register();
  await turns(50);
  await alice.send(bob, 'a secret for Bob');
  await alice.sees('identity-changed');
  await turns(500);
  const heard = impostor.texts;
  await world.end();
  expect(heard).toEqual([]);
});

test('a relay that answers 401 for ever is not asked in a tight loop', async () => {
  const world = await World.create('401', { limits: { lowOneTimePreKeys: 0 } });
  let lie = false;
  let connects = 0;
  const inner = answering(world.relay.network.transport, (name) =>
    lie && name === 'send_one2one_msg' ? requests.send_one2one_msg.encodeResponse({ ok: false, code: 401, message: '' }) : undefined,
  );
  const transport: Transport = {
    connect: (options) => {
      connects += 1;
      return inner.connect(options);
    },
  };
  const alice = await world.join('alice', 'one', { client: { transport } });
  const bob = await world.join('bob');
  await alice.send(bob, 'first');
  await bob.hears(1);
  await alice.isQuiet();
  lie = true;
  connects = 0;
  await alice.send(bob, 'second');
  await turns(3000);
  const made = connects;
  lie = false;
  await world.end();
  expect(made).toBeLessThan(5);
});

test('an address can be read after close', async () => {
  const world = await World.create('address');
  const alice = await world.join('alice');
  const { client } = alice;
  await alice.close();
  expect(client.address.userId).toBe('alice');
  await world.end();
});
