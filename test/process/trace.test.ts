import { describe, expect, test } from '@jest/globals';
import { type Note, departuresOf, deliveryOf } from './trace.js';

const session = { session: 's', ratchetKey: 'k', rootSequence: 1 };

function left(sequence: number, ciphertext: string): Note {
  return { kind: 'request', name: 'send_one2one_msg', body: ciphertext, place: { ...session, sequence }, ciphertext };
}

function sent(text: string): Note[] {
  return [
    { kind: 'attempt', to: 'bob', text, life: 1 },
    { kind: 'sent', to: 'bob', text, messageId: `id of ${text}` },
  ];
}

function got(text: string, messageId = `id of ${text}`): Note {
  return { kind: 'got', from: 'alice', fromDevice: 'one', copy: false, text, messageId, life: 1 };
}

function acknowledged(text: string): Note {
  return { kind: 'acknowledged', messageId: `id of ${text}` };
}

function delivery(receiver: readonly Note[]): object {
  return deliveryOf([...sent('a'), ...sent('b'), ...sent('c')], 'alice', receiver, 'bob');
}

const good = { lost: [], repeated: [], outOfOrder: [], invented: [] };

describe('what is concluded from the notes of processes', () => {
  test('a key used twice is found, the same bytes sent again are not taken for it', () => {
    expect(departuresOf([left(0, 'x'), left(1, 'y'), left(0, 'x')])).toEqual({ again: 1, keysUsedTwice: [], places: 2 });
    expect(departuresOf([left(0, 'x'), left(1, 'y'), left(1, 'z')])).toEqual({ again: 0, keysUsedTwice: ['s 1 1'], places: 2 });
  });

  test('everything once and in order is good, and so is again what was not acknowledged', () => {
    expect(delivery([got('a'), got('b'), got('c')])).toMatchObject(good);
    expect(delivery([got('a'), acknowledged('a'), got('b'), got('b'), got('c')])).toMatchObject(good);
  });

  test('a lost, a repeated, a belated and an invented message are found', () => {
    expect(delivery([got('a'), got('c')])).toMatchObject({ ...good, lost: ['b'] });
    expect(delivery([got('a'), acknowledged('a'), got('a'), got('b'), got('c')])).toMatchObject({ ...good, repeated: ['a'] });
    expect(delivery([got('a'), got('b'), got('b', 'another id'), got('c')])).toMatchObject({ ...good, repeated: ['b'] });
    expect(delivery([got('b'), got('a'), got('c')])).toMatchObject({ ...good, outOfOrder: ['b'] });
    expect(delivery([got('a'), got('b'), got('c'), got('d')])).toMatchObject({ invented: ['d'] });
  });
});
