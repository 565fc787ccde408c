import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Secret, type UserChange } from '../../lib/index.js';
import { copySecret } from '../../lib/base/secret.js';
import { limits } from '../../lib/base/limits.js';
import { requests } from '../../lib/wire/request.js';
import { type Device, World, until } from '../support/scenario.js';
import { answering } from '../support/scenario-answers.js';
import { turns } from '../support/scenario-gates.js';

let world: World;

beforeEach(async () => {
  world = await World.create('user updates');
});

afterEach(async () => {
  expect(await world.end()).toEqual([]);
});

function passkey(): UserChange & { kind: 'backup-passkey' } {
  return { kind: 'backup-passkey', passkey: new Secret(copySecret(new Uint8Array(32).fill(9))) };
}

/** The changes that `device` was told of. */
function changes(device: Device): (UserChange | undefined)[] {
  return device.eventsOf('push').map((event) => (event.kind === 'update-user' ? event.value.change : undefined));
}

async function told(device: Device, count: number): Promise<(UserChange | undefined)[]> {
  await until(() => changes(device).length >= count, `${device.userId}/${device.deviceId} is told of ${count} changes`);
  return changes(device);
}

describe('what a user says about itself', () => {
  test('reaches the own other devices and those with a session, in order; a passkey stays with the user', async () => {
    const alice = await world.join('alice');
    const tablet = await world.join('alice', 'tablet');
    const bob = await world.join('bob');
    const stranger = await world.join('stranger');
    await alice.send(bob, 'hello');
    await bob.hears(1);
    await bob.isQuiet();
    const known: UserChange[] = [
      { kind: 'name', name: 'Alice the Great' },
      { kind: 'avatar', url: 'https://example.test/alice.png' },
      { kind: 'state', state: -3 },
      { kind: 'privacy', json: '{"seen":false}' },
    ];
    for (const change of [...known, passkey()]) await alice.client.updateUser(change);
    expect(await told(bob, 4)).toEqual(known);
    const own = await told(tablet, 5);
    expect(own.slice(0, 4)).toEqual(known);
    const last = own[4];
    if (last?.kind !== 'backup-passkey') throw new Error('the passkey did not come');
    expect(last.passkey.expose()).toEqual(passkey().passkey.expose());
    await turns();
    expect([changes(bob).length, changes(stranger), changes(alice)]).toEqual([4, [], []]);
    expect(bob.eventsOf('push')[0]).toMatchObject({ from: alice.address, value: { user: alice.address, operation: 0 } });
  });

  test('outlives an outage of the relay and a restart of the device', async () => {
    const alice = await world.join('alice');
    const tablet = await world.join('alice', 'tablet');
    await alice.isQuiet();
    await world.stopRelay();
    await alice.client.updateUser({ kind: 'name', name: 'A' });
    await alice.client.updateUser({ kind: 'name', name: 'B' });
    expect((await alice.client.status()).outbox).toBe(2);
    await alice.restart();
    await world.startRelay();
    await world.passes(() => changes(tablet).length >= 2, 'both changes arrive');
    expect(changes(tablet)).toEqual([
      { kind: 'name', name: 'A' },
      { kind: 'name', name: 'B' },
    ]);
  });

  test('is refused before it is stored when nobody could take it', async () => {
    const alice = await world.join('alice');
    await alice.isQuiet();
    const commits = alice.commits;
    const bad: UserChange[] = [
      { kind: 'name', name: 'x'.repeat(limits.nameLength + 1) },
      { kind: 'name', name: 'nul\0' },
      { kind: 'avatar', url: 'x'.repeat(2_049) },
      { kind: 'privacy', json: 'x'.repeat(65_537) },
      { kind: 'state', state: 2 ** 31 },
      { kind: 'state', state: 0.5 },
      { kind: 'backup-passkey', passkey: new Secret(new Uint8Array(0)) },
      { kind: 'backup-passkey', passkey: new Secret(new Uint8Array(limits.backupPasskeyLength + 1)) },
    ];
    for (const change of bad) {
      await expect(alice.client.updateUser(change)).rejects.toMatchObject({ name: 'UsageError', code: 'user-change' });
    }
    expect(alice.commits).toBe(commits);
    expect(alice.traffic.sent.filter(({ name }) => name === 'update_user')).toEqual([]);
  });
});

describe('looking a group up', () => {
  async function answered(code: number | undefined): Promise<Device> {
    const found = { name: 'walkers', group: { domain: 'example.test', groupId: 'g' }, members: [] };
    const transport = answering(world.relay.network.transport, (name) => {
      if (name !== 'get_group') return undefined;
      return requests.get_group.encodeResponse(
        code === undefined ? { ok: true, message: '', value: found } : { ok: false, code, message: '' },
      );
    });
    return world.join('alice', `answered ${String(code)}`, { client: { transport } });
  }

  const group = { domain: 'example.test', groupId: 'g' };

  test('gives what the relay says', async () => {
    const alice = await answered(undefined);
    expect(await alice.client.lookUpGroup(group)).toMatchObject({ name: 'walkers', group, members: [] });
  });

  test('tells a group that is not there, or not for us, from an outage', async () => {
    const alice = await world.join('alice');
    await expect(alice.client.lookUpGroup(group)).rejects.toMatchObject({ name: 'ProtocolError', code: 'no-such-group' });
    for (const code of [403, 404]) {
      await expect((await answered(code)).client.lookUpGroup(group)).rejects.toMatchObject({ code: 'no-such-group' });
    }
    await expect((await answered(503)).client.lookUpGroup(group)).rejects.toMatchObject({ name: 'TransportError', code: 'refused' });
    const renewing = await answered(401);
    await expect(renewing.client.lookUpGroup(group)).rejects.toMatchObject({ name: 'TransportError', code: 'unauthorized' });
    await renewing.sees('connection', 3);
  });
});
