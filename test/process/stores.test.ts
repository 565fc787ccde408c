import { describe, expect, jest, test } from '@jest/globals';
import { copyFileSync } from 'node:fs';
import { deliveryBetween, nothingAmiss, numbered } from './accounts.js';
import { departuresOf, notesOf } from './trace.js';
import { type Device, useWorld } from './world.js';

/** Every client is a process that opens a database. */
jest.setTimeout(120_000);

function sessionsUsed(device: Device): Set<string> {
  return new Set(notesOf(device.notes, 'request').flatMap(({ place }) => (place === undefined ? [] : [place.session])));
}

describe('one store and several processes', () => {
  const world = useWorld();

  test('a second process is refused, is told who holds the store, and leaves the first one alone', async () => {
    const bob = await world().join('bob');
    const alice = await world().join('alice');
    const second = world().device('alice');
    const refused = second.launch('open');
    const { failed, message } = await refused.line('failed');
    expect(failed).toBe('locked');
    expect(message).toContain(`process ${alice.child.pid} on `);
    expect(await refused.ended).toEqual({ code: 3, signal: null });
    await alice.child.do('send', { to: 'bob', text: 'still here' });
    expect(await bob.child.hears(1)).toEqual(['still here']);
    expect(alice.child.events('connection')).toMatchObject([{ state: 'connected' }]);
  });

  test('the store of a process that was killed opens again', async () => {
    const alice = await world().join('alice');
    await alice.child.kill();
    await (await alice.start('open')).event('connection');
  });
});

describe('a store that was copied', () => {
  const world = useWorld();

  test('by a restored backup: nothing leaves on its old sessions, what is sent goes over new ones', async () => {
    const bob = await world().join('bob', 'one', { echoes: true });
    const alice = await world().join('alice');
    await alice.child.do('send', { to: 'bob', text: 'first' });
    await alice.child.hears(1);
    await alice.child.do('flush');
    await alice.child.close();
    copyFileSync(alice.store, world().path('backup.db'));

    await alice.start('open');
    await alice.child.do('chat', { to: 'bob', texts: numbered('after the backup', 3) });
    await alice.child.hears(3);
    await alice.child.close();
    await (await alice.start('open')).event('connection');
    await alice.child.close();
    const before = sessionsUsed(alice);
    const notesBefore = alice.notes.length;

    const restored = await alice.start('open', { store: world().path('backup.db') });
    await restored.event('store-rolled-back');
    await restored.do('send', { to: 'bob', text: 'from the backup' });
    await bob.child.until((lines) => lines.find(({ got }) => got === 'from the backup'));
    await restored.hears(1);
    const after = notesOf(alice.notes.slice(notesBefore), 'request').flatMap(({ place }) => (place === undefined ? [] : [place.session]));
    expect(after.length).toBeGreaterThan(0);
    expect(after.filter((session) => before.has(session))).toEqual([]);
    expect(departuresOf(alice.notes).keysUsedTwice).toEqual([]);
    expect(deliveryBetween(alice, bob)).toMatchObject(nothingAmiss);
  });

  test('of a running machine: nothing leaves on the sessions that the copy shares', async () => {
    const bob = await world().join('bob', 'one', { echoes: true });
    const alice = await world().join('alice');
    await alice.child.do('send', { to: 'bob', text: 'first' });
    await alice.child.hears(1);
    // Quiet, but connected, as a snapshot of a machine finds it.
    await alice.child.do('flush');
    for (const suffix of ['', '-wal']) copyFileSync(`${alice.store}${suffix}`, `${world().path('snapshot.db')}${suffix}`);
    await alice.child.do('chat', { to: 'bob', texts: numbered('after the snapshot', 3) });
    await alice.child.hears(4);
    await alice.child.kill();

    const restored = await alice.start('open', { store: world().path('snapshot.db') });
    await restored.do('chat', { to: 'bob', texts: numbered('from the snapshot', 3) });
    await bob.child.until((lines) => lines.find(({ got }) => got === 'from the snapshot, message 2'));
    expect(departuresOf(alice.notes).keysUsedTwice).toEqual([]);
    expect(restored.events('store-rolled-back')).toHaveLength(1);
    expect(deliveryBetween(alice, bob)).toMatchObject(nothingAmiss);
  });
});
