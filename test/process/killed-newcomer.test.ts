import { describe, expect, jest, test } from '@jest/globals';
import { chatUntilDeath, deliveryBetween, dies, goOn, nothingAmiss } from './accounts.js';
import { departuresOf, notesOf } from './trace.js';
import { type Death, useWorld } from './world.js';

/** Every life is a process that opens a database. */
jest.setTimeout(120_000);

const atFirstContact: readonly (readonly [string, Death])[] = [
  ['before the first message is stored', { point: 'before-commit', puts: 'pending' }],
  ['when the bundle has come', { point: 'answered', request: 'get_pre_key_bundle' }],
  ['before the commit of the invite', { point: 'before-commit', puts: 'session' }],
  ['after that commit, before the invite leaves', { point: 'after-commit', puts: 'session' }],
  ['when the invite has left', { point: 'frame-left', request: 'invite' }],
  ['when the answer to the invite has come', { point: 'answered', request: 'invite' }],
  ['before the commit of the accept', { point: 'before-commit', puts: 'ratchet' }],
  ['in the middle of that commit', { point: 'during-commit', puts: 'ratchet' }],
  ['after that commit, before what waited leaves', { point: 'after-commit', puts: 'ratchet' }],
];

const atRegistration: readonly (readonly [string, Death])[] = [
  ['before its keys are stored', { point: 'before-commit', puts: 'account' }],
  ['in the middle of that commit', { point: 'during-commit', puts: 'account' }],
  ['after that commit', { point: 'after-commit', puts: 'account' }],
  ['when the request has left', { point: 'frame-left', request: 'register_user' }],
  ['when the answer has come', { point: 'answered', request: 'register_user' }],
  ['before the answer is stored', { point: 'before-commit', puts: 'account', nth: 2 }],
  ['after the answer is stored', { point: 'after-commit', puts: 'account', nth: 2 }],
];

describe('a newcomer who is killed', () => {
  const world = useWorld();

  test('finishes what it began with somebody new', async () => {
    const bob = await world().join('bob');
    for (const [index, [when, death]] of atFirstContact.entries()) {
      const alice = world().device(`alice${index}`);
      await chatUntilDeath(alice, 'register', death, when);
      await goOn(alice, bob, `after dying ${when}`);
      expect({ when, ...deliveryBetween(alice, bob) }).toMatchObject({ when, ...nothingAmiss });
      expect(departuresOf(alice.notes).keysUsedTwice).toEqual([]);
    }
  });

  test('registers with the keys that it had stored', async () => {
    const bob = await world().join('bob');
    for (const [index, [when, death]] of atRegistration.entries()) {
      const alice = world().device(`alice${index}`);
      alice.launch('register', { death });
      await dies(alice, death);
      const isDone = when === 'after the answer is stored';
      if (!isDone) await (await alice.start('register')).close();
      await goOn(alice, bob, `after dying ${when}`);
      const bodies = notesOf(alice.notes, 'request').filter(({ name }) => name === 'register_user');
      expect([when, new Set(bodies.map(({ body }) => body)).size]).toEqual([when, 1]);
      const askedTwice = !isDone && death.point !== 'before-commit' && death.point !== 'during-commit' && death.point !== 'after-commit';
      if (askedTwice) expect([when, bodies.length]).toEqual([when, 2]);
      expect({ when, ...deliveryBetween(alice, bob) }).toMatchObject({ when, ...nothingAmiss });
    }
  });
});
