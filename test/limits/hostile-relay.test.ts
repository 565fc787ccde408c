/** A relay that sends what it likes: what it can make a client keep is bounded, and what the client has goes on working. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { type Arrived, HeldPushes } from '../../lib/client/held-pushes.js';
import { PeerBook } from '../../lib/client/peer-book.js';
import { encodeContent } from '../../lib/wire/message.js';
import { limits } from '../../lib/base/limits.js';
import { suiteByName } from '../../lib/crypto/cipher-suite.js';
import type { ClientStore } from '../../lib/store/client-store.js';
import { encodeFrame } from '../../lib/wire/frame.js';
import type { ReceivedPush } from '../../lib/wire/push.js';
import { requests } from '../../lib/wire/request.js';
import { ClientWorld } from '../mutation/client-world.js';
import { World, until } from '../support/scenario.js';
import { settled } from '../transport/fake-clock.js';

const suite = suiteByName('curve25519signature-mlkem512');

let world: ClientWorld | undefined;
let scenario: World | undefined;

afterEach(async () => {
  await world?.close();
  expect((await scenario?.end()) ?? []).toEqual([]);
  world = undefined;
  scenario = undefined;
});

async function client(seed: string): Promise<ClientWorld> {
  world = await ClientWorld.create(seed, suite);
  return world;
}

/** A push that is signed, asks for nothing and has to be consumed. */
function idlePush(target: ClientWorld): Uint8Array {
  return target.signed({ kind: 'supply-one-time-pre-keys', value: { time: 1, count: 0, user: target.address } }, target.address);
}

describe('a relay that ignores the window', () => {
  test('and answers no consume makes the client keep so many pushes, then ends the connection, and is heard again when it answers', async () => {
    const target = await client('window');
    const { relay } = target;
    const answer = relay.answer;
    const unavailable = requests.consume_proto_msg.encodeResponse({ ok: false, code: 503, message: 'later' });
    relay.answer = (request) => (request.name === 'consume_proto_msg' ? unavailable : answer(request));
    const known = target.rows('push');
    for (let count = 0; count < limits.unfinishedPushes; count += 1) relay.send(encodeFrame({ kind: 'push', body: idlePush(target) }));
    await until(() => target.rows('push') === known + limits.unfinishedPushes, 'all are kept');
    expect(target.events.filter(({ type }) => type === 'error')).toEqual([]);
    expect((await target.client.status()).unconsumedPushes).toBe(limits.unfinishedPushes);
    relay.send(encodeFrame({ kind: 'push', body: idlePush(target) }));
    await until(() => target.events.some(({ type }) => type === 'error'), 'it is reported');
    expect(target.events.filter(({ type }) => type === 'error')).toMatchObject([
      { error: { name: 'ProtocolError', code: 'window-ignored' }, during: 'taking a push' },
    ]);
    expect(target.rows('push')).toBe(known + limits.unfinishedPushes);
    relay.answer = answer;
    await until(() => {
      target.client.reconnect();
      return relay.isConnected;
    }, 'it connects again');
    for (;;) {
      if ((await target.client.status()).unconsumedPushes === 0) break;
      await settled();
    }
    await target.deliverGood(target.next(target.alice, encodeContent(target.text())));
  }, 30_000);

  test('while the application takes nothing is held up to a bound in bytes', () => {
    const held = new HeldPushes();
    const arrived = (length: number): Arrived => ({ push: {} as ReceivedPush, bytes: { length } as Uint8Array });
    const first = arrived(limits.heldPushBytes - 10);
    expect(held.hasRoomFor(2 * limits.heldPushBytes)).toBe(true);
    held.add(first);
    expect(held.hasRoomFor(10)).toBe(true);
    expect(held.hasRoomFor(11)).toBe(false);
    expect(held.take()).toBe(first);
    expect([held.count, held.hasRoomFor(limits.heldPushBytes)]).toEqual([0, true]);
    held.add(arrived(5));
    held.clear();
    expect([held.count, held.take()]).toEqual([0, undefined]);
  });
});

