/** The reference's test_ratchet. */
import { describe, expect, test } from '@jest/globals';
import { defaultSuite } from '../../lib/crypto/cipher-suite.js';
import { type Pair, type Side, newPair } from '../ratchet/side.js';

const { ratchetKeyLength } = defaultSuite.agreement;

function fresh(line: string): Pair {
  return newPair(defaultSuite, `reference ${line}`);
}

/** `texts` from one side to the other, each opened as soon as it is sealed. */
function expectHeard(from: Side, to: Side, ...texts: readonly string[]): void {
  expect(texts.map((text) => to.receive(from.send(text)))).toEqual(texts);
}

describe('the ratchet', () => {
  test('test_ratchet initialise_as_alice: a ratchet that has made its first root step', () => {
    const { ratchet } = fresh('alice').alice;
    expect(ratchet).toMatchObject({ rootSequence: 1, sendingMessageSequence: 0, receivedMessageSequence: 0 });
    expect(ratchet.sender.ourRatchetKey).toHaveLength(ratchetKeyLength);
  });

  test('test_ratchet initialise_as_bob: a ratchet at root 0 whose label is as long as a ciphertext', () => {
    const { ratchet } = fresh('bob').bob;
    expect(ratchet.rootSequence).toBe(0);
    expect(ratchet.sender.ourRatchetKey).toHaveLength(ratchetKeyLength);
  });

  test('test_ratchet alice_to_bob: Bob reads what Alice wrote', () => {
    const { alice, bob } = fresh('alice_to_bob');
    expectHeard(alice, bob, 'hello Bob');
  });

  test('test_ratchet bob_to_alice: before any step Alice reads what Bob wrote and stays at root 1', () => {
    const { alice, bob } = fresh('bob_to_alice');
    expectHeard(bob, alice, 'hello Alice');
    expect(alice.ratchet.rootSequence).toBe(1);
  });

  test('test_ratchet interaction_alice_first / bob_first: one message each way is read, whoever begins', () => {
    for (const [first, second] of [
      ['alice', 'bob'],
      ['bob', 'alice'],
    ] as const) {
      const pair = fresh(`${first} first`);
      expectHeard(pair[first], pair[second], 'from the first');
      expectHeard(pair[second], pair[first], 'from the second');
    }
  });

  test('test_ratchet out_of_order: the second message opens before the first, and no key is left', () => {
    const { alice, bob } = fresh('out_of_order');
    const [first, second] = [alice.send('first'), alice.send('second')];
    expect(bob.receive(second)).toBe('second');
    expect(bob.skipped.size).toBe(1);
    expect(bob.receive(first)).toBe('first');
    expect(bob.skipped.size).toBe(0);
  });

  test('test_ratchet continual_message: 1000 messages of one chain are all read', () => {
    const { alice, bob } = fresh('continual_message');
    expectHeard(alice, bob, ...Array.from({ length: 1000 }, (_, number) => `message ${number}`));
    expect(bob.ratchet.receiver.chainKey?.index).toBe(1000);
    expect(bob.skipped.size).toBe(0);
  });

  test('test_ratchet interaction_v2: ten rounds of two messages each way are read and leave no skipped key', () => {
    const { alice, bob } = fresh('interaction_v2');
    for (let round = 0; round < 10; round += 1) {
      expectHeard(alice, bob, `one ${round}`, `two ${round}`);
      expectHeard(bob, alice, `three ${round}`, `four ${round}`);
      expect([alice.skipped.size, bob.skipped.size]).toEqual([0, 0]);
    }
  });

  test('test_ratchet out_of_order_v2: ten messages of three chains are read, the late ones after ratchet steps', () => {
    const { alice, bob } = fresh('out_of_order_v2');
    const [a0, a1, a2, a3] = [alice.send('a0'), alice.send('a1'), alice.send('a2'), alice.send('a3')];
    expect(bob.receive(a1)).toBe('a1');
    const [b0, b1, b2] = [bob.send('b0'), bob.send('b1'), bob.send('b2')];
    expect(alice.receive(b2)).toBe('b2');
    const [a4, a5, a6] = [alice.send('a4'), alice.send('a5'), alice.send('a6')];
    expect(bob.receive(a5)).toBe('a5');
    expect([a3, a0, a2, a6, a4].map((late) => bob.receive(late))).toEqual(['a3', 'a0', 'a2', 'a6', 'a4']);
    expect([b1, b0].map((late) => alice.receive(late))).toEqual(['b1', 'b0']);
    expect([alice.skipped.size, bob.skipped.size]).toEqual([0, 0]);
  });
});
