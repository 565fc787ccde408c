/** The reference's test_pending: what waits for a session, and requests that wait for the relay. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { asSessionId } from '../../lib/base/brand.js';
import { Secret, copySecret } from '../../lib/base/secret.js';
import { defaultSuite } from '../../lib/crypto/cipher-suite.js';
import { deletePending, putOutboxEntry, putPending } from '../../lib/store/client/queue-rows.js';
import type { OutboxEntry, PendingMessage } from '../../lib/store/client/queue-rows.js';
import { asMessageId } from '../../lib/base/brand.js';
import { encodeContent } from '../../lib/wire/message.js';
import { requests } from '../../lib/wire/request.js';
import { answer, invite, newDevice, plain } from '../session/parties.js';
import { World } from '../support/scenario.js';
import { StoredClient } from './stored-client.js';

const bob = { domain: 'example.org', userId: 'bob', deviceId: 'd1' };
const alice = { domain: 'example.org', userId: 'alice', deviceId: 'd1' };

/** A GroupPreKeyBundle that waits, number `sequence` of its queue. */
function waitingBundle(sequence: number): PendingMessage {
  const content = encodeContent({
    kind: 'group-pre-key-bundle',
    bundle: {
      suite: defaultSuite,
      sender: alice,
      sessionId: asSessionId(`session ${sequence}`),
      oldSessionId: undefined,
      group: { name: 'friends', address: { domain: 'example.org', groupId: 'group' }, members: [] },
      sequence: 0,
      seed: new Secret<'GroupSeed'>(copySecret(new Uint8Array(32).fill(sequence))),
    },
  });
  return { sequence, messageId: asMessageId(`message ${sequence}`), notification: 0, content };
}

describe('what waits for a session', () => {
  test('test_pending one_group_pre_key: one bundle is stored, loaded with equal bytes, deleted, and gone', async () => {
    const stored = new StoredClient();
    const bundle = waitingBundle(1);
    await stored.write(putPending(bob, bundle));
    expect(plain(await stored.read((store) => store.loadPending(bob)))).toEqual(plain([bundle]));
    await stored.write(deletePending(bob, 1));
    expect(await stored.read((store) => store.loadPending(bob))).toEqual([]);
  });

  test('test_pending multiple_group_pre_keys: of three bundles the middle one is deleted, and the others are left as they were', async () => {
    const stored = new StoredClient();
    const bundles = [1, 2, 3].map(waitingBundle);
    await stored.write(...bundles.map((bundle) => putPending(bob, bundle)));
    expect(plain(await stored.read((store) => store.loadPending(bob)))).toEqual(plain(bundles));
    await stored.write(deletePending(bob, 2));
    expect(plain(await stored.read((store) => store.loadPending(bob)))).toEqual(plain([bundles[0], bundles[2]]));
  });

  test('test_pending pending_request_data: an accept that is queued is one entry of its kind with equal bytes', async () => {
    const stored = new StoredClient();
    const [inviter, invitee] = [newDevice(defaultSuite, 'alice'), newDevice(defaultSuite, 'bob')];
    const { session, accept } = answer(invitee, invite(inviter, invitee, 1).invite);
    const entry: OutboxEntry = {
      sequence: 1,
      kind: 'accept',
      device: alice,
      group: undefined,
      order: undefined,
      sessionId: session.sessionId,
      origin: undefined,
      refusals: 0,
      body: requests.accept.encodeRequest({ accept }),
    };
    await stored.write(putOutboxEntry(entry));
    const found: OutboxEntry[] = [];
    await stored.read((store) => store.walkOutbox((each) => found.push(each)));
    expect(plain(found)).toEqual(plain([entry]));
    expect(plain(requests.accept.decodeRequest(found[0]?.body ?? new Uint8Array(0)).accept.ratchetKey)).toEqual(plain(accept.ratchetKey));
  });
});

describe('sending', () => {
  let world: World;

  afterEach(async () => {
    expect(await world.end()).toEqual([]);
  });

  test('test_pending sending_before_accept (disabled): 20 messages written before any invite all arrive, in order and once', async () => {
    world = await World.create('reference sending before accept', { limits: { lowOneTimePreKeys: 0 } });
    const [from, to] = [await world.join('alice'), await world.join('bob')];
    await world.stopRelay();
    const texts = Array.from({ length: 20 }, (_, number) => `message ${number}`);
    for (const text of texts) await from.send(to, text);
    expect(from.rows('session')).toEqual([]);
    expect((await from.client.status()).pending).toBe(20);
    await world.startRelay();
    await world.passes(() => from.eventsOf('connection').length >= 3, 'Alice is connected again');
    await from.client.invite(to.user);
    await world.passes(() => to.received.length === 20, 'everything arrives');
    await to.isQuiet();
    expect(to.texts).toEqual(texts);
  });
});
