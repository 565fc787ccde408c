import { describe, expect, jest, test } from '@jest/globals';
import { deliveryBetween, nothingAmiss, numbered } from './accounts.js';
import { isCut, reconnect, relayDies, stopRelay } from './relay-deaths.js';
import { departuresOf } from './trace.js';
import { type Death, useWorld } from './world.js';

/** Every life is a process that opens a database. */
jest.setTimeout(120_000);

/** Deaths of the relay, and who has messages for it. One commit may take several messages, so only the first is sure to come. */
const whileCarrying: readonly (readonly [string, 'alice' | 'bob', Death])[] = [
  ['before the commit of a message', 'alice', { point: 'before-commit', puts: 'mailbox' }],
  ['in the middle of that commit', 'bob', { point: 'during-commit', puts: 'mailbox' }],
  ['after that commit, before the answer', 'alice', { point: 'after-commit', puts: 'mailbox' }],
  ['before the commit of a consume', 'alice', { point: 'before-commit', deletes: 'mailbox', nth: 2 }],
  ['in the middle of that commit', 'alice', { point: 'during-commit', deletes: 'mailbox', nth: 2 }],
  ['after the commit of a consume, before the answer', 'alice', { point: 'after-commit', deletes: 'mailbox', nth: 2 }],
  ['before the commit of a hello', 'alice', { point: 'before-commit', puts: 'token' }],
  ['after the commit of a hello, before the answer', 'alice', { point: 'after-commit', puts: 'token' }],
];

describe('a relay that is killed', () => {
  const world = useWorld();

  test('loses no message that it has taken, delivers none twice, and needs no second key for one', async () => {
    const alice = await world().join('alice');
    const bob = await world().join('bob', 'one', { echoes: true });
    await alice.child.do('send', { to: 'bob', text: 'before the first death' });
    await alice.child.hears(1);
    for (const [index, [, speaker, death]] of whileCarrying.entries()) {
      await stopRelay(world(), alice, bob);
      const [from, to] = speaker === 'alice' ? [alice, 'bob'] : [bob, 'alice'];
      await from.child.do('chat', { to, texts: numbered(`life ${index}`, 4) });
      await world().startRelay(death);
      for (const { child } of [alice, bob]) child.ask('reconnect');
      await relayDies(world(), death);
      await isCut(alice, bob);
      await world().startRelay();
      await reconnect(alice, bob);
      await alice.child.do('send', { to: 'bob', text: `after life ${index}` });
      await alice.child.until((lines) => lines.find(({ got }) => String(got).startsWith(`after life ${index}, answered`)));
    }
    const chatsOf = (speaker: string): number => whileCarrying.filter(([, name]) => name === speaker).length;
    const toBob = deliveryBetween(alice, bob);
    expect(toBob).toMatchObject(nothingAmiss);
    expect(toBob.arrived).toHaveLength(1 + whileCarrying.length + 4 * chatsOf('alice'));
    const toAlice = deliveryBetween(bob, alice);
    expect(toAlice).toMatchObject(nothingAmiss);
    expect(toAlice.arrived).toHaveLength(toBob.arrived.length + 4 * chatsOf('bob'));
    // A restarted relay may pass a repeated request on; its receiver knows the message, and makes no new session for it.
    for (const { child } of [alice, bob]) {
      expect(child.events('undecryptable').filter(({ code }) => code !== 'duplicate')).toEqual([]);
      expect(child.events('session-ready')).toHaveLength(1);
      expect(child.events('error')).toEqual([]);
    }
    for (const device of [alice, bob]) {
      const { again, keysUsedTwice } = departuresOf(device.notes);
      expect(keysUsedTwice).toEqual([]);
      expect(again).toBeGreaterThan(0);
    }
  });
});
