import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { sameDevice } from '../../lib/base/address.js';
import { identityKeyOf } from '../../lib/account/identity-key.js';
import { groupRoles } from '../../lib/wire/group.js';
import { create, expectRefused, found, getGroup, manager, member, names, rowsOf, startGroupRelay, take } from './group-fixture.js';
import type { RelayFixture, TestDevice } from './relay-fixture.js';
import { domain, expectOk, join, payloadOf } from './relay-fixture.js';

let fixture: RelayFixture;
let alice: TestDevice;
let bob: TestDevice;
let tablet: TestDevice;
let carol: TestDevice;

async function start(limits = {}): Promise<void> {
  fixture = await startGroupRelay(limits);
  alice = await join(fixture, 'alice');
  bob = await join(fixture, 'bob');
  tablet = await join(fixture, 'bob', 'tablet');
  carol = await join(fixture, 'carol');
  await take(bob, 1);
}

beforeEach(() => start());

afterEach(async () => {
  await fixture.relay.close();
});

describe('create_group', () => {
  test('gives the group an address and all devices of its members, in order, with their signing keys', async () => {
    const { group, devices } = expectOk(await create(alice, [manager(alice), member(carol), member(bob)]));
    expect(group).toMatchObject({ domain, groupName: 'club' });
    expect(group.groupId).toMatch(/^[A-Za-z0-9+/]{22}==$/u);
    expect(names(devices)).toEqual(['alice/phone', 'carol/phone', 'bob/phone', 'bob/tablet']);
    for (const { address, signingKey } of devices) {
      const owner = [alice, bob, tablet, carol].find((device) => sameDevice(device.address, address));
      expect(signingKey).toEqual(owner === undefined ? undefined : identityKeyOf(owner.account.identity).signing);
      expect(address.userName).toBe(address.userId);
    }
  });

  test('pushes the same list, signed, to every device but the sender’s', async () => {
    const members = [manager(alice), member(bob), member(carol)];
    const { group, devices } = expectOk(await create(alice, members));
    for (const device of [bob, tablet, carol]) {
      const [push] = await take(device, 1);
      const created = payloadOf(push, 'create-group');
      expect(created.group).toEqual({ name: 'club', address: group, members });
      expect(created.devices).toEqual(devices);
      expect(created.sender).toEqual(alice.address);
      expect(push?.from).toEqual(alice.address);
      expect(push?.signatures).toHaveLength(1);
    }
    expect(alice.pushes).toEqual([]);
  });

  test('names each group differently', async () => {
    const members = [manager(alice), member(bob)];
    const one = expectOk(await create(alice, members, 'one')).group;
    const two = expectOk(await create(alice, members, 'two')).group;
    expect(one.groupId).not.toBe(two.groupId);
  });

  test('takes a user without a device', async () => {
    await fixture.relay.removeDevice('carol', 'phone');
    expect(names(expectOk(await create(alice, [manager(alice), member(carol)])).devices)).toEqual(['alice/phone']);
  });

  test('is refused with 404 when no member manages and with 403 when the sender does not', async () => {
    await expectRefused(fixture, () => create(alice, [member(alice), member(bob)]), 404);
    await expectRefused(fixture, () => create(alice, [member(alice), manager(bob)]), 403);
    await expectRefused(fixture, () => create(alice, [manager(bob)]), 403);
  });

  test('is refused for members that do not exist here', async () => {
    const nobody = { domain, userId: 'nobody', role: groupRoles.member };
    await expectRefused(fixture, () => create(alice, [manager(alice), nobody]), 404);
    await expectRefused(fixture, () => create(alice, [manager(alice), { ...member(bob), domain: 'other.test' }]), 404);
  });

  test('is refused for a member named twice and for an unknown role', async () => {
    await expectRefused(fixture, () => create(alice, [manager(alice), member(bob), manager(bob)]), 400);
    await expectRefused(fixture, () => create(alice, [manager(alice), { ...member(bob), role: 7 }]), 400);
  });

  test('is refused without a name and with too long a one', async () => {
    await expectRefused(fixture, () => create(alice, [manager(alice)], ''), 400);
    await expectRefused(fixture, () => create(alice, [manager(alice)], 'x'.repeat(257)), 400);
  });

  test('is refused with more devices than a group may have, and says how many', async () => {
    await fixture.relay.close();
    await start({ groupDevices: 3 });
    const message = await expectRefused(fixture, () => create(alice, [manager(alice), member(bob), member(carol)]), 400);
    expect(message).toContain('4 devices are more than the 3');
    expectOk(await create(alice, [manager(alice), member(bob)]));
  });

  test('is refused when the lists do not fit into a frame', async () => {
    await fixture.relay.close();
    await start({ frameLength: 65_536 + 5_500 });
    const message = await expectRefused(fixture, () => create(alice, [manager(alice), member(bob)]), 400);
    expect(message).toContain('more than 5500');
    expectOk(await create(alice, [manager(alice), member(carol)]));
  });

  test('is refused for a user who is in as many groups as he can be', async () => {
    await fixture.relay.close();
    await start({ groupsPerUser: 1 });
    await found(bob, [carol, tablet]);
    const message = await expectRefused(fixture, () => create(alice, [manager(alice), member(carol)]), 400);
    expect(message).toContain('1 groups');
    expectOk(await create(alice, [manager(alice)]));
  });

  test('is not hindered by a full mailbox, whose device goes without', async () => {
    await fixture.relay.close();
    await start({ mailboxRows: 1 });
    expectOk(await alice.send(carol.address, 'fills it'));
    const { devices } = expectOk(await create(alice, [manager(alice), member(bob), member(carol)]));
    expect(devices).toHaveLength(4);
    payloadOf((await take(bob, 1))[0], 'create-group');
    expect(carol.pushes).toHaveLength(1);
  });

  test('leaves nothing behind when it cannot be stored, and works when it is tried again', async () => {
    fixture.failure = 'unavailable';
    await expectRefused(fixture, () => create(alice, [manager(alice), member(bob)]), 503);
    fixture.failure = undefined;
    expectOk(await create(alice, [manager(alice), member(bob)]));
    await take(bob, 1);
    await take(tablet, 1);
    expect(rowsOf(fixture.tables, 'body')).toEqual([]);
  });
});

describe('get_group', () => {
  test('tells members name and members, and nobody else that there is such a group', async () => {
    const group = await found(alice, [bob, tablet]);
    expect(expectOk(await getGroup(tablet, group))).toEqual({ name: 'club', group, members: [manager(alice), member(bob)] });
    expect(await getGroup(carol, group)).toMatchObject({ ok: false, code: 404 });
    expect(await getGroup(alice, { ...group, domain: 'other.test' })).toMatchObject({ ok: false, code: 404 });
    expect(await alice.request('get_group', { group, sender: bob.address })).toMatchObject({ ok: false, code: 403 });
  });
});
