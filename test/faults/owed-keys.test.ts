import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TransportError } from '../../lib/base/errors.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { GroupCommit } from '../../lib/store/group-commit.js';
import { openMemoryStore } from '../../lib/store/memory/memory-store.js';
import { type Device as ScenarioDevice, World as ScenarioWorld } from '../support/scenario.js';
import { areReady, join as joinAll } from '../support/scenario-groups.js';
import type { Device } from './device.js';
import { Ledger } from './ledger.js';
import { type Note, Notes, openNotes } from './notes.js';
import { devicesOf, keysFor, keysOwedBy } from './owed-keys.js';
import { verdict } from './verdict.js';
import type { World } from './world.js';

describe('the keys that a store owes', () => {
  test('are those of its epochs until the relay has taken them', async () => {
    const world = await ScenarioWorld.create('owed keys');
    const [alice, bob, carol] = await joinAll(world, 'alice', 'bob', 'carol');
    if (alice === undefined || bob === undefined || carol === undefined) throw new Error('nobody there');
    const owed = async ({ tables }: ScenarioDevice): Promise<string[]> => {
      const keys = await keysOwedBy(new ClientStore(new GroupCommit(() => openMemoryStore({ unsafeTestingTables: tables }))));
      return [...keys].map((each) => each.slice(each.indexOf(' '))).sort();
    };
    await alice.send(bob, 'hello');
    await bob.hears(1);
    await alice.isQuiet();
    // With Bob there is a session, with Carol none begins: his keys wait in the outbox, hers for a session.
    alice.traffic.interfere = ({ name }) =>
      ['send_one2one_msg', 'get_pre_key_bundle'].includes(name)
        ? { error: new TransportError('offline', 'kept back'), deliver: false }
        : undefined;
    const group = await alice.client.createGroup({ name: 'friends', members: [bob.user, carol.user] });
    expect(await owed(alice)).toEqual([' for bob/one', ' for carol/one']);
    alice.traffic.interfere = undefined;
    await alice.restart();
    await areReady(world, bob, carol);
    await alice.isQuiet();
    expect(await owed(alice)).toEqual([]);
    // Who adds owes keys, too; that a member's own chain is missing keeps nobody from reading the others.
    alice.traffic.interfere = ({ name }) =>
      name === 'get_pre_key_bundle' ? { error: new TransportError('offline', 'kept back'), deliver: false } : undefined;
    const dora = await world.join('dora');
    await alice.client.addGroupMembers(group, [dora.user]);
    expect(await owed(alice)).toEqual([' for dora/one']);
    // Of an add without an answer nobody can say whether the relay has carried it out.
    await world.join('erin');
    alice.traffic.interfere = ({ name }) =>
      name === 'add_group_members' ? { error: new TransportError('offline', 'the answer is lost'), deliver: true } : undefined;
    void alice.client.addGroupMembers(group, [{ domain: alice.address.domain, userId: 'erin' }]).catch(() => undefined);
    await world.passes(() => bob.eventsOf('group-members-added').length > 1, 'the relay adds Erin');
    expect(await owed(alice)).toContain(' for erin/*');
    expect(await world.end()).toEqual([]);
  });
});

describe('a message sealed in an epoch whose keys were lost before they went out', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'skissm-owed-'));
  });

  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  function device(userId: string, notes: readonly Note[], lostKeys: readonly string[] = [], heldMessages: readonly string[] = []): Device {
    const path = join(directory, userId);
    const note = openNotes(path);
    for (const each of notes) note(each);
    const name = `${userId}/one`;
    const restoredAt = lostKeys.length > 0 ? 1 : undefined;
    return {
      name,
      userId,
      isGone: false,
      troubles: [],
      restoredAt,
      lostKeys: new Set(lostKeys),
      heldMessages: new Set(heldMessages),
      notes: new Notes(path),
    } as unknown as Device;
  }

  /** What is wrong when Bob has sent to Carol in an epoch that Alice had opened. */
  function judged(lostKeys: readonly string[], ofCarol: readonly Note[], keptByCarol: readonly string[] = []): string[] {
    const ledger = new Ledger();
    const sent = ledger.toGroup('bob/one', 'group');
    Object.assign(sent, { isStored: true, messageId: 'message', readers: new Set(['carol/one']) });
    const devices = [
      device('alice', [], lostKeys),
      device('bob', [{ note: 'left', ciphertext: 'ciphertext', messageId: 'message', sessionId: 'epoch' }]),
      device('carol', ofCarol, [], keptByCarol),
    ];
    const groups = [{ groupId: 'group', everIn: new Set(['alice', 'bob', 'carol']), everOut: new Set() }];
    const relayNotes = new Notes(join(directory, 'relay'));
    return verdict({ troubles: [], devices, present: devices, ledger, groups, relayNotes } as unknown as World);
  }

  const missing = ['carol/one did not get: 0 from bob/one to group group'];
  const held: Note = { note: 'event', type: 'group-message-held', code: 'unknown-session', messageId: 'message' };

  test('is not missed where it says that it cannot be opened', () => {
    for (const device of ['carol/one', devicesOf('carol')]) expect(judged([keysFor('epoch', device)], [held])).toEqual([]);
  });

  test('is not missed where it is kept, and the process died before it could say so', () => {
    expect(judged([keysFor('epoch', 'carol/one')], [], ['message'])).toEqual([]);
    expect(judged([keysFor('epoch', 'carol/one')], [], ['another'])).toEqual(missing);
  });

  test('is missed where it vanishes without a word', () => {
    expect(judged([keysFor('epoch', 'carol/one')], [])).toEqual(missing);
  });

  test.each([
    ['the keys of another epoch were lost', [keysFor('other', 'carol/one')]],
    ['the keys for another device were lost', [keysFor('epoch', 'dora/one')]],
    ['the keys for another user were lost', [keysFor('epoch', devicesOf('dora'))]],
    ['nothing was lost', []],
  ])('is missed where %s', (_, lostKeys) => {
    expect(judged(lostKeys, [held])).toEqual(missing);
  });
});
