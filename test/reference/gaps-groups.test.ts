/** What the reference's own tests leave out, in groups and over restarts. Spec: reference-tests.md, "Gaps we should cover ourselves". */
import { afterEach, describe, expect, test } from '@jest/globals';
import { toHex, utf8 } from '../../lib/base/bytes.js';
import { TransportError } from '../../lib/base/errors.js';
import { limits } from '../../lib/base/limits.js';
import type { GroupAddress } from '../../lib/index.js';
import { outboxKinds } from '../../lib/store/client/queue-rows.js';
import { decodePush } from '../../lib/wire/push.js';
import { requests } from '../../lib/wire/request.js';
import { type Device, World } from '../support/scenario.js';
import { Ledger, during, haveKeys, joined, newGroup } from './ledger.js';
import { Meddler, flipped, renamed, withEnvelope, withGroupMessage } from './meddler.js';
import { expectRefused, stateOf } from './refusal.js';

let world: World;

afterEach(async () => {
  expect(await world.end()).toEqual([]);
});

/** Alice, Bob and, behind a meddler, Claire, in one group, who have all written to it. */
async function meddledGroup(seed: string) {
  world = await World.create(`reference gap ${seed}`, { limits: { lowOneTimePreKeys: 0 } });
  const meddler = new Meddler();
  const [alice, bob] = await joined(world, 'alice', 'bob');
  const claire = await meddler.join(world, 'claire');
  const members = [alice, bob, claire];
  const ledger = new Ledger(world, members);
  const group = await newGroup(world, 'friends', members);
  await ledger.round(group, members, 'hello');
  await ledger.holds();
  return { alice, bob, claire, members, meddler, ledger, group };
}

describe('groups whose messages are not what was sent', () => {
  test('gap tampered ciphertext / header / signature: a group message with any part changed is not read, and the true one is', async () => {
    const { alice, bob, claire, members, meddler, ledger, group } = await meddledGroup('tampered group');
    const push = await meddler.keepsBack('message', () => ledger.tells(alice, group, members, 'the true one'));
    await expectRefused(claire, meddler, [
      [withGroupMessage(push, ({ ciphertext }) => ({ ciphertext: flipped(ciphertext, 0) })), 'bad-signature'],
      [withGroupMessage(push, ({ signature }) => ({ signature: flipped(signature, 0) })), 'bad-signature'],
      [withGroupMessage(push, ({ signature }) => ({ signature: flipped(signature, -1) })), 'bad-signature'],
      [withEnvelope(push, () => ({ from: bob.address })), 'bad-signature'],
      [withEnvelope(push, ({ from }) => ({ from: { ...from, userId: 'nobody' } })), 'not-a-member'],
      [withEnvelope(push, () => ({ from: claire.address })), 'wrong-sender'],
    ]);
    meddler.release();
    await ledger.holds();
    await ledger.round(group, members, 'and on');
    await ledger.holds();
  });

  test('gap forward-walk limits: a group message too far ahead is not read and moves no chain, and the true one is read', async () => {
    const { alice, claire, members, meddler, ledger, group } = await meddledGroup('group far ahead');
    const push = await meddler.keepsBack('message', () => ledger.tells(alice, group, members, 'the true one'));
    const before = stateOf(claire, ['skipped-key', 'inbox', 'ratchet']);
    meddler.deliver(withGroupMessage(push, ({ sequence }) => ({ sequence: sequence + limits.forwardWalk + 1 })));
    expect((await claire.sees('group-message-held')).map(({ code }) => code)).toEqual(['gap-too-large']);
    await claire.isQuiet();
    expect(stateOf(claire, ['skipped-key', 'inbox', 'ratchet'])).toEqual(before);
    meddler.release();
    await ledger.holds();
  });
});

