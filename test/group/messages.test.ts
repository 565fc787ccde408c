import { describe, expect, test } from '@jest/globals';
import { asSessionId } from '../../lib/base/brand.js';
import { toBase64, utf8 } from '../../lib/base/bytes.js';
import { limits } from '../../lib/base/limits.js';
import { wipeAll } from '../../lib/base/secret.js';
import { suiteByName } from '../../lib/crypto/cipher-suite.js';
import { runInline } from '../../lib/crypto/execute.js';
import { generateSigningKeyPair } from '../../lib/crypto/signature.js';
import { chainOf, sendingChain } from '../../lib/group/epoch.js';
import { sealGroupMessages } from '../../lib/group/group-message.js';
import { leftOver, takeSeed } from '../../lib/group/key-bundle.js';
import { withGivenUpChain, withoutDevice, withoutOwnKeys } from '../../lib/group/transition.js';
import { decodeContent, encodeContent } from '../../lib/wire/message.js';
import type { PostedBundle, PostedMessage } from './party.js';
import { World, addressOf } from './world.js';

const people = ['alice/a', 'bob/a', 'carol/a', 'dave/a', 'erin/a'];

function founded(seed: string, suiteName = 'curve25519'): World {
  const world = new World(suiteByName(suiteName), seed, people);
  world.create('alice/a', ['bob', 'carol'], ['bob']);
  world.settle();
  return world;
}

function expectRefused(world: World, name: string, posted: PostedMessage, code: string): void {
  const before = world.party(name).snapshot();
  expect(() => world.party(name).receiveNow(posted)).toThrow(expect.objectContaining({ code }));
  expect(world.party(name).snapshot()).toEqual(before);
}

/** The bundle as it goes out when its sender goes on with an earlier store. */
function owedBefore(posted: PostedBundle): PostedBundle {
  const content = decodeContent(posted.content);
  if (content.kind !== 'group-pre-key-bundle') throw new Error('no seed');
  return { ...posted, content: encodeContent({ ...content, bundle: leftOver(content.bundle) }) };
}

describe.each(['curve25519', 'mldsa44-mlkem512'])('messages of a group over %s', (suiteName) => {
  test('are read by every other device, once', () => {
    const world = founded('once', suiteName);
    const posted = world.party('alice/a').send(utf8('hello'));
    for (const name of ['bob/a', 'carol/a']) {
      expect(world.party(name).receiveNow(posted)).toEqual(utf8('hello'));
      expectRefused(world, name, posted, 'duplicate');
    }
  });

  test('are refused when anything of them is changed', () => {
    const world = founded('changed', suiteName);
    const posted = world.party('alice/a').send(utf8('hello'));
    const other = world.party('alice/a').send(utf8('other'));
    const { message } = posted;
    expectRefused(world, 'bob/a', { ...posted, message: { ...message, ciphertext: other.message.ciphertext } }, 'bad-signature');
    expectRefused(world, 'bob/a', { ...posted, from: addressOf('carol/a') }, 'bad-signature');
    expectRefused(world, 'bob/a', { ...posted, message: { ...message, sequence: 1 } }, 'not-authentic');
    expectRefused(world, 'bob/a', { ...posted, message: { ...message, sequence: 0xffff_ffff } }, 'counter');
    expectRefused(world, 'bob/a', { ...posted, message: { ...message, sequence: limits.forwardWalk + 1 } }, 'gap-too-large');
    expect(world.party('bob/a').receiveNow(posted)).toEqual(utf8('hello'));
  });
});

