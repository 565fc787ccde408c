import { expect, test } from '@jest/globals';
import { World, until } from '../support/scenario.js';
import { Gates, gate, turns } from '../support/scenario-gates.js';

test('a message whose step takes longer than the next one of somebody else is still handed out', async () => {
  const world = await World.create('inbox order', { limits: { lowOneTimePreKeys: 0 } });
  const gates = new Gates();
  const bob = world.device('bob', 'one', { client: { store: gates.open } }, gates.tables);
  await bob.register();
  await bob.sees('connection');
  const alice = await world.join('alice');
  const carol = await world.join('carol');
  await alice.send(bob, 'a0');
  await bob.hears(1);
  await carol.send(bob, 'c0');
  await bob.hears(2);
  await bob.isQuiet();
  world.clock.leap(2 * 86_400_000);
  for (const device of [alice, carol]) {
    await device.restart();
    await turns(50);
  }
  await alice.client.invite(bob.user);
  await alice.sees('session-ready', 2);
  await turns(50);
  await bob.isQuiet();
  await bob.restart();
  await turns(100);
  const held = gate();
  let asked = 0;
  gates.beforeList = async (table) => {
    if (table !== 'skipped-key') return;
    asked += 1;
    // first: the session that receives; second: the outdated one
    if (asked === 2) await held.opened;
  };
  await alice.send(bob, 'a1');
  await until(() => asked >= 2, 'the step waits for the outdated session');
  await carol.send(bob, 'c1');
  await bob.hears(3);
  held.open();
  await bob.hears(4);
  await bob.isQuiet();
  const texts = bob.texts;
  const inbox = bob.client;
  const count = (await inbox.status()).inbox;
  await world.end();
  expect({ texts, count }).toEqual({ texts: ['a0', 'c0', 'c1', 'a1'], count: 0 });
});

test('two iterators after a restart lose nothing', async () => {
  const world = await World.create('two iterators');
  const gates = new Gates();
  const bob = world.device('bob', 'one', { client: { store: gates.open } }, gates.tables);
  await bob.register();
  bob.acknowledges = false;
  const alice = await world.join('alice');
  for (let position = 0; position < 200; position += 1) await alice.send(bob, `m${position}`);
  await bob.hears(200);
  await bob.isQuiet();
  bob.received.length = 0;
  await bob.close();
  // A driver in a worker answers one read after the other, in turns of its own.
  let last = Promise.resolve();
  gates.afterList = async (table) => {
    if (table !== 'inbox') return;
    last = last.then(() => turns(1));
    await last;
  };
  await bob.open();
  const more: string[] = [];
  const second = (async () => {
    for await (const message of bob.client.messages()) more.push(new TextDecoder().decode(message.bytes));
  })();
  await turns(400);
  const all = [...bob.texts, ...more];
  await world.end();
  await second;
  expect(new Set(all).size).toBe(200);
});
