/** The reference's test_new_device, with real clients and a real relay. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Device, World } from '../support/scenario.js';
import { Ledger, haveKeys, joined, newGroup } from './ledger.js';

let world: World;

beforeEach(async () => {
  world = await World.create('reference new device', { limits: { lowOneTimePreKeys: 0 } });
});

afterEach(async () => {
  expect(await world.end()).toEqual([]);
});

/** A further device of a user, to which all of `others` have a session. */
async function further(userId: string, deviceId: string, others: readonly Device[]): Promise<Device> {
  const device = await world.join(userId, deviceId);
  for (const other of others) {
    const knows = (): boolean =>
      other.eventsOf('session-ready').some(({ device: known }) => known.userId === userId && known.deviceId === deviceId);
    await world.passes(knows, `${other.userId}/${other.deviceId} has a session with ${userId}/${deviceId}`);
  }
  return device;
}

/** `from` invites the user of `to`, and all that follows from it is done. */
async function meet(from: Device, to: Device): Promise<void> {
  await from.client.invite(to.user);
  await from.isQuiet();
}

describe('new devices', () => {
  test('test_new_device several_members_and_groups: 6 users with 9 devices and two groups, then two further devices, and all that is sent to users and groups is read', async () => {
    const devices = await joined(world, 'alice/1', 'alice/2', 'bob/1', 'bob/2', 'claire/1', 'claire/2', 'david/1', 'emily/1', 'frank/1');
    const [a1, a2, b1, b2, c1, c2, d1, e1, f1] = devices;
    const ledger = new Ledger(world, devices);
    for (const [from, to] of [
      [a1, b1],
      [a1, c1],
      [b1, c1],
      [d1, e1],
      [e1, f1],
    ] as const) {
      await meet(from, to);
    }
    const inFirst = [a1, a2, b1, b2, c1, c2];
    const inSecond = [d1, e1, f1, a1, a2];
    const first = await newGroup(world, 'first', inFirst);
    const second = await newGroup(world, 'second', inSecond);
    await ledger.says(a1, b1, 'to Bob');
    await ledger.says(d1, e1, 'to Emily');
    await ledger.round(first, inFirst, 'in the first');
    await ledger.round(second, inSecond, 'in the second');
    await ledger.holds();
    const a3 = await further(
      'alice',
      '3',
      devices.filter(({ userId }) => ['alice', 'bob', 'claire'].includes(userId)),
    );
    ledger.enter(a3);
    const d2 = await further('david', '2', [d1, e1]);
    ledger.enter(d2);
    const nowInFirst = [...inFirst, a3];
    const nowInSecond = [...inSecond, a3, d2];
    await haveKeys(world, first, nowInFirst);
    await haveKeys(world, second, nowInSecond);
    await ledger.says(b1, a1, 'to Alice and her new device');
    await ledger.says(a3, b1, 'from the new device');
    await ledger.says(d2, e1, 'from the other new device');
    await ledger.round(first, nowInFirst, 'in the first again');
    await ledger.round(second, nowInSecond, 'in the second again');
    await ledger.holds();
  });

  test('test_new_device two_members_session (disabled): A invites B and adds a second device, which writes to B', async () => {
    const [a1, bob] = await joined(world, 'alice/1', 'bob');
    const ledger = new Ledger(world, [a1, bob]);
    await meet(a1, bob);
    const a2 = await further('alice', '2', [a1, bob]);
    ledger.enter(a2);
    await ledger.says(a2, bob, 'from the second device');
    await ledger.holds();
  });

  test('test_new_device two_members_four_devices (disabled): both add a device in turn, and each of the four sends', async () => {
    const [a1, b1] = await joined(world, 'alice/1', 'bob/1');
    const ledger = new Ledger(world, [a1, b1]);
    await meet(a1, b1);
    const a2 = await further('alice', '2', [a1, b1]);
    ledger.enter(a2);
    const b2 = await further('bob', '2', [a1, a2, b1]);
    ledger.enter(b2);
    await ledger.says(a1, b1, 'from A1');
    await ledger.says(a2, b1, 'from A2');
    await ledger.says(b1, a1, 'from B1');
    await ledger.says(b2, a1, 'from B2');
    await ledger.holds();
  });

  test('test_new_device multiple_devices (disabled): A has 2 devices, invites B and adds a third, and all three read what B writes', async () => {
    const [a1, a2, bob] = await joined(world, 'alice/1', 'alice/2', 'bob');
    const ledger = new Ledger(world, [a1, a2, bob]);
    await meet(a1, bob);
    const a3 = await further('alice', '3', [a1, a2, bob]);
    ledger.enter(a3);
    await ledger.says(bob, a1, 'to all three');
    await ledger.holds();
  });
});