describe('keys of groups', () => {
  test('gap bundle from a non-member: keys from somebody outside change no chain, and what is said with them is not read', async () => {
    const { alice, bob, claire, members, ledger, group } = await meddledGroup('bundle from outside');
    const meddler = new Meddler();
    const mallory = await meddler.join(world, 'mallory');
    ledger.enter(mallory);
    // Mallory's relay gives her new group the address of the other one, so that she hands out keys for it.
    meddler.answer = (name, answer) => {
      if (name !== 'create_group') return answer;
      const response = requests.create_group.decodeResponse(answer);
      return response.ok ? requests.create_group.encodeResponse({ ...response, value: { ...response.value, group } }) : answer;
    };
    const before = [alice, bob, claire].map(chainsOf);
    await mallory.client.createGroup({ name: 'forged', members: [bob.user, claire.user] });
    for (const device of [bob, claire]) {
      const has = (): boolean => device.eventsOf('group-keys-received').some(({ from }) => from.userId === 'mallory');
      await world.passes(has, `${device.userId} has got the forged keys`);
      await device.isQuiet();
    }
    expect([alice, bob, claire].map(chainsOf)).toEqual(before);
    await mallory.client.sendToGroup(group, utf8('forged'));
    await mallory.sees('request-refused');
    await ledger.round(group, members, 'undisturbed');
    await ledger.holds();
  });

  test('gap bundle-first group order: keys that come before the group is announced are used when it is', async () => {
    world = await World.create('reference gap bundle first', { limits: { lowOneTimePreKeys: 0 } });
    const meddler = new Meddler();
    const [alice, bob] = await joined(world, 'alice', 'bob');
    const claire = await meddler.join(world, 'claire');
    const members = [alice, bob, claire];
    const ledger = new Ledger(world, members);
    await meddler.keepsBack('create-group', () => alice.client.createGroup({ name: 'friends', members: [bob.user, claire.user] }));
    await world.passes(() => claire.eventsOf('group-keys-received').length === 1, 'the keys have come');
    expect(await claire.client.groups()).toEqual([]);
    const [group] = (await alice.client.groups()).map(({ address }) => address);
    if (group === undefined) throw new Error('there is no group');
    // What Bob says before Claire knows of the group is kept for her.
    await world.passes(() => bob.eventsOf('group-ready').length === 1, 'Bob has the keys');
    await ledger.tells(bob, group, members, 'early');
    meddler.release();
    await haveKeys(world, group, members);
    await ledger.round(group, members, 'hello');
    await ledger.holds();
  });

  test('gap third-party in-flight messages during an add: what Bob sends before he hears of the add is read by all who were in the group', async () => {
    world = await World.create('reference gap in flight', { limits: { lowOneTimePreKeys: 0 } });
    const meddler = new Meddler();
    const alice = await world.join('alice');
    const bob = await meddler.join(world, 'bob');
    const [claire, david] = await joined(world, 'claire', 'david');
    const old = [alice, bob, claire];
    const ledger = new Ledger(world, [...old, david]);
    const group = await newGroup(world, 'friends', old);
    await ledger.round(group, old, 'before');
    await ledger.holds();
    await meddler.keepsBack('add-group-members', () => alice.client.addGroupMembers(group, [david.user]));
    await world.passes(() => claire.eventsOf('group-members-added').length === 1, 'Claire has heard of the add');
    for (const text of ['one', 'two', 'three']) await ledger.tells(bob, group, old, text);
    await ledger.tells(claire, group, [alice, bob, claire, david], 'from Claire');
    await ledger.tells(alice, group, [alice, bob, claire, david], 'from Alice');
    await bob.client.flush();
    meddler.release();
    await haveKeys(world, group, [...old, david]);
    await ledger.round(group, [...old, david], 'after');
    await ledger.holds();
  });

  test('gap replayed pushes: everything that Claire ever got comes again, announcements and keys included, and no chain is set back', async () => {
    const { alice, claire, members, meddler, ledger, group } = await meddledGroup('replayed group');
    const david = await world.join('david');
    ledger.enter(david);
    await alice.client.addGroupMembers(group, [david.user]);
    const all = [...members, david];
    await haveKeys(world, group, all);
    await ledger.round(group, all, 'with David');
    await ledger.holds();
    const before = chainsOf(claire);
    const passed = [...meddler.passed];
    const kinds = passed.map((push) => decodePush(push).payload.kind);
    expect(kinds).toEqual(expect.arrayContaining(['invite', 'message', 'create-group', 'add-group-members']));
    for (const push of passed) {
      meddler.deliver(push);
      meddler.deliver(renamed(push));
    }
    await claire.isQuiet();
    expect(chainsOf(claire)).toEqual(before);
    claire.events.length = 0;
    await ledger.round(group, all, 'and on');
    await ledger.holds();
  });
});

const position = `group ${toHex(utf8('position'))}`;

/** Where the chains of all groups stand. */
function chainsOf(device: Device): readonly string[] {
  return stateOf(device, ['group']).filter((row) => row.startsWith(position));
}

/** What happens to the devices of a story. */
interface Trouble {
  /** A device has just been registered. */
  joins(device: Device): void;
  /** A step has been taken; what follows from it may not have happened yet. */
  afterStep(devices: readonly Device[]): Promise<void>;
}

