import { describe, expect, test } from '@jest/globals';
import { Secret, allocateSecret } from '../../lib/base/secret.js';
import { limits } from '../../lib/base/limits.js';
import { suiteByName } from '../../lib/crypto/cipher-suite.js';
import { runInline } from '../../lib/crypto/execute.js';
import type { AddGroupMembers } from '../../lib/group/group-change.js';
import { chainOf } from '../../lib/group/epoch.js';
import { addedDevices } from '../../lib/group/transition.js';
import { type Content, decodeContent, encodeContent } from '../../lib/wire/message.js';
import type { PostedBundle } from './party.js';
import { World, addressOf, member } from './world.js';

const suite = suiteByName('curve25519');

/** Alice, a manager, has created the group with bob and carol; dave and erin are outside. */
function founded(seed: string): World {
  const world = new World(suite, seed, ['alice/a', 'bob/a', 'carol/a', 'dave/a', 'erin/a']);
  world.create('alice/a', ['bob', 'carol']);
  world.settle();
  return world;
}

function expectRefused(world: World, name: string, attempt: () => unknown, code: string): void {
  const before = world.party(name).snapshot();
  expect(attempt).toThrow(expect.objectContaining({ code }));
  expect(world.party(name).snapshot()).toEqual(before);
}

function addOf(world: World, changes: Partial<AddGroupMembers> = {}): AddGroupMembers {
  const members = [...world.members, member('dave', false)];
  return {
    suite,
    sender: addressOf('alice/a'),
    sequence: 0,
    group: { name: 'a group', address: world.address, members },
    addingMembers: [member('dave', false)],
    addingDevices: [world.deviceOf('dave/a')],
    ...changes,
  };
}

describe('a change of a group is refused, and nothing changes,', () => {
  test('when it comes from no manager', () => {
    const world = founded('no manager');
    const bob = world.party('bob/a');
    expectRefused(world, 'bob/a', () => bob.added(addOf(world, { sender: addressOf('carol/a') })), 'not-a-manager');
    const info = { name: 'a group', address: world.address, members: world.members.filter(({ userId }) => userId !== 'alice') };
    const removed = { suite, sender: addressOf('carol/a'), group: info, removingMembers: [member('alice', true)] };
    const devices = ['bob/a', 'carol/a'].map((name) => world.deviceOf(name));
    expectRefused(world, 'bob/a', () => bob.removed({ ...removed, devices }), 'not-a-manager');
    const created = { suite, sender: addressOf('bob/a'), group: { ...info, members: world.members }, devices: world.devices };
    expectRefused(world, 'dave/a', () => world.party('dave/a').announced(created), 'not-a-manager');
  });

  test('when its members are not those before it with the change', () => {
    const world = founded('members');
    const bob = world.party('bob/a');
    const members = [member('alice', true), member('bob', false), member('dave', false)];
    const add = addOf(world, { group: { name: 'a group', address: world.address, members } });
    expectRefused(world, 'bob/a', () => bob.added(add), 'group-members');
  });

  test('when a device belongs to no member, or the own signing key is another', () => {
    const world = founded('devices');
    const stranger = addOf(world, { addingDevices: [world.deviceOf('erin/a')] });
    expectRefused(world, 'bob/a', () => world.party('bob/a').added(stranger), 'not-a-member');
    const forged = { ...world.deviceOf('dave/a'), signingKey: world.deviceOf('erin/a').signingKey };
    const add = addOf(world, { addingDevices: [forged] });
    expectRefused(world, 'dave/a', () => world.party('dave/a').added(add), 'own-key');
  });

  test('when the group exists already, or this device is in it already', () => {
    const world = founded('again');
    const info = { name: 'a group', address: world.address, members: world.members };
    const created = { suite, sender: addressOf('alice/a'), group: info, devices: world.devices };
    expectRefused(world, 'bob/a', () => world.party('bob/a').announced(created), 'known-group');
    const again = addOf(world, { group: info, addingMembers: [], addingDevices: [world.deviceOf('bob/a')] });
    expectRefused(world, 'bob/a', () => world.party('bob/a').added(again), 'known-group');
  });

  test('when devices are added to a group that is not known, and this one is not among them', () => {
    const world = founded('unknown');
    expectRefused(world, 'erin/a', () => world.party('erin/a').added(addOf(world)), 'unknown-group');
  });

  test('when too many adds wait for keys', () => {
    const world = new World(suite, 'too many', ['alice/a', 'bob/a', 'dave/a']);
    world.create('alice/a', ['bob']);
    world.deliver('bob/a');
    const bob = world.party('bob/a');
    const add = addOf(world, { group: { name: 'a group', address: world.address, members: world.members }, addingMembers: [] });
    const one = { ...add, addingDevices: [world.deviceOf('alice/a')] };
    for (let count = 0; count < limits.groupOpenSteps; count += 1) {
      bob.group = runInline(addedDevices(bob.self, bob.group, one)).group;
    }
    expectRefused(world, 'bob/a', () => bob.added(one), 'too-many-steps');
  });
});

