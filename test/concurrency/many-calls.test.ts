import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { type ClientOptions, E2eeError, type GroupAddress } from '../../lib/index.js';
import { fromUtf8, utf8 } from '../../lib/base/bytes.js';
import { openSqliteStore } from '../../lib/store/sqlite/index.js';
import { decodeEnvelope } from '../../lib/wire/message.js';
import { requests } from '../../lib/wire/request.js';
import { Dice } from '../stories/dice.js';
import { Scratch } from '../store/scratch.js';
import { type Device, World } from '../support/scenario.js';
import { answering } from '../support/scenario-answers.js';
import type { SentRequest } from '../support/scenario-transport.js';

jest.setTimeout(120_000);

let world: World;
const unhandled: unknown[] = [];
const note = (reason: unknown): void => {
  unhandled.push(reason);
};
/** What Node says of leaks: a signal on which listeners pile up. */
const warnings = ['unhandledRejection', 'warning'] as const;

afterEach(async () => {
  for (const kind of warnings) process.off(kind, note);
  expect(await world.end()).toEqual([]);
  expect(unhandled).toEqual([]);
});

/** A device and all that it has sent. */
interface Noted {
  readonly device: Device;
  readonly sent: readonly SentRequest[];
}

/** Two messages of a device that were sealed at one place of one chain: one key and IV for two plaintexts. */
function keysUsedTwice(sent: readonly SentRequest[]): string[] {
  const seen = new Map<string, string>();
  const found: string[] = [];
  for (const { name, body } of sent) {
    if (name !== 'send_one2one_msg' && name !== 'send_group_msg') continue;
    const { sessionId, payload } = decodeEnvelope(requests[name].decodeRequest(body).envelope);
    const chain =
      payload.kind === 'group' ? '' : `${Buffer.from(payload.message.ratchetKey).toString('hex')} ${payload.message.rootSequence}`;
    const place = `${sessionId} ${chain} ${payload.message.sequence}`;
    const ciphertext = Buffer.from(payload.message.ciphertext).toString('hex');
    const before = seen.get(place);
    if (before !== undefined && before !== ciphertext) found.push(place);
    seen.set(place, ciphertext);
  }
  return found;
}

/** What two users have said to each other, in the order of the calls. */
class Said {
  readonly #lines = new Map<string, string[]>();

  add(from: Device, to: Device, text: string): void {
    const key = `${from.userId} to ${to.userId}`;
    this.#lines.set(key, [...(this.#lines.get(key) ?? []), text]);
  }

  /** What is missing, doubled or out of order. */
  amiss(devices: readonly Device[]): string[] {
    const found: string[] = [];
    for (const to of devices) {
      for (const from of devices) {
        const got = to.received.filter((message) => message.kind === 'message' && message.from.userId === from.userId);
        const expected = this.#lines.get(`${from.userId} to ${to.userId}`) ?? [];
        const texts = got.map(({ bytes }) => fromUtf8(bytes));
        if (texts.join() !== expected.join()) found.push(`${from.userId} to ${to.userId}: ${texts.length} of ${expected.length}`);
      }
    }
    return found;
  }
}