/** One of every request that a client makes: a conversation, a group through all its changes, and keys that are renewed. */
async function everything({ joins, afterStep }: Trouble): Promise<readonly Device[]> {
  const [alice, bob, claire] = await joined(world, 'alice', 'bob', 'claire');
  const all: Device[] = [alice, bob, claire];
  all.forEach(joins);
  const ledger = new Ledger(world, all, true);
  let group: GroupAddress = { domain: alice.address.domain, groupId: '' };
  let members: readonly Device[] = [alice, bob];
  const talk = (name: string) => () => ledger.round(group, members, name);
  const has = () => haveKeys(world, group, members);
  const steps: (() => Promise<void>)[] = [
    () => ledger.says(alice, bob, 'first'),
    () => ledger.says(bob, alice, 'answer'),
    () => alice.client.updateUser({ kind: 'name', name: 'Alice' }),
    async () => {
      group = await during(world, all, alice.client.createGroup({ name: 'friends', members: [bob.user] }));
    },
    has,
    // Who is added later gets what reaches the relay later, and cannot open what was sealed before.
    talk('two'),
    () => ledger.holds(),
    async () => {
      await during(world, all, alice.client.addGroupMembers(group, [claire.user]));
      members = [alice, bob, claire];
    },
    has,
    talk('three'),
    () => ledger.holds(),
    async () => {
      const second = await world.join('bob', 'two');
      joins(second);
      all.push(second);
      ledger.enter(second);
      members = all;
    },
    has,
    talk('four devices'),
    () => ledger.holds(),
    async () => {
      await during(world, all, claire.client.leaveGroup(group));
      members = all.filter((device) => device !== claire);
    },
    has,
    talk('without Claire'),
    async () => {
      world.clock.leap(limits.signedPreKeyLifetime);
      const isRenewed = (device: Device): boolean => device.eventsOf('signed-pre-key-renewed').length > 0;
      await world.passes(() => all.every(isRenewed), 'the keys are renewed');
    },
    () => ledger.says(alice, claire, 'last'),
    () => ledger.holds(),
  ];
  for (const step of steps) {
    await step();
    await afterStep(all);
  }
  await ledger.holds();
  return all;
}

describe('requests that fail', () => {
  const relayLimits = { lowOneTimePreKeys: 5, fullOneTimePreKeys: 6, tokenLifetime: 10 * limits.signedPreKeyLifetime };

  for (const deliver of [false, true]) {
    test(`gap failed sends and resume for each request type: the first of each device and kind ${deliver ? 'reaches the relay, but its answer is lost' : 'does not reach the relay'}, the same bytes are sent again, and all is read once`, async () => {
      world = await World.create(`reference gap failed sends ${deliver}`, { limits: relayLimits });
      const failed: { readonly device: Device; readonly name: string; readonly body: string }[] = [];
      const devices = await everything({
        joins: (device) => {
          device.traffic.interfere = ({ name, body }) => {
            if (!outboxKinds.some((kind) => kind === name)) return undefined;
            if (failed.some((other) => other.device === device && other.name === name)) return undefined;
            failed.push({ device, name, body: toHex(body) });
            return { error: new TransportError('timeout', 'the line is bad'), deliver };
          };
        },
        afterStep: async () => Promise.resolve(),
      });
      expect(new Set(failed.map(({ name }) => name))).toEqual(new Set(outboxKinds));
      for (const { device, name, body } of failed) {
        const again = device.traffic.sent.filter((request) => request.name === name && toHex(request.body) === body);
        expect([name, again.length > 1]).toEqual([name, true]);
      }
      for (const device of devices) expect(await device.client.status()).toMatchObject({ outbox: 0, refused: 0, pending: 0 });
    }, 60_000);
  }

  test('gap 404 handling: a group message of a member that was removed and has not heard of it is reported as refused, and not sent again', async () => {
    const { alice, bob, claire, meddler, ledger, group } = await meddledGroup('404 group');
    await meddler.keepsBack('remove-group-members', () => alice.client.removeGroupMembers(group, [claire.user]));
    const { messageId } = await claire.client.sendToGroup(group, utf8('still here?'));
    expect(await claire.sees('request-refused')).toMatchObject([
      { request: 'send_group_msg', messageId, group: { groupId: group.groupId } },
    ]);
    await claire.client.flush();
    expect(await claire.client.status()).toMatchObject({ outbox: 0, refused: 0 });
    meddler.release();
    await claire.sees('group-members-removed');
    expect(await claire.client.groups()).toEqual([]);
    await haveKeys(world, group, [alice, bob]);
    await ledger.round(group, [alice, bob], 'without Claire');
    await ledger.holds();
  });

  test('gap 404 handling: a member whose leave was carried out, but not answered, has left when it asks again and is not known any more', async () => {
    const { alice, bob, claire, members, ledger, group } = await meddledGroup('404 leave');
    let lost = 0;
    bob.traffic.interfere = ({ name }) => {
      if (name !== 'leave_group' || lost > 0) return undefined;
      lost += 1;
      return { error: new TransportError('timeout', 'the answer is lost'), deliver: true };
    };
    await during(world, members, bob.client.leaveGroup(group));
    expect(bob.eventsOf('group-left')).toHaveLength(1);
    expect(bob.traffic.sent.filter(({ name }) => name === 'leave_group').length).toBeGreaterThan(1);
    expect(await bob.client.groups()).toEqual([]);
    expect(await bob.client.status()).toMatchObject({ outbox: 0, refused: 0 });
    await haveKeys(world, group, [alice, claire]);
    await ledger.round(group, [alice, claire], 'without Bob');
    await ledger.holds();
  });
});

test('gap restart from storage between any two steps: all devices are started anew after every step, and all is read', async () => {
  world = await World.create('reference gap restarts', {
    limits: { lowOneTimePreKeys: 0, tokenLifetime: 10 * limits.signedPreKeyLifetime },
  });
  await everything({
    joins: () => undefined,
    afterStep: async (devices) => {
      for (const device of devices) await device.restart();
    },
  });
}, 60_000);
