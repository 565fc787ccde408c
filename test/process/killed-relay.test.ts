import { describe, expect, jest, test } from '@jest/globals';
import { deliveryBetween, nothingAmiss, numbered } from './accounts.js';
import { departuresOf } from './trace.js';
import { type Death, type Device, type World, useWorld } from './world.js';

/** Every life is a process that opens a database. */
jest.setTimeout(60_000);

const whileCarrying: readonly (readonly [string, Death])[] = [
  ['before the commit of a message', { point: 'before-commit', puts: 'mailbox', nth: 2 }],
  ['in the middle of that commit', { point: 'during-commit', puts: 'mailbox', nth: 2 }],
  ['after that commit, before the answer', { point: 'after-commit', puts: 'mailbox', nth: 2 }],
  ['before the commit of a consume', { point: 'before-commit', deletes: 'mailbox', nth: 2 }],
  ['in the middle of that commit', { point: 'during-commit', deletes: 'mailbox', nth: 2 }],
  ['after the commit of a consume, before the answer', { point: 'after-commit', deletes: 'mailbox', nth: 2 }],
  ['before the commit of a hello', { point: 'before-commit', puts: 'token' }],
  ['after the commit of a hello, before the answer', { point: 'after-commit', puts: 'token' }],
];

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

/** Has the devices connect now, without waiting for what they had planned. */
async function reconnect(...devices: readonly Device[]): Promise<void> {
  for (const { child } of devices) {
    for (;;) {
      const seen = child.events('connection').length;
      if (child.events('connection').at(-1)?.['state'] === 'connected') break;
      child.ask('reconnect');
      await child.event('connection', seen + 1);
    }
  }
}

async function isCut(...devices: readonly Device[]): Promise<void> {
  for (const { child } of devices) {
    await child.until(() => (child.events('connection').at(-1)?.['state'] === 'disconnected' ? true : undefined));
  }
}

async function stopRelay(world: World, ...devices: readonly Device[]): Promise<void> {
  await world.relay.close();
  await isCut(...devices);
}

async function relayDies(world: World, death: Death): Promise<void> {
  expect({ death, ...(await world.relay.ended) }).toEqual({ death, code: null, signal: 'SIGKILL' });
}

describe('a relay that is killed', () => {
  const world = useWorld();

  test('loses no message that it has taken, delivers none twice, and needs no second key for one', async () => {
    const alice = await world().join('alice');
    const bob = await world().join('bob', 'one', { echoes: true });
    await alice.child.do('send', { to: 'bob', text: 'before the first death' });
    await alice.child.hears(1);
    for (const [index, [, death]] of whileCarrying.entries()) {
      await stopRelay(world(), alice, bob);
      await alice.child.do('chat', { to: 'bob', texts: numbered(`life ${index}`, 4) });
      await world().startRelay(death);
      for (const { child } of [alice, bob]) child.ask('reconnect');
      await relayDies(world(), death);
      await isCut(alice, bob);
      await world().startRelay();
      await reconnect(alice, bob);
      await alice.child.do('send', { to: 'bob', text: `after life ${index}` });
      await alice.child.until((lines) => lines.find(({ got }) => String(got).startsWith(`after life ${index}, answered`)));
    }
    const delivery = deliveryBetween(alice, bob);
    expect(delivery).toMatchObject(nothingAmiss);
    expect(delivery.arrived).toHaveLength(1 + 5 * whileCarrying.length);
    expect(deliveryBetween(bob, alice)).toMatchObject(nothingAmiss);
    for (const device of [alice, bob]) {
      const { again, keysUsedTwice } = departuresOf(device.notes);
      expect(keysUsedTwice).toEqual([]);
      expect(again).toBeGreaterThan(0);
    }
  });

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
