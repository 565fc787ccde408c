/** Which keys belong to what, whenever they come, and that none seals messages of two devices. */
import { describe, expect, test } from '@jest/globals';
import { asSessionId } from '../../lib/base/brand.js';
import { toBase64, utf8 } from '../../lib/base/bytes.js';
import { wipeAll } from '../../lib/base/secret.js';
import { suiteByName } from '../../lib/crypto/cipher-suite.js';
import { runInline } from '../../lib/crypto/execute.js';
import { chainOf } from '../../lib/group/epoch.js';
import { leftOver, takeSeed } from '../../lib/group/key-bundle.js';
import { withGivenUpChain, withoutDevice, withoutOwnKeys } from '../../lib/group/transition.js';
import { decodeContent, encodeContent } from '../../lib/wire/message.js';
import type { PostedBundle } from './party.js';
import { World, addressOf, expectRefused, founded, people } from './world.js';

/** The bundle as it goes out when its sender goes on with an earlier store. */
function owedBefore(posted: PostedBundle): PostedBundle {
  const content = decodeContent(posted.content);
  if (content.kind !== 'group-pre-key-bundle') throw new Error('no seed');
  return { ...posted, content: encodeContent({ ...content, bundle: leftOver(content.bundle) }) };
}

describe('keys', () => {
  /** Alice adds Dave and sends; Bob adds Erin, and Dave has sent nothing. */
  function addedAndSilent(seed: string): World {
    const world = founded(seed);
    world.add('alice/a', ['dave']);
    world.settle();
    world.send('alice/a');
    world.add('bob/a', ['erin']);
    world.settle();
    return world;
  }

  test('of the inviter are not used by the device it added when that has sent nothing until the next add', () => {
    const world = addedAndSilent('shared');
    const text = world.send('dave/a');
    world.settle();
    expect(new Set(world.sealedWith).size).toBe(2);
    for (const name of ['alice/a', 'bob/a', 'carol/a', 'erin/a']) expect(world.station(name).read).toContain(text);
  });

  test('of an inviter that is gone are not used either', () => {
    const world = addedAndSilent('inviter gone');
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

  test.each(['the first', 'a later'])(
    'of %s epoch that come when their device has been out of the group meanwhile are not used',
    (which) => {
      const world = new World(suiteByName('curve25519'), `late seed of ${which}`, people);
      world.create('alice/a', ['bob']);
      if (which === 'a later') {
        world.settle();
        world.remove('alice/a', []);
      }
      for (const name of ['alice/a', 'bob/a']) while (world.deliver(name));
      const late = world.bundles.get('alice/a > bob/a')?.splice(0) ?? [];
      expect(late).toHaveLength(1);
      world.remove('alice/a', ['bob']);
      world.settle();
      world.add('alice/a', ['bob', 'carol']);
      world.settle();
      world.remove('alice/a', ['carol']);
      world.deliver('bob/a');
      // As before: now another epoch is announced, for the same members by the same device.
      world.post(late);
      world.settle();
      expect(world.party('bob/a').epoch.sessionId).toBe(world.party('alice/a').epoch.sessionId);
      expect(world.party('bob/a').receiveNow(world.party('alice/a').send(utf8('hello')))).toEqual(utf8('hello'));
    },
  );

  test('of two epochs that a device has opened without the keys of the one before find their epochs', () => {
    const world = new World(suiteByName('curve25519'), 'two without', people);
    world.create('alice/a', ['bob', 'carol'], ['bob']);
    for (const name of ['alice/a', 'bob/a', 'carol/a']) while (world.deliver(name));
    world.deliverBundle('alice/a > carol/a');
    world.remove('bob/a', []);
    world.deliver('bob/a');
    world.remove('bob/a', []);
    world.deliver('bob/a');
    const bob = world.party('bob/a');
    const posted = bob.send(utf8('hello'));
    world.settle();
    expect(
      world
        .party('carol/a')
        .group?.epochs.slice(1)
        .map(({ sessionId }) => sessionId),
    ).toEqual(bob.group?.epochs.slice(1).map(({ sessionId }) => sessionId));
    expect(world.party('carol/a').receiveNow(posted)).toEqual(utf8('hello'));
  });

  test('of an epoch whose opener has kept none of those since this device came into the group are used', () => {
    const world = new World(suiteByName('curve25519'), 'kept none', people);
    world.create('alice/a', ['bob'], ['bob']);
    world.settle();
    const old = world.party('bob/a').epoch.sessionId;
    world.add('alice/a', ['carol']);
    world.settle();
    world.remove('alice/a', []);
    world.settle();
    const carol = world.party('carol/a');
    carol.change((self, group) => withGivenUpChain(self, group, addressOf('bob/a'), 0));
    world.remove('bob/a', []);
    world.deliver('bob/a');
    const [posted] = world.bundles.get('bob/a > carol/a')?.splice(0) ?? [];
    const content = posted === undefined ? undefined : decodeContent(posted.content);
    if (posted === undefined || content?.kind !== 'group-pre-key-bundle') throw new Error('no seed');
    world.settle();
    world.post([{ ...posted, content: encodeContent({ ...content, bundle: { ...content.bundle, oldSessionId: old } }) }]);
    world.settle();
    expect(carol.receiveNow(world.party('bob/a').send(utf8('hello')))).toEqual(utf8('hello'));
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
