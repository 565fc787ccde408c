import { describe, expect, jest, test } from '@jest/globals';
import { deliveryBetween, dies, inFlight, nothingAmiss, numbered } from './accounts.js';
import { departuresOf, notesOf } from './trace.js';
import { type Death, type Device, useWorld } from './world.js';

/** Every life is a process that opens a database. */
jest.setTimeout(60_000);

/** Whether the message at whose sending the process died reaches the receiver. */
type Fate = 'arrives' | 'is gone' | 'either';

const whileSending: readonly (readonly [string, Death, Fate])[] = [
  ['before the commit of a message', { point: 'before-commit', puts: 'outbox', nth: 3 }, 'is gone'],
  ['in the middle of that commit', { point: 'during-commit', puts: 'outbox', nth: 3 }, 'either'],
  ['after that commit, before its frame leaves', { point: 'after-commit', puts: 'outbox', nth: 3 }, 'arrives'],
  ['when the frame is about to leave', { point: 'before-frame', request: 'send_one2one_msg', nth: 3 }, 'either'],
  ['when the frame has left', { point: 'frame-left', request: 'send_one2one_msg', nth: 3 }, 'either'],
  ['when the answer has come and was not processed', { point: 'answered', request: 'send_one2one_msg', nth: 3 }, 'either'],
  ['before the commit of an answer', { point: 'before-commit', deletes: 'outbox', nth: 2 }, 'either'],
  ['in the middle of that commit', { point: 'during-commit', deletes: 'outbox', nth: 2 }, 'either'],
  ['after the commit of an answer', { point: 'after-commit', deletes: 'outbox', nth: 2 }, 'either'],
  ['when the relay has answered the hello', { point: 'welcomed' }, 'either'],
];

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

/** Has a device send one text after another until it has died there. */
async function chatUntilDeath(device: Device, task: 'register' | 'open', death: Death, prefix: string): Promise<void> {
  const child = device.launch(task, { death });
  child.ask('chat', { to: 'bob', texts: numbered(prefix, 12) });
  await dies(device, death);
}

/** Starts the device again, has it send one more text and waits until Bob has it. */
async function goOn(device: Device, bob: Device, text: string): Promise<void> {
  const survivor = await device.start('open');
  await survivor.do('send', { to: 'bob', text });
  await bob.child.until((lines) => lines.find(({ got }) => got === text));
  await survivor.do('flush');
  await survivor.close();
}

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