/** Makes `count` calls on `alice` at once, mixed, while her friends write to her; then everything comes to rest. */
async function storm(parties: readonly [Noted, ...Noted[]], count: number, seed: number): Promise<void> {
  const alice = parties[0].device;
  const friends = parties.slice(1).map(({ device }) => device);
  const dice = new Dice(seed);
  const said = new Said();
  const groupTexts: string[] = [];
  const codes = new Map<string, number>();
  const groups: GroupAddress[] = [];
  for (let number = 0; number < 3; number += 1) {
    groups.push(
      await alice.client.createGroup({
        name: `group ${number}`,
        members: friends.map(({ user }) => user),
        managers: friends.slice(0, 1).map(({ user }) => user),
      }),
    );
  }
  const { client } = alice;
  const pick = <T>(among: readonly T[]): T => among[dice.below(among.length)]!;
  const call = (number: number): Promise<unknown> => {
    const friend = pick(friends);
    const roll = dice.below(100);
    const text = `text ${number}`;
    if (roll < 50) {
      said.add(alice, friend, text);
      return client.send(friend.user, utf8(text));
    }
    if (roll < 62) {
      said.add(friend, alice, text);
      return friend.client.send(alice.user, utf8(text));
    }
    if (roll < 70) {
      groupTexts.push(text);
      return client.sendToGroup(groups[0]!, utf8(text));
    }
    if (roll < 71) return client.addGroupMembers(groups[1]!, [friend.user]);
    if (roll < 72) return client.removeGroupMembers(groups[1]!, [friend.user]);
    if (roll < 73) return client.sendToGroup(groups[1]!, utf8(`perhaps ${number}`));
    if (roll < 74) return client.invite(friend.user);
    if (roll < 75) return client.updateUser({ kind: 'name', name: `Alice ${number}` });
    if (roll < 80) return client.status();
    if (roll < 85) return client.devices(friend.user);
    if (roll < 90) return client.fingerprint(friend.user);
    if (roll < 93) return client.groups();
    if (roll < 96) return client.lookUpGroup(groups[0]!);
    return client.sync();
  };
  const calls = Array.from({ length: count }, async (_, number) => {
    try {
      await call(number);
    } catch (error) {
      if (!(error instanceof E2eeError)) throw error;
      codes.set(error.code, (codes.get(error.code) ?? 0) + 1);
    }
  });
  calls.push(client.leaveGroup(groups[2]!));
  // A signed pre-key runs out in the middle of it.
  world.clock.leap(8 * 86_400_000);
  let isOver = false;
  const all = Promise.all(calls).finally(() => (isOver = true));
  await world.passes(() => isOver, 'all calls end');
  await all;
  await world.passes(() => said.amiss([alice, ...friends]).length === 0, 'everything arrives').catch(() => undefined);
  expect(said.amiss([alice, ...friends])).toEqual([]);
  const heard = (device: Device): string[] =>
    device.received
      .filter(({ kind, group }) => kind === 'group-message' && group?.groupId === groups[0]?.groupId)
      .map(({ bytes }) => fromUtf8(bytes));
  await world.passes(() => friends.every((friend) => heard(friend).length >= groupTexts.length), 'the group hears all');
  for (const friend of friends) expect([friend.userId, heard(friend)]).toEqual([friend.userId, groupTexts]);
  for (const { device, sent } of parties) {
    await device.isQuiet();
    expect(keysUsedTwice(sent)).toEqual([]);
    expect(device.eventsOf('error').map(({ during, error }) => [during, String(error)])).toEqual([]);
  }
  // The token has run out with the key, and a pair is not invited without end.
  expect([...codes.keys()].filter((code) => !['refused', 'unauthorized'].includes(code))).toEqual([]);
  // Keys are looked after once a minute; all of this may have been faster.
  await world.passes(() => alice.eventsOf('signed-pre-key-renewed').length > 0, 'the signed pre-key is renewed');
  const { inbox, outbox, pending, refused, groups: count2 } = await client.status();
  expect({ inbox, outbox, pending, refused, count2 }).toEqual({ inbox: 0, outbox: 0, pending: 0, refused: 0, count2: 2 });
}

/** A device that notes what it sends; looking for each request among thousands of durable rows would take most of the time. */
async function noted(userId: string, store: Partial<ClientOptions> = {}): Promise<Noted> {
  const sent: SentRequest[] = [];
  const transport = answering(world.relay.network.transport, (name, body) => {
    sent.push({ name, body: body.slice() });
    return undefined;
  });
  return { device: await world.join(userId, 'one', { client: { transport, ...store } }), sent };
}

async function friendsOf(count: number): Promise<Noted[]> {
  const friends: Noted[] = [];
  for (let number = 0; number < count; number += 1) friends.push(await noted(`friend-${number}`));
  return friends;
}

describe('thousands of concurrent calls on one client: everything arrives once and in order, nothing is left over', () => {
  test('over memory, 5,000 calls, one-time pre-keys running short', async () => {
    for (const kind of warnings) process.on(kind, note);
    world = await World.create('many calls', { limits: { lowOneTimePreKeys: 4 } });
    const alice = await noted('alice');
    await storm([alice, ...(await friendsOf(3))], 5_000, 7);
    for (const table of ['outbox', 'pending', 'inbox'] as const) expect([table, alice.device.rows(table).length]).toEqual([table, 0]);
    expect(world.clock.waiting).toBeLessThan(60);
  });

  test('over SQLite, 600 calls', async () => {
    for (const kind of warnings) process.on(kind, note);
    const scratch = new Scratch();
    world = await World.create('many calls over SQLite', { limits: { lowOneTimePreKeys: 4 } });
    const alice = await noted('alice', { store: () => openSqliteStore({ path: scratch.path('alice.db') }) });
    await storm([alice, ...(await friendsOf(2))], 600, 8);
    await alice.device.restart();
    expect(await alice.device.client.status()).toMatchObject({ inbox: 0, outbox: 0, pending: 0, refused: 0, groups: 2 });
    await alice.device.close();
    scratch.remove();
  });
});