describe('messages that come late', () => {
  test('are opened in any order', () => {
    const world = founded('order');
    const posted = ['one', 'two', 'three'].map((text) => world.party('alice/a').send(utf8(text)));
    const texts = posted.toReversed().map((each) => new TextDecoder().decode(world.party('bob/a').receiveNow(each)));
    expect(texts).toEqual(['three', 'two', 'one']);
    expect(world.party('bob/a').skippedOf(world.party('bob/a').epoch, addressOf('alice/a')).size).toBe(0);
  });

  test('are opened after the adds that overtook them, whoever added and whoever sent', () => {
    const world = founded('overtaken');
    const early = ['one', 'two'].map((text) => world.party('alice/a').send(utf8(text)));
    world.add('alice/a', ['dave']);
    world.settle();
    const middle = ['alice/a', 'bob/a'].map((name) => world.party(name).send(utf8(`middle ${name}`)));
    world.add('bob/a', ['erin']);
    world.settle();
    const carol = world.party('carol/a');
    for (const posted of [...early, ...middle].reverse()) expect(carol.receiveNow(posted).length).toBeGreaterThan(0);
    for (const posted of [...early, ...middle]) expect(() => carol.receiveNow(posted)).toThrow();
  });

  test('may be missing altogether, and what their sender seals after an add is opened still', () => {
    const world = founded('missing');
    for (let count = 0; count < limits.groupStepSearch; count += 1) world.party('bob/a').send(utf8('lost'));
    world.add('alice/a', ['dave']);
    world.settle();
    expect(world.party('carol/a').receiveNow(world.party('bob/a').send(utf8('seen')))).toEqual(utf8('seen'));
  });

  test('are opened in an epoch that has ended, also those that somebody sent before it was removed', () => {
    const world = founded('ended');
    const [kept, dropped] = [world.party('bob/a').send(utf8('kept')), world.party('carol/a').send(utf8('dropped'))];
    world.remove('alice/a', ['carol']);
    world.settle();
    expect(world.party('alice/a').receiveNow(kept)).toEqual(utf8('kept'));
    expect(world.party('alice/a').receiveNow(dropped)).toEqual(utf8('dropped'));
  });
});

describe('an add', () => {
  test('is carried out by a device that lags behind the inviter', () => {
    const world = founded('lagging');
    const posted = ['one', 'two'].map((text) => world.party('alice/a').send(utf8(text)));
    world.add('alice/a', ['dave', 'erin']);
    world.settle();
    const after = world.party('alice/a').send(utf8('after'));
    for (const name of ['bob/a', 'carol/a', 'dave/a', 'erin/a']) expect(world.party(name).receiveNow(after)).toEqual(utf8('after'));
    for (const each of posted) expect(world.party('bob/a').receiveNow(each).length).toBe(3);
    expectRefused(world, 'dave/a', posted[0] ?? after, 'duplicate');
  });

  test('of another inviter, asked for before the first was known, leads everybody to the same keys', () => {
    const world = founded('back to back');
    for (let count = 0; count < 2; count += 1) world.send('bob/a');
    world.add('alice/a', ['dave']);
    world.add('bob/a', ['erin']);
    world.settle();
    for (const sender of people) {
      const posted = world.party(sender).send(utf8(sender));
      for (const name of people) if (name !== sender) expect(world.party(name).receiveNow(posted)).toEqual(utf8(sender));
    }
  });

  test('that waits for keys does not overtake messages that wait for them', () => {
    const world = new World(suiteByName('curve25519'), 'held', people);
    world.create('alice/a', ['bob', 'carol', 'dave']);
    world.settle();
    for (const name of ['alice/b', 'dave/b']) world.addStation(name);
    const others = ['alice/a', 'dave/a', 'alice/b', 'dave/b'];
    const settleOthers = () => {
      for (const name of others) while (world.deliver(name));
      for (const way of world.bundles.keys()) if (!way.endsWith('bob/a')) while (world.deliverBundle(way));
    };
    world.remove('alice/a', ['carol']);
    settleOthers();
    // Alice is met by bob in no generation, and adds in the second.
    for (let count = 0; count < 2; count += 1) world.send('alice/a');
    world.addDevice('dave/a', 'dave/b');
    settleOthers();
    world.addDevice('alice/a', 'alice/b');
    settleOthers();
    for (const name of ['alice/a', 'alice/b', 'dave/b']) world.send(name);
    while (world.deliver('bob/a'));
    expect(world.station('bob/a').read).toEqual([]);
    world.settle();
    expect(world.station('bob/a').read.toSorted()).toEqual([0, 1, 2, 3, 4].map((number) => `message ${number}`));
  });

  test.each([
    ['too far ahead', limits.forwardWalk + 2],
    ['behind what has been opened', 0],
  ])('with a position %s ends the chains of the inviter and of who was added, and nothing else', (_, sequence) => {
    const world = founded('out of reach');
    const bob = world.party('bob/a');
    bob.receiveNow(world.party('alice/a').send(utf8('hello')));
    const members = [...world.members, { domain: 'example.org', userId: 'dave', role: 0 }];
    const adding = { addingMembers: members.slice(-1), addingDevices: [world.deviceOf('dave/a')] };
    const group = { name: 'a group', address: world.address, members };
    const sender = addressOf('alice/a');
    bob.added({ suite: world.suite, sender, sequence, group, ...adding });
    expect(chainOf(bob.epoch, addressOf('alice/a'))?.positions).toEqual([]);
    expect(chainOf(bob.epoch, addressOf('dave/a'))?.positions).toEqual([]);
    expect(bob.epoch.open).toEqual([]);
    expect(sendingChain(bob.epoch, bob.self.address)).toBeDefined();
  });
});

