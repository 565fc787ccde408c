import { expect, test } from '@jest/globals';
import { World, until } from '../support/scenario.js';

test('a peer that is offline for hours is not flooded with invites', async () => {
  const world = await World.create('reminders', { limits: { lowOneTimePreKeys: 0 } });
  const alice = await world.join('alice');
  const bob = await world.join('bob');
  await bob.close();
  await alice.send(bob, 'hello');
  await until(() => alice.rows('session').length > 0 && alice.rows('outbox').length === 0, 'the relay has the invite');
  for (let minute = 0; minute < 60; minute += 1) {
    await world.clock.advance(60_000);
    await until(() => alice.rows('outbox').length === 0, 'the relay has answered');
  }
  const invites = alice.traffic.sent.filter(({ name }) => name === 'invite').length;
  await world.end();
  expect(invites).toBeGreaterThan(1);
  expect(invites).toBeLessThan(10);
});

test('reconnecting while a peer is offline makes no further sessions', async () => {
  const world = await World.create('reconnects', { limits: { lowOneTimePreKeys: 0 } });
  const alice = await world.join('alice');
  const bob = await world.join('bob');
  await bob.close();
  await alice.send(bob, 'hello');
  await until(() => alice.rows('session').length > 0, 'the invite is stored');
  for (let round = 0; round < 4; round += 1) {
    await world.clock.advance(5_000);
    world.clock.leap(120_000);
    await alice.restart();
    await world.clock.advance(5_000);
  }
  const { sessions } = await alice.client.status();
  const bundles = alice.traffic.sent.filter(({ name }) => name === 'get_pre_key_bundle').length;
  await world.end();
  expect({ invited: sessions.invited, bundles }).toEqual({ invited: 1, bundles: 1 });
});
