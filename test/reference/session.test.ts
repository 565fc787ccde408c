/** The reference's test_session, with real clients and a real relay. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { utf8 } from '../../lib/base/bytes.js';
import { defaultSuite } from '../../lib/crypto/cipher-suite.js';
import { requests } from '../../lib/wire/request.js';
import { domain, join } from '../server/relay-fixture.js';
import { End, answer, finish, invite, newDevice } from '../session/parties.js';
import { type Device, World } from '../support/scenario.js';
import { Ledger, joined } from './ledger.js';

let world: World;

beforeEach(async () => {
  world = await World.create('reference session', { limits: { lowOneTimePreKeys: 0 } });
});

afterEach(async () => {
  expect(await world.end()).toEqual([]);
});

/** `from` invites all devices of the user of `to`, and every session of the two users is ready. */
async function invited(from: Device, to: Device, devices: readonly Device[]): Promise<void> {
  await from.client.invite(to.user);
  for (const device of devices) {
    const others = devices.filter((other) => other !== device);
    const knows = (other: Device): boolean =>
      device.eventsOf('session-ready').some(({ device: known }) => known.userId === other.userId && known.deviceId === other.deviceId);
    await world.passes(() => others.every(knows), `${device.userId}/${device.deviceId} has a session with everybody`);
  }
}

/** The invites that `device` has sent. */
function invitesOf(device: Device) {
  return device.traffic.sent.filter(({ name }) => name === 'invite').map(({ body }) => requests.invite.decodeRequest(body).invite);
}

