/** The reference's test_session_db and test_unload: sessions and groups are loaded as they were stored, and gone when they are deleted. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { asSessionId } from '../../lib/base/brand.js';
import { limits } from '../../lib/base/limits.js';
import { Secret, copySecret } from '../../lib/base/secret.js';
import { SessionBook } from '../../lib/client/session-book.js';
import { defaultSuite } from '../../lib/crypto/cipher-suite.js';
import { type Group, epochOf } from '../../lib/group/group.js';
import { groupRoles } from '../../lib/group/membership.js';
import { openEpoch } from '../../lib/group/transition.js';
import type { ReadySession } from '../../lib/session/session.js';
import { deleteGroup, groupWrites } from '../../lib/store/client/group-rows.js';
import { sessionWrites } from '../../lib/store/client/session-rows.js';
import { StoredSkippedKeys } from '../../lib/store/client/skipped-rows.js';
import { type Device as Party, End, answer, finish, invite, newDevice, now, plain } from '../session/parties.js';
import { World } from '../support/scenario.js';
import { seededRun } from '../support/seeded-jobs.js';
import { StoredClient } from './stored-client.js';

const run = seededRun('reference session storage');

/** A second, third, … device of the same user. */
function withDeviceId(party: Party, deviceId: string): Party {
  return { ...party, account: { ...party.account, address: { ...party.account.address, deviceId } } };
}

/** The ends of a new session between the two. */
function ready(from: Party, to: Party, inviteTime = now): { readonly outbound: ReadySession; readonly inbound: ReadySession } {
  const invited = invite(from, to, 1);
  const answered = answer(to, { ...invited.invite, inviteTime });
  return { outbound: { ...finish(from, invited.session, answered.accept), inviteTime }, inbound: answered.session };
}

/** What a client that starts now finds of its sessions. */
async function bookOf(stored: StoredClient, owner: Party): Promise<SessionBook> {
  const indexes = await stored.read((store) => store.loadSessionIndexes());
  expect(indexes.length).toBeGreaterThan(0);
  return stored.read(async (store) => {
    const book = new SessionBook(store, () => false);
    await book.load(owner.account.address);
    return book;
  });
}