describe('keys', () => {
  test('of the inviter are not used by the device it added when that has sent nothing until the next add', () => {
    const world = founded('shared');
    world.add('alice/a', ['dave']);
    world.settle();
    world.send('alice/a');
    world.add('bob/a', ['erin']);
    world.settle();
    const text = world.send('dave/a');
    world.settle();
    expect(new Set(world.sealedWith).size).toBe(2);
    for (const name of ['alice/a', 'bob/a', 'carol/a', 'erin/a']) expect(world.station(name).read).toContain(text);
  });

  test('of an inviter that is gone are not used either', () => {
    const world = founded('inviter gone');
    world.add('alice/a', ['dave']);
    world.settle();
    world.send('alice/a');
    world.add('bob/a', ['erin']);
    world.settle();
    world.party('dave/a').change((_, group) => withoutDevice(group, addressOf('alice/a')));
    world.send('dave/a');
    expect(new Set(world.sealedWith).size).toBe(2);
  });

  test('of devices that both add others before they have sent anything differ', () => {
    const world = new World(suiteByName('curve25519'), 'adders', people);
    world.create('alice/a', ['alice']);
    world.settle();
    world.add('alice/a', ['bob'], people, true);
    world.settle();
    world.add('alice/a', ['carol']);
    world.settle();
    world.add('bob/a', ['dave']);
    world.settle();
    const texts = ['alice/a', 'bob/a', 'carol/a', 'dave/a'].map((name) => world.send(name));
    world.settle();
    expect(new Set(world.sealedWith).size).toBe(4);
    for (const [index, name] of ['alice/a', 'bob/a', 'carol/a', 'dave/a'].entries())
      expect(new Set(world.station(name).read)).toEqual(new Set(texts.filter((_, sender) => sender !== index)));
  });

  test('of a removed member open nothing that follows', () => {
    const world = founded('removed');
    const carol = world.party('carol/a');
    const kept = carol.group;
    if (kept === undefined) throw new Error('carol is in no group');
    world.remove('alice/a', ['carol']);
    for (const name of ['alice/a', 'bob/a']) while (world.deliver(name));
    world.deliverBundle('alice/a > bob/a');
    // Carol ignores that she was removed, and is given what the relay should not give her.
    const posted = world.party('alice/a').send(utf8('secret'));
    expectRefused(world, 'carol/a', posted, 'unknown-chain');
    const renamed = { ...posted, sessionId: kept.epochs.at(-1)?.sessionId ?? posted.sessionId };
    expectRefused(world, 'carol/a', renamed, 'not-authentic');
  });

  test('that were given up are not used again, and later adds are still carried out', () => {
    const world = founded('given up');
    const bob = world.party('bob/a');
    bob.change(withoutOwnKeys);
    expect(() => bob.send(utf8('no'))).toThrow(expect.objectContaining({ code: 'no-keys' }));
    world.add('alice/a', ['dave']);
    world.settle();
    expect(bob.epoch.open).toEqual([]);
    expect(() => bob.send(utf8('no'))).toThrow(expect.objectContaining({ code: 'no-keys' }));
    expect(bob.receiveNow(world.party('dave/a').send(utf8('hello')))).toEqual(utf8('hello'));
  });

  test('of a device that is gone are not taken, also in an epoch whose keys have not come', () => {
    const world = founded('gone');
    const bob = world.party('bob/a');
    world.remove('alice/a', ['carol']);
    world.deliver('bob/a');
    bob.change((_, group) => withoutDevice(group, addressOf('alice/a')));
    world.settle();
    expectRefused(world, 'bob/a', world.party('alice/a').send(utf8('hello')), 'unknown-chain');
  });

  test('of a device that was gone before the keys came do not keep its adds waiting', () => {
    const world = new World(suiteByName('curve25519'), 'gone before the keys', people);
    world.create('alice/a', ['bob', 'carol'], ['bob']);
    const carol = world.party('carol/a');
    world.deliver('carol/a');
    carol.change((_, group) => withoutDevice(group, addressOf('bob/a')));
    world.deliver('bob/a');
    world.deliverBundle('alice/a > bob/a');
    world.add('bob/a', ['dave']);
    world.settle();
    expect(carol.epoch.open).toEqual([]);
    expect(chainOf(carol.epoch, addressOf('dave/a'))?.positions).toEqual([]);
    expect(world.party('dave/a').receiveNow(carol.send(utf8('hello')))).toEqual(utf8('hello'));
    expectRefused(world, 'carol/a', world.party('dave/a').send(utf8('hello')), 'unknown-chain');
  });

  test('of an epoch that were lost with the store of its opener are not waited for: those of its next one go into the next one', () => {
    const world = new World(suiteByName('curve25519'), 'lost seed', people);
    world.create('alice/a', ['bob']);
    for (const name of ['alice/a', 'bob/a']) world.deliver(name);
    const bob = world.party('bob/a');
    bob.change((self, group) => withGivenUpChain(self, group, addressOf('alice/a'), 0));
    expect(world.bundles.get('alice/a > bob/a')?.splice(0)).toHaveLength(1);
    world.remove('alice/a', []);
    world.settle();
    expect(bob.group?.epochs.map(({ sessionId }) => sessionId)).toEqual([undefined, world.party('alice/a').epoch.sessionId]);
    expect(bob.receiveNow(world.party('alice/a').send(utf8('hello')))).toEqual(utf8('hello'));
    expect(world.party('alice/a').receiveNow(bob.send(utf8('hello')))).toEqual(utf8('hello'));
  });

  test('of an epoch that have come before the store of its opener was lost are used for it, those of its next one for the next one', () => {
    const world = new World(suiteByName('curve25519'), 'seed in time', people);
    world.create('alice/a', ['bob']);
    for (const name of ['alice/a', 'bob/a']) world.deliver(name);
    const bob = world.party('bob/a');
    const old = world.party('alice/a').epoch.sessionId;
    bob.change((self, group) => withGivenUpChain(self, group, addressOf('alice/a'), 1));
    world.remove('alice/a', []);
    world.settle();
    expect(bob.group?.epochs.map(({ sessionId }) => sessionId)).toEqual([old, world.party('alice/a').epoch.sessionId]);
    expect(bob.receiveNow(world.party('alice/a').send(utf8('hello')))).toEqual(utf8('hello'));
  });

  test('of the second epoch are not used for the first one, whose own were lost on their way', () => {
    const world = new World(suiteByName('curve25519'), 'seed of the first', people);
    world.create('alice/a', ['bob']);
    for (const name of ['alice/a', 'bob/a']) world.deliver(name);
    world.bundles.get('alice/a > bob/a')?.splice(0);
    world.remove('alice/a', []);
    world.deliver('alice/a');
    // They come before the change that announces them is carried out.
    world.deliverBundle('alice/a > bob/a');
    world.settle();
    const { sessionId } = world.party('alice/a').epoch;
    expect(world.party('bob/a').group?.epochs.map((epoch) => epoch.sessionId)).toEqual([undefined, sessionId]);
    expect(world.party('bob/a').receiveNow(world.party('alice/a').send(utf8('hello')))).toEqual(utf8('hello'));
  });

  test('of the first epoch that come when their device has been out of the group meanwhile are not used', () => {
    const world = new World(suiteByName('curve25519'), 'late seed', people);
    world.create('alice/a', ['bob']);
    for (const name of ['alice/a', 'bob/a']) while (world.deliver(name));
    const late = world.bundles.get('alice/a > bob/a')?.splice(0) ?? [];
    expect(late).toHaveLength(1);
    world.remove('alice/a', ['bob']);
    world.settle();
    world.add('alice/a', ['bob', 'carol']);
    world.settle();
    world.remove('alice/a', ['carol']);
    world.deliver('bob/a');
    // As the first one: now its epoch is announced, for the same members by the same device.
    world.post(late);
    world.settle();
    expect(world.party('bob/a').epoch.sessionId).toBe(world.party('alice/a').epoch.sessionId);
    expect(world.party('bob/a').receiveNow(world.party('alice/a').send(utf8('hello')))).toEqual(utf8('hello'));
  });

  test('of an epoch whose opener names another before it are used all the same: it may have lost the keys of that one', () => {
    const world = new World(suiteByName('curve25519'), 'lost before', people);
    world.create('alice/a', ['bob'], ['bob']);
    world.settle();
    world.add('alice/a', ['carol']);
    world.settle();
    world.remove('bob/a', []);
    world.deliver('bob/a');
    const [posted] = world.bundles.get('bob/a > carol/a')?.splice(0) ?? [];
    const content = posted === undefined ? undefined : decodeContent(posted.content);
    if (posted === undefined || content?.kind !== 'group-pre-key-bundle') throw new Error('no seed');
    const bundle = { ...content.bundle, oldSessionId: asSessionId(toBase64(new Uint8Array(16))) };
    world.settle();
    world.post([{ ...posted, content: encodeContent({ ...content, bundle }) }]);
    world.settle();
    expect(world.party('carol/a').receiveNow(world.party('bob/a').send(utf8('hello')))).toEqual(utf8('hello'));
  });

  test.each(['before', 'after'])(
    'of an epoch that come %s those of the next one from an earlier store of their opener are used for it',
    (order) => {
      const world = new World(suiteByName('curve25519'), `owed ${order}`, people);
      world.create('alice/a', ['bob', 'carol']);
      for (const name of ['alice/a', 'bob/a', 'carol/a']) world.deliver(name);
      world.deliverBundle('alice/a > carol/a');
      const bob = world.party('bob/a');
      const old = world.party('alice/a').epoch.sessionId;
      const posted = world.party('carol/a').send(utf8('early'));
      bob.change((self, group) => withGivenUpChain(self, group, addressOf('alice/a'), 0));
      const owed = world.bundles.get('alice/a > bob/a')?.splice(0).map(owedBefore) ?? [];
      world.remove('alice/a', []);
      if (order === 'after') world.settle();
      world.post(owed);
      world.settle();
      expect(bob.group?.epochs.map(({ sessionId }) => sessionId)).toEqual([old, world.party('alice/a').epoch.sessionId]);
      expect(bob.receiveNow(posted)).toEqual(utf8('early'));
      expect(bob.receiveNow(world.party('alice/a').send(utf8('hello')))).toEqual(utf8('hello'));
    },
  );

  test('made by a transition whose caller refuses it are all named, and the old state works after they are wiped', () => {
    const world = new World(suiteByName('curve25519'), 'refused', people);
    world.create('alice/a', ['bob']);
    for (const name of ['alice/a', 'bob/a']) world.deliver(name);
    const { group, self } = world.party('bob/a');
    const content = decodeContent(world.bundles.get('alice/a > bob/a')?.[0]?.content ?? new Uint8Array(0));
    if (group === undefined || content.kind !== 'group-pre-key-bundle') throw new Error('no bundle');
    const outcome = runInline(takeSeed(self, group, addressOf('alice/a'), content.bundle));
    if (outcome.kind !== 'taken') throw new Error('the bundle was not taken');
    wipeAll(outcome.change.created);
    const left = [...(outcome.change.group.epochs[0]?.chains.values() ?? [])].flatMap(({ positions }) => positions);
    expect(left.map(({ chainKey }) => chainKey.key.length)).toEqual([0, 0]);
    world.settle();
    expect(world.party('bob/a').receiveNow(world.party('alice/a').send(utf8('works')))).toEqual(utf8('works'));
  });
});

