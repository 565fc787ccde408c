import { describe, expect, jest, test } from '@jest/globals';
import { chatUntilDeath, deliveryBetween, dies, goOn, inFlight, nothingAmiss } from './accounts.js';
import { departuresOf } from './trace.js';
import { type Death, useWorld } from './world.js';

/** Every life is a process that opens a database. */
jest.setTimeout(120_000);

/** Whether the message at whose sending the process died reaches the receiver. */
type Fate = 'arrives' | 'is gone' | 'either';

const whileSending: readonly (readonly [string, Death, Fate])[] = [
  ['before the commit of a message', { point: 'before-commit', puts: 'outbox', nth: 3 }, 'is gone'],
  ['in the middle of that commit', { point: 'during-commit', puts: 'outbox', nth: 3 }, 'either'],
  ['after that commit, before its frame leaves', { point: 'after-commit', puts: 'outbox', nth: 3 }, 'arrives'],
  ['when the frame is about to leave', { point: 'before-frame', request: 'send_one2one_msg', nth: 3 }, 'either'],
  ['when the frame has left', { point: 'frame-left', request: 'send_one2one_msg', nth: 3 }, 'either'],
  ['when the answer has come and was not processed', { point: 'answered', request: 'send_one2one_msg', nth: 3 }, 'either'],
  ['before the commit of an answer', { point: 'before-commit', deletes: 'outbox', nth: 1 }, 'either'],
  ['in the middle of that commit', { point: 'during-commit', deletes: 'outbox', nth: 1 }, 'either'],
  ['after the commit of an answer', { point: 'after-commit', deletes: 'outbox', nth: 1 }, 'either'],
  ['when the relay has answered the hello', { point: 'welcomed' }, 'either'],
];

describe('a client that is killed while it sends', () => {
  const world = useWorld();

  test('loses, repeats and reorders nothing that send has taken, and never uses a key twice', async () => {
    const bob = await world().join('bob', 'one', { echoes: true });
    const alice = await world().join('alice');
    await alice.child.do('send', { to: 'bob', text: 'before the first death' });
    await alice.child.hears(1);
    await alice.child.close();
    for (const [index, [when, death, fate]] of whileSending.entries()) {
      await chatUntilDeath(alice, 'open', death, `life ${index}`);
      await goOn(alice, bob, `after life ${index}`);
      const { attempted, arrived } = inFlight(alice, bob, `life ${index},`);
      if (fate === 'is gone') expect([when, attempted, arrived]).toEqual([when, 1, 0]);
      if (fate === 'arrives') expect([when, attempted, arrived]).toEqual([when, 1, 1]);
    }
    expect(deliveryBetween(alice, bob)).toMatchObject(nothingAmiss);
    expect(deliveryBetween(bob, alice)).toMatchObject({ repeated: [], outOfOrder: [], invented: [] });
    const { again, keysUsedTwice, places } = departuresOf(alice.notes);
    expect(keysUsedTwice).toEqual([]);
    expect(again).toBeGreaterThanOrEqual(3);
    expect(places).toBeGreaterThan(whileSending.length);
  });

  test('is told so by the relay when its store had said durable too early, and seals nothing anew on that session', async () => {
    const bob = await world().join('bob');
    const alice = await world().join('alice');
    await alice.child.do('send', { to: 'bob', text: 'before the death' });
    await alice.child.event('session-ready');
    await alice.child.do('flush');
    await alice.child.close();
    const death: Death = { point: 'answered', request: 'send_one2one_msg' };
    const child = alice.launch('open', { death, holdsBack: true });
    await child.event('connection');
    child.ask('send', { to: 'bob', text: 'held back' });
    await dies(alice, death);
    await goOn(alice, bob, 'under a new session');
    expect(alice.child.events('store-rolled-back')).toHaveLength(1);
    expect(departuresOf(alice.notes)).toMatchObject({ keysUsedTwice: [] });
  });
});
