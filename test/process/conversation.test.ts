import { describe, expect, jest, test } from '@jest/globals';
import { deliveryBetween, nothingAmiss, numbered } from './accounts.js';
import { departuresOf, notesOf } from './trace.js';
import { useWorld } from './world.js';

/** Every client is a process that opens a database. */
jest.setTimeout(120_000);

describe('clients and the relay of the command line, each in its own process', () => {
  const world = useWorld('command line');

  test('talk both ways, stop, start again and talk on', async () => {
    const alice = await world().join('alice');
    const bob = await world().join('bob', 'one', { echoes: true });
    await alice.child.do('chat', { to: 'bob', texts: numbered('hello', 5) });
    await alice.child.hears(5);
    expect((await alice.child.close()).code).toBe(0);
    expect((await bob.child.close()).code).toBe(0);

    await alice.start('open', { echoes: true });
    await bob.start('open');
    await bob.child.do('burst', { to: 'alice', texts: numbered('again', 20) });
    await bob.child.hears(20);
    expect(deliveryBetween(alice, bob).arrived).toHaveLength(5 + 20);
    expect(deliveryBetween(bob, alice).arrived).toHaveLength(5 + 20);
    for (const delivery of [deliveryBetween(alice, bob), deliveryBetween(bob, alice)]) expect(delivery).toMatchObject(nothingAmiss);
    expect((await alice.child.close()).code).toBe(0);
    expect((await bob.child.close()).code).toBe(0);
    world().relay.signal('SIGTERM');
    expect(await world().relay.ended).toEqual({ code: 0, signal: null });
    expect([alice, bob, world().relay].map((each) => ('child' in each ? each.child.errors : each.errors))).toEqual(['', '', '']);
  });

  test('a receiver who was away gets everything, although the sender is gone and the relay was restarted', async () => {
    const alice = await world().join('alice');
    const bob = await world().join('bob');
    await alice.child.do('send', { to: 'bob', text: 'you are there' });
    await bob.child.hears(1);
    await bob.child.close();
    await alice.child.do('chat', { to: 'bob', texts: numbered('you are away', 50) });
    await alice.child.do('flush');
    expect(await alice.child.do('status')).toMatchObject({ outbox: 0, pending: 0 });
    await alice.child.close();
    world().relay.signal('SIGTERM');
    await world().relay.ended;
    await world().startCommandLineRelay();
    await bob.start('open');
    expect(await bob.child.hears(50)).toEqual(numbered('you are away', 50));
    expect(deliveryBetween(alice, bob)).toMatchObject(nothingAmiss);
  });

  test('what is sent while the relay is away waits on disk and leaves when it is back', async () => {
    const alice = await world().join('alice');
    const bob = await world().join('bob');
    world().relay.signal('SIGTERM');
    await world().relay.ended;
    await alice.child.do('chat', { to: 'bob', texts: numbered('first contact', 5) });
    await alice.child.kill();
    await bob.child.close();
    await world().startCommandLineRelay();
    await alice.start('open');
    await bob.start('open');
    expect(await bob.child.hears(5)).toEqual(numbered('first contact', 5));
  });

  test('two devices of a user both get what is sent to him, and each a copy of what the other one sends', async () => {
    const alice = await world().join('alice');
    const phone = await world().join('bob', 'phone');
    const laptop = await world().join('bob', 'laptop');
    await phone.child.event('session-ready');
    await laptop.child.event('session-ready');
    await alice.child.do('chat', { to: 'bob', texts: numbered('to both', 5) });
    for (const device of [phone, laptop]) expect(await device.child.hears(5)).toEqual(numbered('to both', 5));
    await phone.child.do('send', { to: 'alice', text: 'from the phone' });
    expect(await alice.child.hears(1)).toEqual(['from the phone']);
    await laptop.child.hears(6);
    expect(notesOf(laptop.notes, 'got').at(-1)).toMatchObject({ copy: true, fromDevice: 'phone', text: 'from the phone' });
    for (const device of [alice, phone, laptop]) {
      expect(device.child.events('undecryptable')).toEqual([]);
      expect(departuresOf(device.notes)).toMatchObject({ keysUsedTwice: [] });
    }
    expect(notesOf(phone.notes, 'got').map(({ text }) => text)).toEqual(numbered('to both', 5));
  });
});
