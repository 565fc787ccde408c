import { describe, expect, test } from '@jest/globals';
import { Direction, type DirectionResult } from '../../lib/cli/demo/direction.js';

const bytes = (value: string): Uint8Array => Buffer.from(value, 'utf8');
const lines = ['one\n', 'two\n', 'two\n', '\n'];

/** Sends the lines under the ids m0, m1, … and lets these arrive: the id, and the text where it is not the sent one. */
function balance(arrivals: readonly (readonly [id: number | string, text?: string])[]): DirectionResult {
  const direction = new Direction();
  for (const line of lines) direction.expect(bytes(line));
  for (const position of lines.keys()) direction.sent(`m${position}`);
  for (const [id, text] of arrivals) {
    const sent = typeof id === 'number' ? lines[id] : undefined;
    direction.received(typeof id === 'number' ? `m${id}` : id, bytes(text ?? sent ?? ''));
  }
  return direction.result();
}

describe('the books of one direction', () => {
  test('everything that arrives once and in order is in order, equal lines included', () => {
    expect(balance([[0], [1], [2], [3]])).toEqual({ arrived: 4, lost: 0, duplicated: 0, outOfOrder: 0, altered: 0, identical: true });
  });

  test('a message that does not arrive is lost although an equal line arrived', () => {
    expect(balance([[0], [1], [3]])).toMatchObject({ arrived: 3, lost: 1, identical: false });
  });

  test('a second arrival of a message is a duplicate', () => {
    expect(balance([[0], [1], [1], [2], [3]])).toMatchObject({ arrived: 4, lost: 0, duplicated: 1, identical: false });
  });

  test('an arrival that nobody sent counts as a duplicate', () => {
    expect(balance([[0], ['strange', 'two\n'], [1], [2], [3]])).toMatchObject({ lost: 0, duplicated: 1, identical: false });
  });

  test('a message that arrives after a later one is out of order although equal lines hide it from the bytes', () => {
    expect(balance([[0], [2], [1], [3]])).toEqual({ arrived: 4, lost: 0, duplicated: 0, outOfOrder: 1, altered: 0, identical: true });
  });

  test('a message with other bytes is altered', () => {
    expect(balance([[0], [1, 'tow\n'], [2], [3]])).toMatchObject({ lost: 0, altered: 1, identical: false });
  });

  test('a message that arrives before its sender reported it counts when the report comes', () => {
    const direction = new Direction();
    direction.expect(bytes('early\n'));
    direction.received('m0', bytes('early\n'));
    expect(direction.arrivals).toBe(1);
    direction.sent('m0');
    expect(direction.result()).toMatchObject({ arrived: 1, lost: 0, duplicated: 0, identical: true });
  });
});
