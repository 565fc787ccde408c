import { describe, expect, jest, test } from '@jest/globals';
import { deliveryBetween, dies, nothingAmiss, numbered } from './accounts.js';
import { departuresOf } from './trace.js';
import { type Death, useWorld } from './world.js';

/** Every life is a process that opens a database. */
jest.setTimeout(120_000);

const whileReceiving: readonly (readonly [string, Death])[] = [
  ['when a push has come', { point: 'pushed', nth: 2 }],
  ['before the commit of a message', { point: 'before-commit', puts: 'inbox', nth: 2 }],
  ['in the middle of that commit', { point: 'during-commit', puts: 'inbox', nth: 2 }],
  ['after that commit, before the push is consumed', { point: 'after-commit', puts: 'inbox', nth: 2 }],
  ['when the push is about to be consumed', { point: 'before-frame', request: 'consume_proto_msg', nth: 2 }],
  ['when the consume has left', { point: 'frame-left', request: 'consume_proto_msg', nth: 2 }],
  ['when the consume was answered', { point: 'answered', request: 'consume_proto_msg', nth: 2 }],
  ['before its answer to a message is stored', { point: 'before-commit', puts: 'outbox', nth: 2 }],
  ['after its answer is stored', { point: 'after-commit', puts: 'outbox', nth: 2 }],
  ['when its answer has left', { point: 'frame-left', request: 'send_one2one_msg', nth: 2 }],
  ['before the commit of an acknowledgement', { point: 'before-commit', deletes: 'inbox', nth: 2 }],
  ['in the middle of that commit', { point: 'during-commit', deletes: 'inbox', nth: 2 }],
  ['after the commit of an acknowledgement', { point: 'after-commit', deletes: 'inbox', nth: 2 }],
];

describe('a client that is killed while it receives', () => {
  const world = useWorld();

  test('gets every message once and in order, and answers under no key twice', async () => {
    const alice = await world().join('alice');
    const bob = await world().join('bob', 'one', { echoes: true });
    await alice.child.do('send', { to: 'bob', text: 'before the first death' });
    await alice.child.hears(1);
    await bob.child.close();
    for (const [index, [, death]] of whileReceiving.entries()) {
      bob.launch('open', { echoes: true, death });
      await alice.child.do('chat', { to: 'bob', texts: numbered(`life ${index}`, 4) });
      await dies(bob, death);
      await bob.start('open', { echoes: true });
      await alice.child.do('send', { to: 'bob', text: `after life ${index}` });
      await alice.child.until((lines) => lines.find(({ got }) => String(got).startsWith(`after life ${index}, answered`)));
      await bob.child.close();
    }
    const delivery = deliveryBetween(alice, bob);
    expect(delivery).toMatchObject(nothingAmiss);
    expect(delivery.arrived).toHaveLength(1 + 5 * whileReceiving.length);
    expect(deliveryBetween(bob, alice)).toMatchObject(nothingAmiss);
    expect(departuresOf(alice.notes).keysUsedTwice).toEqual([]);
    expect(departuresOf(bob.notes)).toMatchObject({ keysUsedTwice: [] });
    expect(alice.child.events('undecryptable')).toEqual([]);
  });
});
