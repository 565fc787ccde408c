import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../lib/base/bytes.js';
import { limits } from '../../lib/base/limits.js';
import { suiteByName } from '../../lib/crypto/cipher-suite.js';
import { runInline } from '../../lib/crypto/execute.js';
import { generateSigningKeyPair } from '../../lib/crypto/signature.js';
import { chainOf, sendingChain } from '../../lib/group/epoch.js';
import { sealGroupMessages } from '../../lib/group/group-message.js';
import { World, addressOf, expectRefused, founded, people } from './world.js';

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