describe('a relay that says what nobody asked', () => {
  test('answers that belong to no request change nothing', async () => {
    const target = await client('answers');
    const before = ['account', 'session', 'outbox', 'push', 'peer'] as const;
    const counts = before.map((table) => target.rows(table));
    for (let id = 1_000; id < 2_000; id += 1) {
      target.relay.send(encodeFrame({ kind: 'response', id, status: id % 2 === 0 ? 200 : 500, body: new Uint8Array(100) }));
    }
    await settled();
    expect(before.map((table) => target.rows(table))).toEqual(counts);
    expect(target.events.filter(({ type }) => type === 'error')).toEqual([]);
    await target.deliverGood(target.next(target.alice, encodeContent(target.text())));
  });

  test('invites of one device again and again leave it as many sessions as a pair may have, and touch no other pair', async () => {
    const target = await client('invites');
    const registration = target.relay.requests.find(({ name }) => name === 'register_user');
    const { identityKey, signedPreKey } = requests.register_user.decodeRequest(registration?.body ?? new Uint8Array(0));
    const bundle = { address: target.address, suite, identityKey, signedPreKey };
    const sessions = async (): Promise<number> => {
      const { ready, invited } = (await target.client.status()).sessions;
      return ready + invited;
    };
    const others = await sessions();
    for (let round = 0; round < 2 * limits.sessionsPerPair; round += 1) {
      const invite = target.mallory.invite(bundle, target.clock.now() + round);
      await target.deliverPush(target.signed({ kind: 'invite', value: invite }, target.mallory.address));
      expect(await sessions()).toBe(others + Math.min(round + 1, limits.sessionsPerPair - 1));
    }
    await target.deliverGood(target.next(target.alice, encodeContent(target.text())));
  });
});

describe('a relay that invents', () => {
  test('groups: so many are kept, the next is refused, and those that are there go on', async () => {
    scenario = await World.create('invented groups', { limits: { lowOneTimePreKeys: 0 } });
    const alice = await scenario.join('alice');
    const bob = await scenario.join('bob', 'one', { client: { limits: { groups: 2 } } });
    const addresses = [];
    for (const name of ['first', 'second', 'third']) addresses.push(await alice.client.createGroup({ name, members: [bob.user] }));
    expect(await bob.sees('group-change-refused')).toMatchObject([{ change: 'create-group', code: 'too-many-groups' }]);
    expect((await bob.client.groups()).map(({ name }) => name).sort()).toEqual(['first', 'second']);
    await alice.client.sendToGroup(addresses[1]!, Buffer.from('to the second'));
    expect(await bob.hears(1)).toEqual(['to the second']);
  });

  test('devices: so many become known, invites of others are refused unseen, and who is known goes on', async () => {
    scenario = await World.create('invented devices', { limits: { lowOneTimePreKeys: 0 } });
    const bob = await scenario.join('bob', 'one', { client: { limits: { knownDevices: 1 } } });
    const alice = await scenario.join('alice');
    const carol = await scenario.join('carol');
    await alice.send(bob, 'from Alice');
    expect(await bob.hears(1)).toEqual(['from Alice']);
    const stored = (): number[] => [bob.rows('peer').length, bob.rows('session').length];
    const before = stored();
    await carol.send(bob, 'from Carol');
    expect(await bob.sees('undecryptable')).toMatchObject([{ from: { userId: 'carol' }, code: 'too-many-devices' }]);
    expect(stored()).toEqual(before);
    await alice.send(bob, 'again');
    expect(await bob.hears(2)).toEqual(['from Alice', 'again']);
  });

  test('devices of one user: so many are known as a user can have, gone ones aside', () => {
    const peers = new PeerBook({ loadPeers: () => Promise.resolve([]) } as unknown as ClientStore);
    const device = (number: number): { domain: string; userId: string; deviceId: string } => ({
      domain: 'd',
      userId: 'mallory',
      deviceId: `${number}`,
    });
    for (let number = 0; number < limits.devicesPerUser; number += 1) {
      expect(peers.hasRoomFor([device(number)], limits.knownDevices)).toBe(true);
      peers.meet(device(number), 1, 'given').apply();
    }
    expect(peers.hasRoomFor([device(limits.devicesPerUser)], limits.knownDevices)).toBe(false);
    expect(peers.hasRoomFor([device(0), { ...device(0), userId: 'carol' }], limits.knownDevices)).toBe(true);
    peers.lose(device(0)).apply();
    expect(peers.hasRoomFor([device(limits.devicesPerUser)], limits.knownDevices)).toBe(true);
    expect(peers.hasRoomFor([device(limits.devicesPerUser), device(limits.devicesPerUser + 1)], limits.knownDevices)).toBe(false);
  });
});
