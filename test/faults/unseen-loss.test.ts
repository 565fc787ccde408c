import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClientStore } from '../../lib/store/client-store.js';
import { GroupCommit } from '../../lib/store/group-commit.js';
import { type MemoryTables, openMemoryStore } from '../../lib/store/memory/memory-store.js';
import { RelayStore } from '../../lib/store/relay-store.js';
import { World as ScenarioWorld } from '../support/scenario.js';
import type { Device } from './device.js';
import { Ledger } from './ledger.js';
import { type Note, Notes, openNotes } from './notes.js';
import { isLater, knowledgeOf } from './unseen-loss.js';
import { verdict } from './verdict.js';
import type { World } from './world.js';

function over(tables: MemoryTables): GroupCommit {
  return new GroupCommit(() => openMemoryStore({ unsafeTestingTables: tables }));
}

describe('the relay', () => {
  test('knows better than a backup as soon as it has stored what came after it, or a hello', async () => {
    const world = await ScenarioWorld.create('unseen loss', { limits: { lowOneTimePreKeys: 0 } });
    const alice = await world.join('alice');
    const bob = await world.join('bob');
    await alice.send(bob, 'one');
    await bob.hears(1);
    await alice.isQuiet();
    const backup = new ClientStore(over(alice.snapshot()));
    const isKnown = async (store = backup): Promise<boolean> => {
      const known = await knowledgeOf(new RelayStore(over(world.relay.tables), alice.address.domain), alice.address);
      return known !== undefined && isLater(known, store);
    };
    expect(await isKnown()).toBe(false);
    // What the relay does not get it cannot know.
    await world.stopRelay();
    await alice.send(bob, 'two');
    await alice.send(bob, 'three');
    expect(await isKnown()).toBe(false);
    await world.startRelay();
    await world.passes(() => bob.received.length === 3, 'the messages arrive');
    expect(await isKnown()).toBe(true);
    await alice.isQuiet();
    const later = new ClientStore(over(alice.snapshot()));
    expect(await isKnown(later)).toBe(false);
    await alice.restart();
    await alice.isQuiet();
    expect(await isKnown(later)).toBe(true);
    expect(await world.end()).toEqual([]);
  });
});

describe('a key that has sealed two messages', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'skissm-unseen-'));
  });

  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  const sealed = (ciphertext: string): Note => ({ note: 'sealed', key: 'key', ciphertext });
  const left = (ciphertext: string): Note => ({ note: 'left', ciphertext, messageId: ciphertext, sessionId: 'session' });
  const twice = [sealed('first'), left('first'), sealed('second'), left('second')];
  const wrong = ['one key has sealed two messages: key'];

  function notesOf(name: string, all: readonly Note[]): Notes {
    const path = join(directory, name);
    const note = openNotes(path);
    for (const each of all) note(each);
    return new Notes(path);
  }

  function judged(all: readonly Note[], unseenLosses: readonly number[], ofRelay: readonly Note[] = []): string[] {
    const alice = {
      name: 'alice/one',
      userId: 'alice',
      isGone: false,
      troubles: [],
      restoredAt: 1,
      lostKeys: new Set(),
      heldMessages: new Set(),
      unseenLosses,
      notes: notesOf('alice', all),
    } as unknown as Device;
    const world = {
      troubles: [],
      devices: [alice],
      present: [alice],
      ledger: new Ledger(),
      groups: [],
      relayNotes: notesOf('relay', ofRelay),
    };
    return verdict(world as unknown as World);
  }

  test('is nobody’s fault when its store was restored in between and the relay could not know', () => {
    expect(judged(twice, [2])).toEqual([]);
  });

  test.each<[string, readonly Note[], readonly number[], readonly Note[]]>([
    ['the relay knew', twice, [], []],
    ['the store was restored before', twice, [0], []],
    ['the store was restored after', twice, [4], []],
    ['the relay has passed the first message on', twice, [2], [{ note: 'passed', ciphertext: 'first' }]],
    ['it sealed a third', [...twice, sealed('third'), left('third')], [2], []],
  ])('is a fault when %s', (_, all, losses, ofRelay) => {
    expect(judged(all, losses, ofRelay)).toEqual(wrong);
  });
});