/** The bundle with something changed in it. */
function changed(posted: PostedBundle, change: (content: Content) => Content): PostedBundle {
  return { ...posted, content: encodeContent(change(decodeContent(posted.content))) };
}

describe('keys are taken from nobody but', () => {
  /** Bob knows that alice has created the group; her keys are on their way. */
  function announced(seed: string): { readonly world: World; readonly posted: PostedBundle } {
    const world = new World(suite, seed, ['alice/a', 'bob/a', 'carol/a']);
    world.create('alice/a', ['bob', 'carol']);
    for (const name of world.stations.keys()) world.deliver(name);
    const posted = world.bundles.get('alice/a > bob/a')?.[0];
    if (posted === undefined) throw new Error('alice has handed over nothing');
    return { world, posted };
  }

  test('the device that a bundle names', () => {
    const { world, posted } = announced('names');
    const forwarded = { ...posted, from: addressOf('carol/a') };
    expectRefused(world, 'bob/a', () => world.party('bob/a').bundle(forwarded), 'wrong-sender');
  });

  test('the device that opened the epoch, and for the members that were announced', () => {
    const { world, posted } = announced('opener');
    const before = world.party('bob/a').snapshot();
    const carols = changed({ ...posted, from: addressOf('carol/a') }, (content) =>
      content.kind === 'group-pre-key-bundle' ? { ...content, bundle: { ...content.bundle, sender: addressOf('carol/a') } } : content,
    );
    const others = changed(posted, (content) =>
      content.kind === 'group-pre-key-bundle'
        ? { ...content, bundle: { ...content.bundle, group: { ...content.bundle.group, members: world.members.slice(0, 2) } } }
        : content,
    );
    for (const bundle of [carols, others]) expect(world.party('bob/a').bundle(bundle).kind).toBe('later');
    expect(world.party('bob/a').snapshot()).toEqual(before);
    expect(world.party('bob/a').bundle(posted).kind).toBe('taken');
  });

  test('whoever sends keys of the right length', () => {
    const { world, posted } = announced('length');
    const short = changed(posted, (content) =>
      content.kind === 'group-pre-key-bundle'
        ? { ...content, bundle: { ...content.bundle, seed: new Secret<'GroupSeed'>(allocateSecret(31)) } }
        : content,
    );
    expectRefused(world, 'bob/a', () => world.party('bob/a').bundle(short), 'group-key');
  });

  test('a bundle that comes again, and then nothing begins anew', () => {
    const { world, posted } = announced('again');
    expect(world.party('bob/a').bundle(posted).kind).toBe('taken');
    world.party('bob/a').send(Uint8Array.of(1));
    const before = world.party('bob/a').snapshot();
    expect(world.party('bob/a').bundle(posted).kind).toBe('known');
    expect(world.party('bob/a').snapshot()).toEqual(before);
  });

  test('the device that added this one, then members', () => {
    const world = founded('added');
    world.add('alice/a', ['dave']);
    for (const name of world.stations.keys()) world.deliver(name);
    const dave = world.party('dave/a');
    const before = dave.snapshot();
    const [bobs] = world.bundles.get('bob/a > dave/a') ?? [];
    const [alices] = world.bundles.get('alice/a > dave/a') ?? [];
    if (bobs === undefined || alices === undefined) throw new Error('a bundle is missing');
    const asInviter = changed(bobs, (content) =>
      content.kind === 'group-update-key-bundle' ? { ...content, bundle: { ...content.bundle, adding: true } } : content,
    );
    const erins = changed({ ...bobs, from: addressOf('erin/a') }, (content) =>
      content.kind === 'group-update-key-bundle' ? { ...content, bundle: { ...content.bundle, sender: addressOf('erin/a') } } : content,
    );
    expect(dave.bundle(asInviter).kind).toBe('later');
    expect(dave.bundle(bobs).kind).toBe('announced');
    expect(dave.snapshot()).toEqual(before);
    expect(dave.bundle(alices).kind).toBe('taken');
    // What came before the inviter's bundle was tried again.
    expect(chainOf(dave.epoch, addressOf('bob/a'))?.positions.length).toBe(1);
    expectRefused(world, 'dave/a', () => dave.bundle(erins), 'not-a-member');
    expect(dave.bundle(alices).kind).toBe('known');
    expect(dave.bundle(bobs).kind).toBe('known');
  });
});