describe('sessions', () => {
  const [alice, bob] = [newDevice(defaultSuite, 'alice'), newDevice(defaultSuite, 'bob')];
  const full = (session: ReadySession) => sessionWrites(undefined, session);

  test('test_session_db load newest outbound: of three sessions the one of the latest invite is used', async () => {
    const stored = new StoredClient();
    const sessions = [now - 2, now, now - 1].map((time) => ready(alice, bob, time).outbound);
    await stored.write(...sessions.flatMap(full));
    const book = await bookOf(stored, alice);
    expect(book.newestReady(bob.account.address)?.sessionId).toBe(sessions[1]?.sessionId);
  });

  test('test_session_db load 3 outbound of a user with 3 devices: each device has its session', async () => {
    const stored = new StoredClient();
    const devices = ['d1', 'd2', 'd3'].map((deviceId) => withDeviceId(bob, deviceId));
    const sessions = devices.map((device) => ready(alice, device).outbound);
    await stored.write(...sessions.flatMap(full));
    const book = await bookOf(stored, alice);
    const { domain, userId } = bob.account.address;
    expect(book.devicesOf({ domain, userId }).map(({ deviceId }) => deviceId)).toEqual(expect.arrayContaining(['d1', 'd2', 'd3']));
    expect(devices.map(({ account }) => book.newestReady(account.address)?.sessionId)).toEqual(sessions.map(({ sessionId }) => sessionId));
  });

  test('test_session_db load inbound by id: the session is found by its id alone, and no other', async () => {
    const stored = new StoredClient();
    const { inbound } = ready(alice, bob);
    await stored.write(...full(inbound));
    const book = await bookOf(stored, bob);
    expect(book.find(inbound.sessionId)).toMatchObject({ sessionId: inbound.sessionId, role: 'responder', peer: alice.account.address });
    expect(book.find(asSessionId('another'))).toBeUndefined();
    expect(plain(await loaded(stored, bob, inbound))).toEqual(plain(inbound));
  });

  test('test_session_db store with full ratchet: chains, root key and skipped keys come back, and the conversation goes on', async () => {
    const stored = new StoredClient();
    const { outbound, inbound } = ready(alice, bob);
    const { sessionId } = inbound;
    const [from, to] = [new End(outbound, alice.run), new End(inbound, bob.run)];
    from.receive(to.send('before'));
    const late = from.send('late');
    to.receive(from.send('on time'));
    const skipped = [...to.skipped.entries()];
    expect(skipped).toHaveLength(1);
    await stored.write(...full(to.session), ...new StoredSkippedKeys(sessionId).writesOf({ added: skipped, removed: [] }));
    const again = new End(await loaded(stored, bob, to.session), bob.run);
    expect(plain(again.session)).toEqual(plain(to.session));
    const { keys } = await stored.read((store) => store.loadSkippedKeys(sessionId));
    expect(plain([...keys.entries()])).toEqual(plain(skipped));
    again.skipped.apply({ added: [...keys.entries()], removed: [] });
    expect([from.send('after'), late].map((message) => again.receive(message))).toEqual(['after', 'late']);
    expect(from.receive(again.send('answer'))).toBe('answer');
  });

  test('test_session_db ratchet equality outbound/inbound: both ends come back with the ratchets that they had, and these fit each other', async () => {
    const { outbound, inbound } = ready(alice, bob);
    const [from, to] = [new End(outbound, alice.run), new End(inbound, bob.run)];
    to.receive(from.send('one'));
    const [atAlice, atBob] = [new StoredClient(), new StoredClient()];
    await atAlice.write(...full(from.session));
    await atBob.write(...full(to.session));
    const [ours, theirs] = [(await loaded(atAlice, alice, from.session)).ratchet, (await loaded(atBob, bob, to.session)).ratchet];
    expect(plain(ours)).toEqual(plain(from.session.ratchet));
    expect(plain(theirs)).toEqual(plain(to.session.ratchet));
    expect(plain(theirs.receiver.chainKey)).toEqual(plain(ours.sender.chainKey));
    expect(plain(theirs.receiver.theirRatchetKey)).toEqual(plain(ours.sender.ourRatchetKey));
  });
});

/** The session as a client that starts now loads it. */
async function loaded(stored: StoredClient, owner: Party, { sessionId }: ReadySession): Promise<ReadySession> {
  const index = (await bookOf(stored, owner)).find(sessionId);
  if (index === undefined) throw new Error('the session is not stored');
  const { session } = await stored.read((store) => store.loadSession(index, owner.account.address));
  if (session.state !== 'ready') throw new Error('the session is not ready');
  return session;
}

