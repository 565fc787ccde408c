/** A relay in memory and the devices behind it: one order of changes for all, a mailbox per device, bundles on ways of their own. */
import { expect } from '@jest/globals';
import { type DeviceAddress, type GroupAddress, sameDevice } from '../../lib/base/address.js';
import { asSessionId } from '../../lib/base/brand.js';
import { toBase64, utf8 } from '../../lib/base/bytes.js';
import { Secret, copySecret } from '../../lib/base/secret.js';
import { type CipherSuite, suiteByName } from '../../lib/crypto/cipher-suite.js';
import { one } from '../../lib/crypto/job.js';
import { chainOf } from '../../lib/group/epoch.js';
import { addingPosition } from '../../lib/group/first-position.js';
import type { AddGroupMemberDevice, AddGroupMembers, CreateGroup, RemoveGroupMembers } from '../../lib/group/group-change.js';
import { groupSeedLength } from '../../lib/group/key-update.js';
import { type GroupDevice, type GroupMember, groupRoles, isManager, memberOf } from '../../lib/group/membership.js';
import { type Run, seededBytes, seededRun } from '../support/seeded-jobs.js';
import { Party, type PostedBundle, type PostedMessage } from './party.js';

const domain = 'example.org';

/** What a device finds in its mailbox; `devices` are the group's after a change, `own` marks the answer to its own request. */
export type Delivery =
  | { readonly kind: 'create'; readonly change: CreateGroup; readonly devices: readonly GroupDevice[]; readonly own: boolean }
  | {
      readonly kind: 'add';
      readonly change: AddGroupMembers | AddGroupMemberDevice;
      readonly devices: readonly GroupDevice[];
      readonly own: boolean;
    }
  | { readonly kind: 'remove'; readonly change: RemoveGroupMembers; readonly devices: readonly GroupDevice[]; readonly own: boolean }
  | { readonly kind: 'message'; readonly posted: PostedMessage; readonly text: string };

/** A device and what the harness knows about it. */
export interface Station {
  readonly name: string;
  readonly party: Party;
  readonly mailbox: Delivery[];
  /** Devices of the group as of the last change it took from its mailbox. */
  view: readonly GroupDevice[];
  /** A request of its own is on its way: it sends nothing. */
  asking: boolean;
  /** What it has read, in order. */
  readonly read: string[];
}

/** All devices of one group. */
export class World {
  readonly suite: CipherSuite;
  readonly address: GroupAddress = { domain, groupId: 'group' };
  readonly stations = new Map<string, Station>();
  /** Bundles on their way, one queue per sender and receiver. */
  readonly bundles = new Map<string, PostedBundle[]>();
  /** By text: names of those who should read the message. */
  readonly readers = new Map<string, ReadonlySet<string>>();
  /** By text: who sent it. */
  readonly senders = new Map<string, string>();
  /** Devices that were removed at any time. */
  readonly removed = new Set<string>();
  /** Chain keys that sealed a message. */
  readonly sealedWith: string[] = [];
  members: readonly GroupMember[] = [];
  devices: readonly GroupDevice[] = [];
  readonly #run: Run;
  readonly #draw: (length: number) => Uint8Array;
  #count = 0;

  constructor(suite: CipherSuite, seed: string, names: readonly string[]) {
    this.suite = suite;
    this.#run = seededRun(seed);
    this.#draw = seededBytes(`${seed} group`);
    for (const name of names) this.addStation(name);
  }

