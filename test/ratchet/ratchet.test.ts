import { describe, expect, test } from '@jest/globals';
import { sealStep } from '../../lib/crypto/chain.js';
import type { RatchetMessage } from '../../lib/ratchet/ratchet.js';
import { type Side, newPair, testedSuites } from './side.js';

function expectRefused(side: Side, message: RatchetMessage, code: string): void {
  const before = side.snapshot();
  expect(() => side.receive(message)).toThrow(expect.objectContaining({ code }));
  expect(side.snapshot()).toEqual(before);
}

function flipped(bytes: Uint8Array, position: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[position] = (copy[position] ?? 0) ^ 1;
  return copy;
}

describe.each(testedSuites.map((suite) => [suite.name, suite] as const))('the double ratchet of %s', (name, suite) => {
  test('an initiator starts one root step ahead, a responder without a receiving chain', () => {
    const { alice, bob } = newPair(suite, `start ${name}`);
    expect(alice.ratchet).toMatchObject({ rootSequence: 1, sendingMessageSequence: 0, receivedMessageSequence: 0 });
    expect(bob.ratchet).toMatchObject({ rootSequence: 0, receiver: { theirRatchetKey: undefined, chainKey: undefined } });
    expect(bob.ratchet.sender.ourRatchetKey).toHaveLength(suite.agreement.ratchetKeyLength);
    expect(alice.ratchet.sender.ourRatchetKey).toHaveLength(suite.agreement.ratchetKeyLength);
  });

  test('the first message of the initiator brings a root step', () => {
    const { alice, bob } = newPair(suite, `first ${name}`);
    expect(bob.receive(alice.send('hello'))).toBe('hello');
    expect(bob.ratchet.rootSequence).toBe(2);
  });

  test('a message of the responder before it has received one needs no root step', () => {
    const { alice, bob } = newPair(suite, `responder ${name}`);
    expect(alice.receive(bob.send('hello'))).toBe('hello');
    expect(alice.ratchet.rootSequence).toBe(1);
  });

  test.each(['alice', 'bob'] as const)('both sides understand each other when %s writes first', (first) => {
    const pair = newPair(suite, `both ${name}`);
    const second = first === 'alice' ? 'bob' : 'alice';
    expect(pair[second].receive(pair[first].send('one'))).toBe('one');
    expect(pair[first].receive(pair[second].send('two'))).toBe('two');
  });

  test('the second message opens before the first, and no key is left over', () => {
    const { alice, bob } = newPair(suite, `order ${name}`);
    const [one, two] = [alice.send('one'), alice.send('two')];
    expect(bob.receive(two)).toBe('two');
    expect(bob.skipped.size).toBe(1);
    expect(bob.receive(one)).toBe('one');
    expect(bob.skipped.size).toBe(0);
    expect(bob.receive(alice.send('three'))).toBe('three');
  });

  test('3000 messages in one chain all arrive', () => {
    const { alice, bob } = newPair(suite, `long ${name}`);
    for (let number = 0; number < 3000; number++) expect(bob.receive(alice.send(`message ${number}`))).toBe(`message ${number}`);
    expect(bob.ratchet.receiver.chainKey?.index).toBe(3000);
    expect(bob.skipped.size).toBe(0);
  });

  test('ten rounds of two messages each way leave no skipped key', () => {
    const { alice, bob } = newPair(suite, `rounds ${name}`);
    for (let round = 0; round < 10; round++) {
      for (const [from, to] of [[alice, bob] as const, [bob, alice] as const]) {
        for (const text of ['first', 'second']) expect(to.receive(from.send(`${text} ${round}`))).toBe(`${text} ${round}`);
        expect(to.skipped.size).toBe(0);
      }
    }
  });

  test('late messages of three chains open after root steps', () => {
    const { alice, bob } = newPair(suite, `late ${name}`);
    const chain1 = ['a0', 'a1', 'a2', 'a3'].map((text) => alice.send(text));
    expect(bob.receive(chain1[1]!)).toBe('a1');
    const chain2 = ['b0', 'b1', 'b2'].map((text) => bob.send(text));
    expect(alice.receive(chain2[2]!)).toBe('b2');
    const chain3 = ['a4', 'a5', 'a6'].map((text) => alice.send(text));
    expect(bob.receive(chain3[1]!)).toBe('a5');
    expect(bob.skipped.size).toBe(4);
    expect([3, 0, 2].map((position) => bob.receive(chain1[position]!))).toEqual(['a3', 'a0', 'a2']);
    expect([0, 1].map((position) => alice.receive(chain2[position]!))).toEqual(['b0', 'b1']);
    expect([2, 0].map((position) => bob.receive(chain3[position]!))).toEqual(['a6', 'a4']);
    expect([alice.skipped.size, bob.skipped.size]).toEqual([0, 0]);
  });

  test('200 rounds of ping-pong do not make the state grow', () => {
    const { alice, bob } = newPair(suite, `pingpong ${name}`);
    const sizes: number[] = [];
    for (let round = 0; round < 200; round++) {
      expect(bob.receive(alice.send('ping'))).toBe('ping');
      expect(alice.receive(bob.send('pong'))).toBe('pong');
      sizes.push(JSON.stringify(alice.snapshot()).length + JSON.stringify(bob.snapshot()).length);
    }
    expect(alice.ratchet.rootSequence).toBe(401);
    // Counters get more digits, nothing else.
    expect(sizes.at(-1)! - sizes[9]!).toBeLessThan(20);
  });

  test('a message that has been opened is refused the second time, in the current chain and in an older one', () => {
    const { alice, bob } = newPair(suite, `twice ${name}`);
    const first = alice.send('first');
    bob.receive(first);
    expectRefused(bob, first, 'duplicate');
    alice.receive(bob.send('answer'));
    bob.receive(alice.send('second'));
    expectRefused(bob, first, 'stale');
  });

  test('a root sequence equal to ours, of our own parity or too far ahead is refused', () => {
    const { alice, bob } = newPair(suite, `root ${name}`);
    bob.receive(alice.send('one'));
    alice.receive(bob.send('two'));
    bob.receive(alice.send('three'));
    expect(bob.ratchet.rootSequence).toBe(4);
    const genuine = alice.send('four');
    for (const rootSequence of [4, 2, 0, 6, 7, 0xffff_ffff]) expectRefused(bob, { ...genuine, rootSequence }, 'root-sequence');
    expectRefused(bob, { ...genuine, rootSequence: 1 }, 'stale');
    expect(bob.receive(genuine)).toBe('four');
  });

  test('a message of the current root sequence under another ratchet key is refused', () => {
    const { alice, bob } = newPair(suite, `chain ${name}`);
    bob.receive(alice.send('one'));
    const genuine = alice.send('two');
    expectRefused(bob, { ...genuine, ratchetKey: flipped(genuine.ratchetKey, 3) }, 'ratchet-key');
    expectRefused(bob, { ...genuine, ratchetKey: genuine.ratchetKey.subarray(1) }, 'ratchet-key');
    expect(bob.receive(genuine)).toBe('two');
  });

  test('before its first message a responder refuses a number smaller than the position', () => {
    const { alice, bob } = newPair(suite, `zero ${name}`);
    alice.send('lost');
    alice.send('lost');
    const genuine = alice.send('third');
    expectRefused(bob, { ...genuine, sendingMessageSequence: 1 }, 'counter');
    expect(bob.receive(genuine)).toBe('third');
  });

  test('a damaged text, tag, number or ratchet key changes nothing, with and without a root step', () => {
    const { alice, bob } = newPair(suite, `damage ${name}`);
    for (let round = 0; round < 2; round++) {
      const genuine = alice.send('text');
      for (let position = 0; position < genuine.ciphertext.length; position++) {
        expectRefused(bob, { ...genuine, ciphertext: flipped(genuine.ciphertext, position) }, 'not-authentic');
      }
      expectRefused(bob, { ...genuine, ciphertext: genuine.ciphertext.subarray(1) }, 'not-authentic');
      expectRefused(bob, { ...genuine, ciphertext: genuine.ciphertext.subarray(0, 16) }, 'not-authentic');
      expectRefused(bob, { ...genuine, sequence: genuine.sequence + 1, sendingMessageSequence: 3 }, 'not-authentic');
      expectRefused(bob, { ...genuine, ratchetKey: flipped(genuine.ratchetKey, 0) }, round === 0 ? 'not-authentic' : 'ratchet-key');
      expect(bob.receive(genuine)).toBe('text');
    }
  });

  test('a sealed empty text is refused, because no peer makes one', () => {
    const { alice, bob } = newPair(suite, `empty ${name}`);
    const chainKey = alice.ratchet.sender.chainKey.key.duplicate();
    const genuine = alice.send('text');
    const { sealed } = sealStep(chainKey, alice.associatedData, new Uint8Array(0));
    expectRefused(bob, { ...genuine, ciphertext: sealed }, 'not-authentic');
    expect(bob.receive(genuine)).toBe('text');
  });

  test('counters that are no unsigned 32-bit numbers are refused', () => {
    const { alice, bob } = newPair(suite, `counter ${name}`);
    const genuine = alice.send('one');
    for (const value of [-1, 0.5, 2 ** 32, Number.NaN, Number.POSITIVE_INFINITY]) {
      expectRefused(bob, { ...genuine, sequence: value }, 'counter');
      expectRefused(bob, { ...genuine, rootSequence: value }, 'counter');
      expectRefused(bob, { ...genuine, sendingMessageSequence: value }, 'counter');
    }
    expectRefused(bob, { ...genuine, sequence: 0xffff_ffff, sendingMessageSequence: 0xffff_ffff }, 'counter');
  });

  test('an exhausted counter refuses to encrypt, and an empty text is refused', () => {
    const { alice } = newPair(suite, `exhausted ${name}`);
    const before = alice.snapshot();
    expect(() => alice.send('')).toThrow(expect.objectContaining({ code: 'empty-plaintext' }));
    expect(alice.snapshot()).toEqual(before);
    const start = alice.ratchet;
    alice.ratchet = { ...start, sendingMessageSequence: 0xffff_ffff };
    expect(() => alice.send('x')).toThrow(expect.objectContaining({ code: 'exhausted' }));
    const chainKey = { ...start.sender.chainKey, index: 0xffff_ffff };
    alice.ratchet = { ...start, sender: { ...start.sender, chainKey } };
    expect(() => alice.send('x')).toThrow(expect.objectContaining({ code: 'exhausted' }));
    alice.ratchet = { ...start, sendingMessageSequence: 0xffff_fffe };
    expect(alice.send('x').sendingMessageSequence).toBe(0xffff_ffff);
  });

  test('a root step that would not fit its counter is refused', () => {
    const { alice, bob } = newPair(suite, `last root ${name}`);
    bob.ratchet = { ...bob.ratchet, rootSequence: 0xffff_fffe };
    expectRefused(bob, { ...alice.send('x'), rootSequence: 0xffff_ffff }, 'exhausted');
  });
});

describe('the double ratchet of Curve25519', () => {
  test('a ratchet key of small order or with its ignored bit set is refused', () => {
    const { alice, bob } = newPair(testedSuites[0]!, 'small order');
    const genuine = alice.send('x');
    expectRefused(bob, { ...genuine, ratchetKey: new Uint8Array(32) }, 'zero-shared-secret');
    const highBit = Uint8Array.from(genuine.ratchetKey);
    highBit[31] = (highBit[31] ?? 0) | 0x80;
    expectRefused(bob, { ...genuine, ratchetKey: highBit }, 'ratchet-key');
    expect(bob.receive(genuine)).toBe('x');
  });
});
