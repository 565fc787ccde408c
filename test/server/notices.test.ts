/** What the application tells devices through the relay. */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { RelayHooks } from '../../lib/server/hooks.js';
import { settled } from '../transport/fake-clock.js';
import { found, groupText, say, startGroupRelay, stored, take } from './group-fixture.js';
import type { RelayFixture } from './relay-fixture.js';
import { domain, expectOk, join, payloadOf } from './relay-fixture.js';

const system = { modified: 5, operation: 1, payload: new Uint8Array([1, 2, 3]) };

let fixture: RelayFixture;

afterEach(async () => {
  await fixture.relay.close();
});

async function start(hooks: RelayHooks = {}): Promise<void> {
  fixture = await startGroupRelay({}, { hooks });
}

describe('a notice', () => {
  test('to a user reaches all of his devices, signed, and waits for those that are away', async () => {
    await start();
    const phone = await join(fixture, 'alice');
    const laptop = await join(fixture, 'alice', 'laptop');
    await take(phone, 1);
    await laptop.connection?.close();
    expect(await fixture.relay.notifySystem({ domain, userId: 'alice' }, system)).toBe(2);
    const friend = { modified: 6, noticeId: 'n', user: undefined, userName: 'bob', operation: 2, friendship: undefined };
    expect(await fixture.relay.notifyFriend({ domain, userId: 'alice' }, friend)).toBe(2);
    const [one, two] = await take(phone, 2);
    expect(payloadOf(one, 'system')).toEqual(system);
    expect(payloadOf(two, 'friend')).toEqual(friend);
    expect([one, two].map((push) => push?.signatures.length)).toEqual([1, 1]);
    fixture = await fixture.restart();
    await laptop.connect(fixture.network.transport);
    expect((await laptop.received(2)).map(({ payload }) => payload.kind)).toEqual(['system', 'friend']);
  });

  test('to a group reaches all of its devices in order with its messages', async () => {
    await start();
    const alice = await join(fixture, 'alice');
    const bob = await join(fixture, 'bob');
    const group = await found(alice, [bob]);
    const notice = {
      modified: 7,
      noticeId: 'n',
      group,
      groupName: 'new name',
      operation: 1,
      change: { kind: 'name', by: undefined, name: 'x' },
    } as const;
    expectOk(await say(alice, group, 'before'));
    const [told] = await Promise.all([fixture.relay.notifyGroup(group, notice), say(alice, group, 'after')]);
    expect(told).toBe(2);
    const [first, second, third] = await take(bob, 3);
    expect([first, third].map(groupText)).toEqual(['before', 'after']);
    expect(payloadOf(second, 'group')).toMatchObject({ groupName: 'new name', change: { kind: 'name', name: 'x' } });
    expect(payloadOf((await take(alice, 1))[0], 'group').noticeId).toBe('n');
  });

  test('to nobody reaches nobody, and one that is too large is refused', async () => {
    await start();
    await join(fixture, 'alice');
    const before = stored(fixture.tables);
    expect(await fixture.relay.notifySystem({ domain, userId: 'nobody' }, system)).toBe(0);
    expect(await fixture.relay.notifySystem({ domain: 'other.test', userId: 'alice' }, system)).toBe(0);
    const notice = { modified: 7, noticeId: 'n', group: undefined, groupName: '', operation: 1, change: undefined };
    expect(await fixture.relay.notifyGroup({ domain, groupId: 'none' }, notice)).toBe(0);
    expect(await fixture.relay.notifyGroup({ domain: 'other.test', groupId: 'none' }, notice)).toBe(0);
    const large = { ...system, payload: new Uint8Array(1_048_577) };
    await expect(fixture.relay.notifySystem({ domain, userId: 'alice' }, large)).rejects.toMatchObject({ code: 'too-large' });
    expect(stored(fixture.tables)).toBe(before);
  });
});

describe('a welcome', () => {
  test('is pushed to every device that registers, and only to that one', async () => {
    await start({ registered: ({ deviceId }) => ({ ...system, payload: new TextEncoder().encode(deviceId) }) });
    const phone = await join(fixture, 'alice');
    expect(new TextDecoder().decode(payloadOf((await take(phone, 1))[0], 'system').payload)).toBe('phone');
    const laptop = await join(fixture, 'alice', 'laptop');
    expect(new TextDecoder().decode(payloadOf((await take(laptop, 1))[0], 'system').payload)).toBe('laptop');
    expect((await take(phone, 1)).map(({ payload }) => payload.kind)).toEqual(['add-user-device']);
    await settled();
    expect(phone.pushes).toEqual([]);
  });

  test('may be none, or come later, and the application may call the relay meanwhile', async () => {
    await start({
      registered: async ({ userId, deviceId }) => {
        await fixture.relay.createInvitation();
        await fixture.relay.notifySystem({ domain, userId }, system);
        if (deviceId === 'passing') await fixture.relay.removeDevice(userId, deviceId);
        return undefined;
      },
    });
    const alice = await join(fixture, 'alice');
    expect(payloadOf((await take(alice, 1))[0], 'system')).toEqual(system);
    await expect(join(fixture, 'alice', 'passing')).rejects.toThrow();
    await settled();
    expect(alice.pushes.map(({ payload }) => payload.kind)).toEqual(['add-user-device', 'system', 'remove-user-device']);
  });

  test.each([
    ['throws', () => Promise.reject(new Error('broken'))],
    ['returns too much', () => ({ ...system, payload: new Uint8Array(1_048_577) })],
  ])('whose hook %s is logged and changes nothing', async (_, registered) => {
    await start({ registered });
    const alice = await join(fixture, 'alice');
    expectOk(await alice.send(alice.address, 'works'));
    await alice.received(1);
    const errors = fixture.logs.filter(({ level }) => level === 'error');
    expect(errors.map(({ message }) => message)).toEqual(['a device could not be welcomed']);
    expect(JSON.stringify(errors)).not.toContain('broken');
  });
});
