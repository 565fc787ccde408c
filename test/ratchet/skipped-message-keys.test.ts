import { describe, expect, test } from '@jest/globals';
import { limits } from '../../lib/base/limits.js';
import { Secret, allocateSecret } from '../../lib/base/secret.js';
import type { RatchetMessage } from '../../lib/ratchet/ratchet.js';
import { type SkippedMessageKey, SkippedMessageKeys, keep } from '../../lib/ratchet/skipped-message-keys.js';
import type { Run } from '../support/seeded-jobs.js';
import { Side, newPair, testedSuites } from './side.js';

function entry(chain: number, index: number, order: number): SkippedMessageKey {
  return { ratchetKey: new Uint8Array(32).fill(chain), index, key: new Secret(allocateSecret(48)), order };
}

/** Sends `count` messages that nobody receives. */
function lose(side: Side, count: number): RatchetMessage[] {
  return Array.from({ length: count }, (_, number) => side.send(`lost ${number}`));
}

describe('the container of skipped keys', () => {
  test('finds a key by chain and position, and lists oldest first whatever the order of loading', () => {
    const keys = new SkippedMessageKeys([entry(2, 0, 7), entry(1, 5, 3), entry(1, 6, 4)]);
    expect([...keys.entries()].map(({ order }) => order)).toEqual([3, 4, 7]);
    expect(keys.find(new Uint8Array(32).fill(1), 6)?.order).toBe(4);
    expect(keys.find(new Uint8Array(32).fill(1), 0)).toBeUndefined();
    expect(keys.find(new Uint8Array(31).fill(1), 6)).toBeUndefined();
    expect(keys.nextOrder).toBe(8);
  });

  test('applies what was removed and added, and wipes nothing', () => {
    const old = entry(1, 5, 3);
    const keys = new SkippedMessageKeys([old]);
    keys.apply({ removed: [old], added: [entry(1, 6, 4)] });
    expect(keys.size).toBe(1);
    expect(keys.find(old.ratchetKey, 5)).toBeUndefined();
    expect(old.key.length).toBe(48);
  });

  test('a position named twice by an imported list is kept once', () => {
    const keys = new SkippedMessageKeys([entry(1, 5, 3), entry(1, 5, 4)]);
    expect(keys.size).toBe(1);
    keys.apply({ removed: [keys.find(new Uint8Array(32).fill(1), 5)!], added: [] });
    expect([...keys.entries()]).toEqual([]);
  });

  test('wiping takes all keys with it', () => {
    const one = entry(1, 5, 3);
    const keys = new SkippedMessageKeys([one]);
    keys.wipe();
    expect([keys.size, one.key.length]).toEqual([0, 0]);
  });

  test('keeping more than the limit evicts the oldest', () => {
    const keys = new SkippedMessageKeys(Array.from({ length: limits.skippedMessageKeys - 1 }, (_, order) => entry(1, order, order)));
    const added = [0, 1, 2].map((index) => ({ index, key: new Secret<'MessageKey'>(allocateSecret(48)) }));
    const change = keep(keys, [{ ratchetKey: new Uint8Array(32).fill(2), keys: added }]);
    expect(change.removed.map(({ order }) => order)).toEqual([0, 1]);
    keys.apply(change);
    expect(keys.size).toBe(limits.skippedMessageKeys);
  });
});

