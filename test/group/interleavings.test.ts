import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { suiteByName } from '../../lib/crypto/cipher-suite.js';
import { hasKeys } from '../../lib/group/epoch.js';
import { World } from './world.js';

/** Users with one device, and two of whom one has two: `alice` opens the group with `bob` and `carol`. */
const names = ['alice/a', 'bob/a', 'bob/b', 'carol/a', 'dave/a', 'erin/a', 'erin/b', 'frank/a'] as const;
const late = ['carol/b', 'alice/b'] as const;

type Event =
  | { readonly kind: 'send' | 'deliver' | 'deliver-all'; readonly who: number }
  | { readonly kind: 'bundle'; readonly pick: number }
  | { readonly kind: 'add'; readonly who: number; readonly users: readonly string[] }
  | { readonly kind: 'add-device'; readonly who: number; readonly device: (typeof late)[number] }
  | { readonly kind: 'remove'; readonly who: number; readonly users: readonly string[] };

const who = fc.nat({ max: names.length + late.length - 1 });
const joining = fc.constantFrom(['dave'], ['erin'], ['frank'], ['dave', 'erin'], ['frank', 'erin']);
const leaving = fc.constantFrom(['carol'], ['dave'], ['erin'], ['frank'], ['dave', 'frank']);

function events(bundles: number): fc.Arbitrary<Event> {
  return fc.oneof(
    { weight: 10, arbitrary: fc.record({ kind: fc.constantFrom('send', 'deliver', 'deliver-all'), who }) },
    { weight: bundles, arbitrary: fc.record({ kind: fc.constant('bundle'), pick: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('add'), who, users: joining }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('add-device'), who, device: fc.constantFrom(...late) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove'), who, users: leaving }) },
  );
}

function happen(world: World, event: Event): void {
  const all = [...names, ...late];
  if (event.kind === 'bundle') {
    const ways = [...world.bundles].filter(([, queue]) => queue.length > 0).map(([way]) => way);
    const way = ways[event.pick % Math.max(ways.length, 1)];
    if (way !== undefined) world.deliverBundle(way);
    return;
  }
  const name = all[event.who % all.length] ?? names[0];
  const users = world.members.map(({ userId }) => userId);
  const present = new Set(world.devices.map(({ address }) => `${address.userId}/${address.deviceId}`));
  switch (event.kind) {
    case 'deliver':
      world.deliver(name);
      return;
    case 'deliver-all':
      while (world.deliver(name));
      return;
    case 'send':
      if (present.has(name) && world.canSend(name)) world.send(name);
      return;
    case 'add': {
      const adding = event.users.filter((user) => !users.includes(user));
      if (adding.length > 0 && world.mayAsk(name, true)) world.add(name, adding);
      return;
    }
    case 'add-device':
      if (!present.has(event.device) && users.includes(event.device.split('/')[0] ?? '') && world.mayAsk(name, false))
        world.addDevice(name, event.device);
      return;
    case 'remove': {
      const removing = event.users.filter((user) => users.includes(user) && user !== name.split('/')[0]);
      if (removing.length > 0 && world.mayAsk(name, true)) world.remove(name, removing);
    }
  }
}

function play(seed: string, happenings: readonly Event[]): World {
  const world = new World(suiteByName('curve25519'), seed, [...names]);
  world.create('alice/a', ['alice', 'bob', 'carol'], ['bob']);
  world.settle();
  for (const name of late) world.addStation(name);
  for (const event of happenings) happen(world, event);
  world.settle();
  return world;
}

/** Whether the device was never removed, and nobody who owed it keys was removed before it had sent them. */
function isServed(world: World, name: string): boolean {
  return world.stayed(name) && (world.party(name).group?.epochs.every(hasKeys) ?? false);
}

function checkEnd(world: World): void {
  for (const [name, station] of world.stations) {
    // Nobody reads twice.
    expect(new Set(station.read).size).toBe(station.read.length);
    const isMember = world.devices.some(({ address }) => `${address.userId}/${address.deviceId}` === name);
    if (!isMember) {
      expect(station.party.group).toBeUndefined();
      continue;
    }
    if (isServed(world, name)) expect(station.party.waitingBundles.length).toBe(0);
    expect(station.party.epoch.open.length).toBe(0);
    expect(world.canSend(name)).toBe(true);
  }
  for (const [text, readers] of world.readers) {
    for (const name of readers) {
      // What a device that is removed has on its way is given up with it.
      const isOwed = world.stayed(world.senders.get(text) ?? '') && isServed(world, name);
      if (isOwed && !world.station(name).read.includes(text)) throw new Error(`${name} has not read ${text}`);
    }
  }
  for (const station of world.stations.values())
    for (const text of station.read)
      if (world.readers.get(text)?.has(station.name) !== true) throw new Error(`${station.name} has read ${text}`);
  expect(new Set(world.sealedWith).size).toBe(world.sealedWith.length);
}

/** Users with one device who are added one or two at a time. */
const crowd = Array.from({ length: 10 }, (_, number) => `user-${number}`);

describe('a group that is added to more than it is spoken in', () => {
  test('never seals twice with one key, and everybody reads everything', () => {
    const joins = fc.array(fc.record({ who: fc.nat(), count: fc.integer({ min: 1, max: 2 }), talker: fc.option(fc.nat()) }), {
      minLength: 3,
      maxLength: 9,
    });
    fc.assert(
      fc.property(joins, (events) => {
        const all = crowd.map((user) => `${user}/a`);
        const world = new World(suiteByName('curve25519'), 'quiet', all);
        world.create('user-0/a', ['user-0']);
        world.settle();
        const present = (): string[] => world.devices.map(({ address }) => `${address.userId}/a`);
        for (const { who, count, talker } of events) {
          const names = present();
          const adding = crowd.slice(names.length, names.length + count);
          if (adding.length > 0) world.add(names[who % names.length] ?? '', adding, all, true);
          world.settle();
          if (talker !== null) world.send(present()[talker % present().length] ?? '');
          world.settle();
        }
        for (const name of present()) world.send(name);
        world.settle();
        checkEnd(world);
      }),
      { seed: 20_261_127, numRuns: 150 },
    );
  });
});

describe('any interleaving of adds, removals and messages', () => {
  test('lets everybody who should read a message read it exactly once when bundles take the mailbox way in time', () => {
    fc.assert(
      fc.property(fc.array(events(14), { minLength: 100, maxLength: 250 }), (happenings) => {
        checkEnd(play('prompt', happenings));
      }),
      { seed: 20_260_701, numRuns: 40 },
    );
  });

  test('does so when bundles come late, and never seals twice with one key', () => {
    fc.assert(
      fc.property(fc.array(events(3), { minLength: 100, maxLength: 250 }), (happenings) => {
        checkEnd(play('late', happenings));
      }),
      { seed: 20_260_702, numRuns: 40 },
    );
  });
});
