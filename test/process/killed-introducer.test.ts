import { describe, expect, jest, test } from '@jest/globals';
import { deliveryBetween, nothingAmiss, numbered } from './accounts.js';
import { isCut, reconnect, relayDies, stopRelay } from './relay-deaths.js';
import { departuresOf } from './trace.js';
import { type Death, useWorld } from './world.js';

/** Every life is a process that opens a database. */
jest.setTimeout(120_000);

const whileIntroducing: readonly (readonly [string, Death])[] = [
  ['before it has taken a one-time pre-key', { point: 'before-commit', deletes: 'pre-key' }],
  ['after it has taken one, before the bundle leaves', { point: 'after-commit', deletes: 'pre-key' }],
  ['before the commit of the invite', { point: 'before-commit', puts: 'mailbox' }],
  ['after that commit, before the answer', { point: 'after-commit', puts: 'mailbox' }],
  ['after the commit of the accept, before the answer', { point: 'after-commit', puts: 'mailbox', nth: 2 }],
];

const whileRegistering: readonly (readonly [string, Death])[] = [
  ['before the commit of a registration', { point: 'before-commit', puts: 'device' }],
  ['in the middle of that commit', { point: 'during-commit', puts: 'device' }],
  ['after that commit, before the answer', { point: 'after-commit', puts: 'device' }],
];

describe('a relay that is killed while it takes in newcomers and introduces them', () => {
  const world = useWorld();

  test('lets the strangers it was introducing meet all the same', async () => {
    const alice = await world().join('alice');
    for (const [index, [when, death]] of whileIntroducing.entries()) {
      const bob = await world().join(`bob${index}`, 'one', { echoes: true });
      await stopRelay(world(), alice, bob);
      await alice.child.do('chat', { to: bob.userId, texts: numbered(when, 3) });
      await world().startRelay(death);
      for (const { child } of [alice, bob]) child.ask('reconnect');
      await relayDies(world(), death);
      await isCut(alice, bob);
      await world().startRelay();
      await reconnect(alice, bob);
      await alice.child.until((lines) => (lines.filter(({ from }) => from === bob.userId).length === 3 ? true : undefined));
      expect({ when, ...deliveryBetween(alice, bob) }).toMatchObject({ when, ...nothingAmiss });
      await bob.child.close();
    }
    expect(departuresOf(alice.notes).keysUsedTwice).toEqual([]);
  });

  test('takes a registration in that it had not answered', async () => {
    for (const [index, [when, death]] of whileRegistering.entries()) {
      await world().relay.close();
      await world().startRelay(death);
      const alice = world().device(`alice${index}`);
      const first = alice.launch('register');
      await relayDies(world(), death);
      expect({ when, failed: (await first.line('failed'))['failed'] }).toEqual({ when, failed: 'offline' });
      await world().startRelay();
      const second = await alice.start('register');
      await second.event('connection');
      await second.close();
    }
  });
});
