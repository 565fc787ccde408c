import { describe, expect, jest, test } from '@jest/globals';
import { deliveryBetween, dies, nothingAmiss, numbered } from './accounts.js';
import { departuresOf, notesOf } from './trace.js';
import { type Death, useWorld } from './world.js';

/** Every life is a process that opens a database. */
jest.setTimeout(120_000);

const whileAccepting: readonly (readonly [string, Death])[] = [
  ['when the invite has come', { point: 'pushed' }],
  ['before the commit of the session', { point: 'before-commit', puts: 'session' }],
  ['in the middle of that commit', { point: 'during-commit', puts: 'session' }],
  ['after that commit, before the accept leaves', { point: 'after-commit', puts: 'session' }],
  ['when the accept has left', { point: 'frame-left', request: 'accept' }],
  ['when the accept was answered', { point: 'answered', request: 'accept' }],
];

describe('an invited client that is killed', () => {
  const world = useWorld();

  test('finishes the session that somebody new has begun', async () => {
    const alice = await world().join('alice');
    for (const [index, [when, death]] of whileAccepting.entries()) {
      const bob = await world().join(`bob${index}`);
      await bob.child.close();
      bob.launch('open', { death });
      await alice.child.do('chat', { to: bob.userId, texts: numbered(when, 3) });
      await dies(bob, death);
      const survivor = await bob.start('open', { echoes: true });
      await survivor.hears(3);
      await alice.child.until((lines) => lines.find(({ from }) => from === bob.userId));
      expect({ when, ...deliveryBetween(alice, bob) }).toMatchObject({ when, ...nothingAmiss });
      expect(notesOf(bob.notes, 'got').length).toBe(3);
      await survivor.close();
      expect(departuresOf(bob.notes).keysUsedTwice).toEqual([]);
    }
  });
});