  /** A device registers. */
  addStation(name: string): void {
    const signing = this.#run(one({ operation: 'signing-key-pair', scheme: this.suite.signature }));
    const party = new Party(this.suite, addressOf(name), signing, this.#run);
    party.onSealed = (chainKey) => this.sealedWith.push(chainKey);
    this.stations.set(name, { name, party, mailbox: [], view: [], asking: false, read: [] });
  }

  /** Whether the device was never removed. */
  stayed(name: string): boolean {
    return !this.removed.has(name);
  }

  /** The device `user/device`. */
  station(name: string): Station {
    const station = this.stations.get(name);
    if (station === undefined) throw new Error(`there is no device ${name}`);
    return station;
  }

  /** The device's party. */
  party(name: string): Party {
    return this.station(name).party;
  }

  deviceOf(name: string): GroupDevice {
    const { address, signingKey } = this.party(name).self;
    return { address, signingKey };
  }

  /** `by` asks for a group of these users with all their devices; `by`'s user is a manager, and so are the other `managers`. */
  create(by: string, users: readonly string[], managers: readonly string[] = []): void {
    const manager = userOf(by);
    this.members = [...new Set([manager, ...users])].map((userId) => member(userId, userId === manager || managers.includes(userId)));
    this.devices = [...this.stations.keys()].filter((name) => memberOf(this.members, addressOf(name))).map((name) => this.deviceOf(name));
    const change: CreateGroup = { suite: this.suite, sender: addressOf(by), group: this.#info(), devices: this.devices };
    this.#ask(by, this.devices, { kind: 'create', change, devices: this.devices, own: false });
  }

  /** Whether the relay lets `by` change the group now. */
  mayAsk(by: string, asManager: boolean): boolean {
    const { party, asking } = this.station(by);
    if (asking || !this.devices.some(({ address }) => sameDevice(address, addressOf(by)))) return false;
    if (asManager && !isManager(this.members, addressOf(by))) return false;
    return this.canSend(by) && party.group !== undefined;
  }

  /** Whether `by` has keys for sending. */
  canSend(by: string): boolean {
    const { party, asking } = this.station(by);
    if (asking || party.group === undefined) return false;
    const { epoch } = party;
    const own = chainOf(epoch, party.self.address);
    return epoch.sessionId !== undefined && own?.positions.at(-1)?.generation === epoch.generation;
  }

  /** `by` adds users with all their devices that exist, in the order of `names`. */
  add(by: string, users: readonly string[], names: readonly string[] = [...this.stations.keys()], asManagers = false): void {
    const adding = users.map((userId) => member(userId, asManagers));
    const added = names.filter((name) => users.includes(userOf(name))).map((name) => this.deviceOf(name));
    this.members = [...this.members, ...adding];
    this.devices = [...this.devices, ...added];
    const change: AddGroupMembers = {
      suite: this.suite,
      sender: addressOf(by),
      sequence: this.#positionOf(by),
      group: this.#info(),
      addingMembers: adding,
      addingDevices: added,
    };
    this.#ask(by, this.devices, { kind: 'add', change, devices: this.devices, own: false });
  }

  /** `by` adds a further device of a member. */
  addDevice(by: string, name: string): void {
    const addingDevice = this.deviceOf(name);
    this.devices = [...this.devices, addingDevice];
    const sequence = this.#positionOf(by);
    const change: AddGroupMemberDevice = { suite: this.suite, sender: addressOf(by), sequence, group: this.#info(), addingDevice };
    this.#ask(by, this.devices, { kind: 'add', change, devices: this.devices, own: false });
  }

  /** `by` removes users. */
  remove(by: string, users: readonly string[]): void {
    const before = this.devices;
    const removingMembers = this.members.filter(({ userId }) => users.includes(userId));
    this.members = this.members.filter(({ userId }) => !users.includes(userId));
    this.devices = before.filter(({ address }) => memberOf(this.members, address));
    for (const { address } of before) if (!this.devices.some((device) => sameDevice(device.address, address))) this.#leave(nameOf(address));
    const change = { suite: this.suite, sender: addressOf(by), group: this.#info(), removingMembers, devices: this.devices };
    this.#ask(by, before, { kind: 'remove', change, devices: this.devices, own: false });
  }

  /** `by` sends a message to all that are in the group; those who it knows of should read it. */
  send(by: string): string {
    const text = `message ${this.#count}`;
    this.#count += 1;
    const { party, view } = this.station(by);
    const posted = party.send(utf8(text));
    const readers = new Set<string>();
    for (const { address } of this.devices) {
      if (sameDevice(address, party.self.address)) continue;
      const name = nameOf(address);
      this.station(name).mailbox.push({ kind: 'message', posted, text });
      if (view.some((device) => sameDevice(device.address, address))) readers.add(name);
    }
    this.readers.set(text, readers);
    this.senders.set(text, by);
    return text;
  }

  /** The device takes the next thing from its mailbox. */
  deliver(name: string): boolean {
    const station = this.station(name);
    const next = station.mailbox.shift();
    if (next === undefined) return false;
    const { party } = station;
    if (next.kind === 'message') {
      party.receiveOrDrop(next.posted);
    } else {
      station.view = next.devices;
      if (next.own) station.asking = false;
      this.post(this.#change(station, next));
    }
    collect(station);
    return true;
  }

  /** The oldest bundle from one device to another arrives. */
  deliverBundle(way: string): boolean {
    const posted = this.bundles.get(way)?.shift();
    if (posted === undefined) return false;
    const station = this.station(nameOf(posted.to));
    this.post([...station.party.bundle(posted).bundles]);
    collect(station);
    return true;
  }

  /** Bundles begin their way. */
  post(bundles: readonly PostedBundle[]): void {
    for (const bundle of bundles) {
      const way = `${nameOf(bundle.from)} > ${nameOf(bundle.to)}`;
      const queue = this.bundles.get(way) ?? [];
      queue.push(bundle);
      this.bundles.set(way, queue);
    }
  }

  /** Everything that is on its way arrives, mailboxes first. */
  settle(): void {
    let moved = true;
    while (moved) {
      moved = false;
      for (const name of this.stations.keys()) while (this.deliver(name)) moved = true;
      for (const way of [...this.bundles.keys()]) while (this.deliverBundle(way)) moved = true;
    }
  }

  #change(station: Station, next: Exclude<Delivery, { kind: 'message' }>): PostedBundle[] {
    const { party } = station;
    if (next.kind === 'add') return party.added(next.change);
    if (!next.own) return next.kind === 'create' ? party.announced(next.change) : party.removed(next.change);
    const { group, suite, devices } = next.change;
    return party.open({
      suite,
      address: this.address,
      name: group.name,
      members: group.members,
      devices,
      sessionId: asSessionId(toBase64(this.#draw(16))),
      seed: new Secret<'GroupSeed'>(copySecret(this.#draw(groupSeedLength))),
    });
  }

  /** What was on its way to a device that is removed is given up: nothing tells it from what comes when it is added again. */
  #leave(name: string): void {
    this.removed.add(name);
    for (const [way, queue] of this.bundles) if (way.endsWith(` > ${name}`)) queue.length = 0;
  }

  #ask(by: string, to: readonly GroupDevice[], delivery: Exclude<Delivery, { kind: 'message' }>): void {
    this.station(by).asking = true;
    for (const { address } of to) this.station(nameOf(address)).mailbox.push({ ...delivery, own: nameOf(address) === by });
  }

  #positionOf(by: string): number {
    const { epoch, self } = this.party(by);
    return this.#run(addingPosition(epoch, self.address)) ?? 0;
  }

  #info() {
    return { name: 'a group', address: this.address, members: this.members };
  }
}

/** Devices of five users. */
export const people = ['alice/a', 'bob/a', 'carol/a', 'dave/a', 'erin/a'];

/** A world of {@link people} in which Alice has a group with Bob, who is a manager as well, and Carol. */
export function founded(seed: string, suiteName = 'curve25519'): World {
  const world = new World(suiteByName(suiteName), seed, people);
  world.create('alice/a', ['bob', 'carol'], ['bob']);
  world.settle();
  return world;
}

/** The message is refused with `code`, and changes nothing. */
export function expectRefused(world: World, name: string, posted: PostedMessage, code: string): void {
  const before = world.party(name).snapshot();
  expect(() => world.party(name).receiveNow(posted)).toThrow(expect.objectContaining({ code }));
  expect(world.party(name).snapshot()).toEqual(before);
}

/** `user/device` as an address. */
export function addressOf(name: string): DeviceAddress {
  const [userId = '', deviceId = ''] = name.split('/');
  return { domain, userId, deviceId };
}

/** A member by its user id. */
export function member(userId: string, manager: boolean): GroupMember {
  return { domain, userId, role: manager ? groupRoles.manager : groupRoles.member };
}

function userOf(name: string): string {
  return addressOf(name).userId;
}

function nameOf({ userId, deviceId }: DeviceAddress): string {
  return `${userId}/${deviceId}`;
}

function textOf(plaintext: Uint8Array): string {
  return new TextDecoder().decode(plaintext);
}

/** What had to wait counts as read when it has been opened. */
function collect({ party, read }: Station): void {
  for (const { plaintext } of party.readLater.splice(0)) read.push(textOf(plaintext));
}