describe('sessions', () => {
  test('test_session basic_session: Alice invites Bob and he reads what she writes', async () => {
    const [alice, bob] = await joined(world, 'alice', 'bob');
    const ledger = new Ledger(world, [alice, bob]);
    await invited(alice, bob, [alice, bob]);
    await ledger.says(alice, bob, 'hello Bob');
    await ledger.holds();
  });

  test('test_session interaction: Alice invites Bob, writes, and reads his answer', async () => {
    const [alice, bob] = await joined(world, 'alice', 'bob');
    const ledger = new Ledger(world, [alice, bob]);
    await invited(alice, bob, [alice, bob]);
    await ledger.says(alice, bob, 'hello Bob');
    await ledger.holds();
    await ledger.says(bob, alice, 'hello Alice');
    await ledger.holds();
  });

  test('test_session continual_messages: 3000 messages in one chain are all read, in order', async () => {
    // The watched transport looks through all rows at every request, which is too much here.
    const direct = { client: { transport: world.relay.network.transport } };
    const [alice, bob] = [await world.join('alice', 'one', direct), await world.join('bob', 'one', direct)];
    const ledger = new Ledger(world, [alice, bob]);
    await invited(alice, bob, [alice, bob]);
    for (let number = 0; number < 3000; number += 100) {
      await Promise.all(Array.from({ length: 100 }, (_, next) => ledger.says(alice, bob, `message ${number + next}`)));
    }
    await ledger.holds();
    expect(bob.rows('skipped-key')).toEqual([]);
    const positions = bob.received.map(({ bytes }) => Number(new TextDecoder().decode(bytes).slice('message '.length)));
    expect(positions).toEqual(Array.from({ length: 3000 }, (_, number) => number));
  });

  test('test_session one_to_many: B has 3 devices, and each reads what A writes', async () => {
    const [alice, ...bob] = await joined(world, 'alice', 'bob/1', 'bob/2', 'bob/3');
    const ledger = new Ledger(world, [alice, ...bob]);
    await invited(alice, bob[0], [alice, ...bob]);
    await ledger.says(alice, bob[0], 'to all three');
    await ledger.holds();
  });

  test('test_session many_to_one: A has 3 devices, B reads what the first writes, and the other two get the copy', async () => {
    const [a1, a2, a3, bob] = await joined(world, 'alice/1', 'alice/2', 'alice/3', 'bob');
    const ledger = new Ledger(world, [a1, a2, a3, bob]);
    await invited(a1, bob, [a1, a2, a3, bob]);
    await ledger.says(a1, bob, 'from the first');
    await ledger.holds();
    for (const device of [a2, a3]) expect(device.received).toMatchObject([{ kind: 'own-device-copy', from: a1.address }]);
    expect(bob.received).toMatchObject([{ kind: 'message', from: a1.address }]);
  });

  test('test_session many_to_many: 3 devices of each, A1 writes and B1 answers, and all others read both', async () => {
    const devices = await joined(world, 'alice/1', 'alice/2', 'alice/3', 'bob/1', 'bob/2', 'bob/3');
    const [a1, , , b1] = devices;
    const ledger = new Ledger(world, devices);
    await invited(a1, b1, devices);
    await ledger.says(a1, b1, 'from A1');
    await ledger.holds();
    await ledger.says(b1, a1, 'from B1');
    await ledger.holds();
  });

  test('test_session add_a_device: A registers a third device, which reads what is written from then on', async () => {
    const devices = await joined(world, 'alice/1', 'alice/2', 'bob/1', 'bob/2');
    const [a1, a2, b1, b2] = devices;
    const ledger = new Ledger(world, devices);
    await invited(a1, b1, devices);
    await ledger.says(a1, b1, 'before');
    await ledger.holds();
    const a3 = await world.join('alice', '3');
    ledger.enter(a3);
    for (const device of devices) {
      const knows = (): boolean =>
        device.eventsOf('session-ready').some(({ device: { deviceId, userId } }) => userId === 'alice' && deviceId === '3');
      await world.passes(knows, `${device.userId}/${device.deviceId} has a session with the new device`);
    }
    await ledger.says(a1, b1, 'from A1');
    await ledger.says(b1, a1, 'from B1');
    await ledger.holds();
    expect([a2, a3, b2].map(({ received }) => received.length)).toEqual([3, 2, 3]);
  });

  test('test_session session_no_opk: with no one-time pre-key left of either the handshake has three secrets, and B reads what A writes', async () => {
    const register = { register: { oneTimePreKeys: 1 } };
    const [alice, bob] = [await world.join('alice', 'one', register), await world.join('bob', 'one', register)];
    const carol = await join(world.relay, 'carol');
    for (const { userId } of [alice, bob]) {
      expect((await carol.request('get_pre_key_bundle', { domain, userId, deviceId: undefined })).ok).toBe(true);
    }
    const ledger = new Ledger(world, [alice, bob]);
    await invited(alice, bob, [alice, bob]);
    await ledger.says(alice, bob, 'without');
    await ledger.holds();
    // Two inputs besides the one that the accept brings: to the identity key and to the signed pre-key.
    expect(invitesOf(alice)).toMatchObject([{ oneTimePreKeyId: 0, sharedInputs: [expect.any(Uint8Array), expect.any(Uint8Array)] }]);
  });

  test('test_session session_no_opk: accounts that were made without one-time pre-keys agree as well', () => {
    const [alice, bob] = [newDevice(defaultSuite, 'alice', 0), newDevice(defaultSuite, 'bob', 0)];
    const made = invite(alice, bob);
    expect(made.invite.sharedInputs).toHaveLength(2);
    const answered = answer(bob, made.invite);
    const [from, to] = [new End(finish(alice, made.session, answered.accept), alice.run), new End(answered.session, bob.run)];
    expect(to.receive(from.send('without'))).toBe('without');
  });

  test('test_session invite_twice: A invites B twice, and B reads one copy of what A writes', async () => {
    const [alice, bob] = await joined(world, 'alice', 'bob');
    const ledger = new Ledger(world, [alice, bob]);
    await invited(alice, bob, [alice, bob]);
    await alice.client.invite(bob.user);
    await alice.sees('session-ready', 2);
    const sent = await alice.client.send(bob.user, utf8('once'));
    expect(sent.devices).toHaveLength(1);
    expect(await bob.hears(1)).toEqual(['once']);
    await bob.isQuiet();
    expect(bob.texts).toEqual(['once']);
    expect(invitesOf(alice)).toHaveLength(2);
    await ledger.says(bob, alice, 'and back');
    expect(await alice.hears(1)).toEqual(['and back']);
  });

  test('test_session invite_interaction: A invites B, then B invites A, and each reads what the other writes', async () => {
    const [alice, bob] = await joined(world, 'alice', 'bob');
    const ledger = new Ledger(world, [alice, bob]);
    await invited(alice, bob, [alice, bob]);
    await bob.client.invite(alice.user);
    await bob.sees('session-ready', 2);
    await ledger.says(alice, bob, 'from Alice');
    await ledger.says(bob, alice, 'from Bob');
    await ledger.holds();
  });
});