describe('groups', () => {
  const [alice, bob] = [newDevice(defaultSuite, 'alice'), newDevice(defaultSuite, 'bob')];
  const self = { address: alice.account.address, signingKey: alice.account.identity.signing.publicKey };

  /** A group of Alice and Bob in an epoch that Alice has opened; with `before` the next one of that group. */
  function epochOfAlice(groupId: string, session: string, before?: Group): Group {
    const seed = new Secret<'GroupSeed'>(copySecret(new Uint8Array(32).fill(session.length)));
    const parties = [alice, bob].map(({ account }) => account);
    const opened = run(
      openEpoch(
        self,
        {
          suite: defaultSuite,
          address: { domain: 'example.org', groupId },
          name: 'friends',
          members: parties.map(({ address: { domain, userId } }) => ({ domain, userId, role: groupRoles.manager })),
          devices: parties.map(({ address, identity }) => ({ address, signingKey: identity.signing.publicKey })),
          sessionId: asSessionId(session),
          seed,
        },
        before,
      ),
    );
    return opened.group;
  }

  /** The groups as a client that starts now loads them. */
  function groupsIn(stored: StoredClient): Promise<Group[]> {
    return stored.read(async (store) => Promise.all((await store.loadGroupIndexes()).map((index) => store.loadGroup(index))));
  }

  test('test_session_db group session by address / by id: the group is found by its address, its chains by the id of their epoch', async () => {
    const stored = new StoredClient();
    const group = epochOfAlice('group', 'first');
    await stored.write(...groupWrites(undefined, group));
    const [found] = await groupsIn(stored);
    expect(found?.address).toEqual(group.address);
    if (found === undefined) throw new Error('the group is not stored');
    const epoch = epochOf(found, asSessionId('first'));
    expect([...(epoch?.chains.keys() ?? [])]).toHaveLength(2);
    expect(chainsOf(found)).toEqual(chainsOf(group));
    expect(epochOf(found, asSessionId('another'))).toBeUndefined();
  });

  test('test_session_db group addresses (2 groups): both groups of a device are listed', async () => {
    const stored = new StoredClient();
    const groups = [epochOfAlice('first group', 'one'), epochOfAlice('second group', 'two')];
    await stored.write(...groups.flatMap((group) => groupWrites(undefined, group)));
    const ids = (await stored.read((store) => store.loadGroupIndexes())).map(({ address }) => address.groupId);
    expect(ids.sort()).toEqual(['first group', 'second group']);
  });

  test('test_unload delete group session by id, then absent: an epoch that is dropped is gone, the other stays; then the whole group is gone', async () => {
    const stored = new StoredClient();
    const first = epochOfAlice('group', 'first');
    const both = epochOfAlice('group', 'second', first);
    await stored.write(...groupWrites(undefined, first), ...groupWrites(first, both));
    const without = { ...both, epochs: both.epochs.filter(({ sessionId }) => sessionId !== 'first') };
    expect([both.epochs.length, without.epochs.length]).toEqual([2, 1]);
    await stored.write(...groupWrites(both, without));
    const [found] = await groupsIn(stored);
    if (found === undefined) throw new Error('the group is not stored');
    expect(epochOf(found, asSessionId('first'))).toBeUndefined();
    expect(chainsOf(found)).toEqual(chainsOf(without));
    await stored.write(...deleteGroup(without));
    expect(await groupsIn(stored)).toEqual([]);
    expect(stored.count('group')).toBe(0);
  });
});

/** Sessions and chain keys of a group as comparable values. */
function chainsOf({ epochs }: Group): unknown {
  return epochs.map(({ number, sessionId, chains }) => ({ number, sessionId, chains: [...chains].map(plain) }));
}

describe('a running client', () => {
  let world: World;

  afterEach(async () => {
    expect(await world.end()).toEqual([]);
  });

  test('test_session_db disabled: old-session deletion with time: a day after a newer session is in use the older one is deleted', async () => {
    world = await World.create('reference old sessions', {
      limits: { lowOneTimePreKeys: 0, tokenLifetime: 10 * limits.oldSessionRetention },
    });
    const [alice, bob] = [await world.join('alice'), await world.join('bob')];
    await alice.send(bob, 'under the first session');
    await bob.hears(1);
    await alice.isQuiet();
    world.clock.leap(limits.oldSessionRetention + 1_000);
    await alice.client.invite(bob.user);
    await world.passes(() => alice.eventsOf('session-ready').length === 2, 'the second session is ready');
    expect((await bob.client.status()).sessions).toEqual({ ready: 2, invited: 0 });
    await alice.send(bob, 'under the second session');
    await world.passes(() => bob.received.length === 2, 'Bob reads it');
    await bob.isQuiet();
    expect((await bob.client.status()).sessions).toEqual({ ready: 1, invited: 0 });
    await bob.send(alice, 'and back');
    await world.passes(() => alice.received.length === 1, 'Alice reads it');
    await alice.isQuiet();
    expect((await alice.client.status()).sessions).toEqual({ ready: 1, invited: 0 });
  });
});
