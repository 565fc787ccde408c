import { expect, test } from '@jest/globals';
import { TransportError } from '../../lib/base/errors.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { GroupCommit } from '../../lib/store/group-commit.js';
import { openMemoryStore } from '../../lib/store/memory/memory-store.js';
import { World } from '../support/scenario.js';
import { areReady, join, say } from '../support/scenario-groups.js';
import { messagesHeldIn } from './held-messages.js';

test('the messages that a store holds are those that were told as held, until they are opened', async () => {
  const world = await World.create('held messages');
  const [alice, bob, carol] = await join(world, 'alice', 'bob', 'carol');
  if (alice === undefined || bob === undefined || carol === undefined) throw new Error('nobody there');
  const held = async (): Promise<string[]> => [
    ...(await messagesHeldIn(new ClientStore(new GroupCommit(() => openMemoryStore({ unsafeTestingTables: carol.tables }))))),
  ];
  await alice.send(bob, 'hello');
  await bob.hears(1);
  // With Carol no session begins, so she lacks the keys.
  alice.traffic.interfere = ({ name }) =>
    name === 'get_pre_key_bundle' ? { error: new TransportError('offline', 'kept back'), deliver: false } : undefined;
  const group = await alice.client.createGroup({ name: 'friends', members: [bob.user, carol.user] });
  await areReady(world, bob);
  await say(bob, group, 'to whom it may concern');
  const told = await carol.sees('group-message-held');
  await carol.isQuiet();
  expect(await held()).toEqual(told.map(({ messageId }) => messageId));
  alice.traffic.interfere = undefined;
  await alice.restart();
  await carol.hears(1);
  await carol.isQuiet();
  expect(await held()).toEqual([]);
  expect(await world.end()).toEqual([]);
});