describe.each(testedSuites.map((suite) => [suite.name, suite] as const))('late messages of %s', (name, suite) => {
  test('after a gap of 300 every one of the missing messages still opens', () => {
    const { alice, bob } = newPair(suite, `gap ${name}`);
    bob.receive(alice.send('start'));
    const lost = lose(alice, 300);
    expect(bob.receive(alice.send('after'))).toBe('after');
    expect(bob.skipped.size).toBe(300);
    for (const [number, message] of lost.entries()) expect(bob.receive(message)).toBe(`lost ${number}`);
    expect(bob.skipped.size).toBe(0);
  });

  test('a gap in the first chain is kept as well', () => {
    const { alice, bob } = newPair(suite, `first gap ${name}`);
    const lost = lose(alice, 300);
    expect(bob.receive(alice.send('after'))).toBe('after');
    expect(bob.receive(lost[0]!)).toBe('lost 0');
    expect(bob.receive(lost[299]!)).toBe('lost 299');
    expect(bob.skipped.size).toBe(298);
  });

  test('of a gap beyond the store only the newest keys are kept, at their right positions', () => {
    const { alice, bob } = newPair(suite, `store ${name}`);
    const lost = lose(alice, limits.skippedMessageKeys + 500);
    expect(bob.receive(alice.send('after'))).toBe('after');
    expect(bob.skipped.size).toBe(limits.skippedMessageKeys);
    const before = bob.snapshot();
    expect(() => bob.receive(lost[499]!)).toThrow(expect.objectContaining({ code: 'duplicate' }));
    expect(bob.snapshot()).toEqual(before);
    expect(bob.receive(lost[500]!)).toBe('lost 500');
    expect(bob.receive(lost.at(-1)!)).toBe(`lost ${limits.skippedMessageKeys + 499}`);
  });

  test('keys evicted by a gap in the current chain are retired', () => {
    const { alice, bob } = newPair(suite, `evict current ${name}`);
    const lost = lose(alice, limits.skippedMessageKeys);
    bob.receive(alice.send('one'));
    const oldest = bob.skipped.find(lost[0]!.ratchetKey, 0);
    lose(alice, 1);
    const opened = bob.open(alice.send('two'));
    expect(opened.skippedChange.removed).toEqual([oldest]);
    expect(opened.retired).toContain(oldest?.key);
  });

  test('keys of older chains go first when the store is full', () => {
    const { alice, bob } = newPair(suite, `evict ${name}`);
    const old = lose(alice, 3);
    bob.receive(alice.send('one'));
    alice.receive(bob.send('answer'));
    const newer = lose(alice, limits.skippedMessageKeys - 1);
    expect(bob.receive(alice.send('two'))).toBe('two');
    expect(bob.skipped.size).toBe(limits.skippedMessageKeys);
    expect(() => bob.receive(old[0]!)).toThrow(expect.objectContaining({ code: 'stale' }));
    expect(bob.receive(old[2]!)).toBe('lost 2');
    expect(bob.receive(newer[0]!)).toBe('lost 0');
  });
});

describe('the forward walk', () => {
  const suite = testedSuites[1]!;

  test('the longest allowed gap opens, one more is refused without any work', () => {
    const { alice, bob } = newPair(suite, 'walk');
    bob.receive(alice.send('start'));
    lose(alice, limits.forwardWalk);
    const reachable = alice.send('reachable');
    const beyond = alice.send('beyond');
    const before = bob.snapshot();
    expect(() => bob.open(beyond)).toThrow(expect.objectContaining({ code: 'gap-too-large' }));
    expect(bob.snapshot()).toEqual(before);
    expect(bob.receive(reachable)).toBe('reachable');
    expect(bob.receive(beyond)).toBe('beyond');
  });

  test('a forged position costs no walk when it is beyond the limit, with and without a root step', () => {
    const { alice, bob } = newPair(suite, 'forged walk');
    let jobs = 0;
    const refuseWork: Run = (computation) => {
      const step = computation.next();
      if (step.done === true) return step.value;
      jobs += step.value.length;
      throw new Error('work was asked for');
    };
    const forged = { ...alice.send('x'), sequence: limits.forwardWalk + 1, sendingMessageSequence: 0xffff_fff0 };
    const fresh = new Side(suite, bob.associatedData, bob.ratchet, refuseWork);
    expect(() => fresh.open(forged)).toThrow(expect.objectContaining({ code: 'gap-too-large' }));
    bob.receive(alice.send('y'));
    const running = new Side(suite, bob.associatedData, bob.ratchet, refuseWork);
    expect(() => running.open({ ...alice.send('z'), sequence: 0xffff_fff0 })).toThrow(expect.objectContaining({ code: 'gap-too-large' }));
    expect(jobs).toBe(0);
  });
});

describe('an altered message number', () => {
  test.each(testedSuites.map((suite) => [suite.name, suite] as const))('keeps useless keys at most, and heals: %s', (name, suite) => {
    const { alice, bob } = newPair(suite, `altered ${name}`);
    bob.receive(alice.send('one'));
    alice.receive(bob.send('two'));
    const late = alice.send('late');
    const altered = { ...alice.send('three'), sendingMessageSequence: 0xffff_ffff };
    expect(bob.receive(altered)).toBe('three');
    expect(bob.skipped.size).toBe(limits.skippedMessageKeys);
    expect(bob.receive(late)).toBe('late');
    alice.receive(bob.send('four'));
    expect(bob.receive(alice.send('five'))).toBe('five');
    alice.receive(bob.send('six'));
    const size = bob.skipped.size;
    const missing = alice.send('missing');
    expect(bob.receive(alice.send('seven'))).toBe('seven');
    expect(bob.skipped.size).toBe(size + 1);
    expect(bob.receive(missing)).toBe('missing');
    // A count poisoned for good would keep nothing for what is still missing when the chain ends.
    const last = alice.send('last of its chain');
    alice.receive(bob.send('eight'));
    expect(bob.receive(alice.send('nine'))).toBe('nine');
    expect(bob.receive(last)).toBe('last of its chain');
  });
});
