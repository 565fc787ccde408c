/** Bounds of the chains of sessions and groups: what lies at the bound works, what lies beyond is refused. */
import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../lib/base/bytes.js';
import { limits } from '../../lib/base/limits.js';
import { suiteByName } from '../../lib/crypto/cipher-suite.js';
import { walk } from '../../lib/ratchet/chain-key.js';
import { World } from '../group/world.js';
import { chainSecret } from '../support/chain-secret.js';

/** Adds or removals beyond every bound. */
const many = limits.groupGenerations + 2;
const guests = Array.from({ length: many }, (_, index) => `guest-${index}`);

function founded(seed: string, users: readonly string[]): World {
  const world = new World(suiteByName('curve25519'), seed, ['alice/a', 'bob/a', 'carol/a', ...guests.map((name) => `${name}/a`)]);
  world.create('alice/a', ['bob', 'carol', ...users]);
  world.settle();
  return world;
}

describe('a walk along a chain', () => {
  test.each([
    [limits.inlineChainSteps, true],
    [limits.inlineChainSteps + 1, false],
  ] as const)('of %i steps is done at once: %s', (steps, isInline) => {
    const key = chainSecret(new Uint8Array(32));
    expect(walk(key, steps).next().done).toBe(isInline);
  });
});

describe('a message of a group that was on its way', () => {
  test.each([
    [limits.groupGenerations - 1, 'opens'],
    [limits.groupGenerations, 'is refused'],
  ] as const)('during %i adds, each followed by a message of its sender, %s', (adds, outcome) => {
    const world = founded('adds', []);
    const [bob, carol] = [world.party('bob/a'), world.party('carol/a')];
    const early = bob.send(utf8('early'));
    for (const guest of guests.slice(0, adds)) {
      world.add('alice/a', [guest]);
      world.settle();
      expect(carol.receiveNow(bob.send(utf8('later')))).toEqual(utf8('later'));
    }
    const before = carol.snapshot();
    if (outcome === 'opens') expect(carol.receiveNow(early)).toEqual(utf8('early'));
    else expect(() => carol.receiveNow(early)).toThrow(expect.objectContaining({ name: 'ProtocolError' }));
    if (outcome === 'is refused') expect(carol.snapshot()).toEqual(before);
  });

  test.each([
    [limits.groupEpochs - 1, 'opens'],
    [limits.groupEpochs, 'is refused'],
  ] as const)('during %i removals %s', (removals, outcome) => {
    const world = founded('removals', guests);
    const early = world.party('bob/a').send(utf8('early'));
    for (const guest of guests.slice(0, removals)) {
      world.remove('alice/a', [guest]);
      world.settle();
    }
    const carol = world.party('carol/a');
    const before = carol.snapshot();
    if (outcome === 'opens') expect(carol.receiveNow(early)).toEqual(utf8('early'));
    else expect(() => carol.receiveNow(early)).toThrow(expect.objectContaining({ name: 'ProtocolError' }));
    if (outcome === 'is refused') expect(carol.snapshot()).toEqual(before);
  });
});