describe('sealing', () => {
  const suite = suiteByName('curve25519');
  const signing = generateSigningKeyPair(suite.signature);

  test('several messages at once retires the first key and leaves none in between', () => {
    const world = founded('several');
    const chain = sendingChain(world.party('alice/a').epoch, addressOf('alice/a'));
    if (chain === undefined) throw new Error('no keys');
    const sealed = runInline(sealGroupMessages(suite, chain, signing.privateKey, [utf8('a'), utf8('b'), utf8('c')]));
    expect(sealed.messages.map(({ sequence }) => sequence)).toEqual([0, 1, 2]);
    expect(sealed.retired).toEqual([chain.positions[0]?.chainKey.key]);
    expect(sealed.created).toEqual([sealed.chain.positions[0]?.chainKey.key]);
  });

  test('nothing changes nothing, and an empty message is refused', () => {
    const world = founded('nothing');
    const chain = sendingChain(world.party('alice/a').epoch, addressOf('alice/a'));
    if (chain === undefined) throw new Error('no keys');
    expect(runInline(sealGroupMessages(suite, chain, signing.privateKey, []))).toEqual({ chain, messages: [], retired: [], created: [] });
    const empty = () => runInline(sealGroupMessages(suite, chain, signing.privateKey, [new Uint8Array(0)]));
    expect(empty).toThrow(expect.objectContaining({ code: 'empty-plaintext' }));
  });
});
