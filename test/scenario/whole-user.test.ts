import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { TransportError } from '../../lib/base/errors.js';
import { requests } from '../../lib/wire/request.js';
import { World } from '../support/scenario.js';

let world: World;

beforeEach(async () => {
  world = await World.create('whole user');
});

afterEach(async () => {
  expect(await world.end()).toEqual([]);
});

test('a first message reaches all devices of its user before a second, although they are invited one by one before', async () => {
  const alice = await world.join('alice', 'one');
  const other = await world.join('alice', 'two');
  const bobs = [await world.join('bob', 'one'), await world.join('bob', 'two')];
  await alice.sees('session-ready');
  // The relay cannot be asked about the user as a whole.
  alice.traffic.interfere = ({ name, body }) => {
    if (name !== 'get_pre_key_bundle' || (requests.get_pre_key_bundle.decodeRequest(body).deviceId ?? '') !== '') return undefined;
    return { error: new TransportError('timeout', 'the relay does not answer'), deliver: false };
  };
  await alice.client.send({ domain: alice.user.domain, userId: 'bob' }, new TextEncoder().encode('hello'));
  // The other device tells of single devices, which are invited one by one.
  await other.client.invite({ domain: alice.user.domain, userId: 'bob' });
  await world.passes(() => alice.eventsOf('session-ready').length >= 3, 'alice/one has sessions with both devices of bob');
  await alice.client.send({ domain: alice.user.domain, userId: 'bob' }, new TextEncoder().encode('are you there?'));
  alice.traffic.interfere = undefined;
  await world.passes(() => bobs.every(({ texts }) => texts.length > 1), 'both devices of bob get both messages');
  expect(bobs.map(({ texts }) => texts)).toEqual([
    ['hello', 'are you there?'],
    ['hello', 'are you there?'],
  ]);
});
