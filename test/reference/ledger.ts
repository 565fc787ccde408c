/** Who has said what to whom, and the proof that everybody concerned heard it once and nobody else did. */
import { expect } from '@jest/globals';
import { fromUtf8, utf8 } from '../../lib/base/bytes.js';
import type { GroupAddress, ReceivedMessage } from '../../lib/index.js';
import { type Device, type World } from '../support/scenario.js';

function lineOf(from: { readonly userId: string; readonly deviceId: string }, text: string): string {
  return `${from.userId}/${from.deviceId}: ${text}`;
}

/** What was said to `group`, or to a user. */
function saidIn(group: GroupAddress | undefined, from: { readonly userId: string; readonly deviceId: string }, text: string): string {
  return group === undefined ? lineOf(from, text) : lineOf(from, `to ${group.groupId}: ${text}`);
}

/** The devices of `names` (`user/device`), registered one after another and each at rest with its own other devices. */
export async function joined<const Names extends readonly string[]>(
  world: World,
  ...names: Names
): Promise<{ readonly [K in keyof Names]: Device }>;
export async function joined(world: World, ...names: readonly string[]): Promise<readonly Device[]> {
  const devices: Device[] = [];
  for (const name of names) {
    const [userId = '', deviceId = 'one'] = name.split('/');
    const device = await world.join(userId, deviceId);
    const own = devices.filter((other) => other.userId === userId);
    devices.push(device);
    await device.sees('session-ready', own.length);
    for (const [known, other] of own.entries()) await other.sees('session-ready', own.length - known);
  }
  return devices;
}

/** Waits for `condition`; the time in which something has to happen begins anew with everything that happens on one of `devices`. */
async function comes(world: World, devices: readonly Device[], condition: () => boolean, what: string): Promise<void> {
  const happened = (): number => devices.reduce((sum, { commits, events, received }) => sum + commits + events.length + received.length, 0);
  while (!condition()) {
    const before = happened();
    await world.passes(() => condition() || happened() > before, what);
  }
}

/** Lets time pass until `work` is done, and gives what it gives. */
export async function during<T>(world: World, devices: readonly Device[], work: Promise<T>): Promise<T> {
  let isDone = false;
  const end = (): void => {
    isDone = true;
  };
  work.then(end, end);
  await comes(world, devices, () => isDone, 'a call ends');
  return work;
}

/** What was said, and what each device must have heard of it. */
export class Ledger {
  readonly #world: World;
  readonly #devices: Device[];
  readonly #expected = new Map<Device, string[]>();
  readonly #restarts: boolean;

  /** Everybody who might hear something. With `restarts` what was not acknowledged may be handed out again, as it was. */
  constructor(world: World, devices: readonly Device[], restarts = false) {
    this.#world = world;
    this.#devices = [...devices];
    this.#restarts = restarts;
  }

  /** From now on `device` takes part. */
  enter(device: Device): void {
    this.#devices.push(device);
  }

  /** `from` writes to the user of `to`: all devices of that user and the own other ones hear it. */
  async says(from: Device, to: Device, text: string): Promise<void> {
    await from.send(to, text);
    this.#note(
      from,
      saidIn(undefined, from, text),
      this.#devices.filter(({ userId }) => userId === to.userId || userId === from.userId),
    );
  }

  /** `from` writes to a group: all devices of `members` hear it. */
  async tells(from: Device, group: GroupAddress, members: readonly Device[], text: string): Promise<void> {
    await from.client.sendToGroup(group, utf8(text));
    this.#note(from, saidIn(group, from, text), members);
  }

  /** One message of each device to the group of them. */
  async round(group: GroupAddress, members: readonly Device[], name: string): Promise<void> {
    for (const member of members) await this.tells(member, group, members, name);
  }

  /** Waits until everything was heard, and expects each device to have heard what it should, once, in the order of each sender in each conversation, and nothing else. */
  async holds(): Promise<void> {
    for (const device of this.#devices) {
      const { length } = this.#expected.get(device) ?? [];
      await comes(this.#world, this.#devices, () => this.#given(device).length >= length, lineOf(device, `hears ${length} messages`));
    }
    for (const device of this.#devices) await isAtRest(this.#world, this.#devices, device);
    for (const device of this.#devices) {
      const heard = this.#given(device).map(({ from, group, bytes }) => saidIn(group, from, fromUtf8(bytes)));
      expect([lineOf(device, 'heard'), byConversation(heard)]).toEqual([
        lineOf(device, 'heard'),
        byConversation(this.#expected.get(device) ?? []),
      ]);
      // The answer to an invite is repeated after a restart until it is known to have arrived; the second one completes nothing.
      const unreadable = device.eventsOf('undecryptable').filter(({ code }) => !this.#restarts || code !== 'duplicate');
      expect(unreadable).toEqual([]);
    }
  }

  #given({ received }: Device): readonly ReceivedMessage[] {
    if (!this.#restarts) return received;
    const firstOf = new Map([...received].reverse().map((message) => [message.messageId, message]));
    return received.filter((message) => firstOf.get(message.messageId) === message);
  }

  #note(from: Device, line: string, hearers: readonly Device[]): void {
    for (const device of hearers) {
      if (device === from) continue;
      const expected = this.#expected.get(device) ?? [];
      this.#expected.set(device, expected);
      expected.push(line);
    }
  }
}

/** What each sender said to users and to each group, in order: between senders there is none, nor between conversations, each on a way of its own. */
function byConversation(said: readonly string[]): Record<string, string[]> {
  const conversations: Record<string, string[]> = {};
  for (const line of said) (conversations[line.slice(0, line.lastIndexOf(': '))] ??= []).push(line);
  return conversations;
}

/** A group of the users of `members`, made by the first of them; all have its keys. */
export async function newGroup(world: World, name: string, members: readonly Device[]): Promise<GroupAddress> {
  const [creator] = members;
  if (creator === undefined) throw new Error('a group needs somebody who makes it');
  const users = [...new Map(members.map(({ userId, user }) => [userId, user])).values()].filter(({ userId }) => userId !== creator.userId);
  const group = await creator.client.createGroup({ name, members: users });
  await haveKeys(world, group, members);
  return group;
}

/** Waits until each of `devices` can send in the group, in an epoch of exactly these devices. */
export async function haveKeys(world: World, group: GroupAddress, devices: readonly Device[]): Promise<void> {
  for (const device of devices) {
    await comesTrue(world, devices, lineOf(device, 'has the keys of the group'), async () => {
      const found = (await device.client.groups()).find(({ address }) => address.groupId === group.groupId);
      return found?.state === 'ready' && found.devices.length === devices.length;
    });
  }
}

/** Waits until nothing is under way on `device`; what failed before is tried again in time. */
async function isAtRest(world: World, devices: readonly Device[], device: Device): Promise<void> {
  await comesTrue(world, devices, lineOf(device, 'is at rest'), async () => {
    const { outbox, pending, unconsumedPushes } = await device.client.status();
    return outbox === 0 && pending === 0 && unconsumedPushes === 0;
  });
}

/** As {@link comes}, for what has to be asked for. */
async function comesTrue(world: World, devices: readonly Device[], what: string, ask: () => Promise<boolean>): Promise<void> {
  let isTrue = false;
  let isAsked = false;
  const look = async (): Promise<void> => {
    isAsked = true;
    isTrue = await ask();
    isAsked = false;
  };
  const holds = (): boolean => {
    if (!isAsked) void look();
    return isTrue;
  };
  await comes(world, devices, holds, what);
}
