import { expect, test } from '@jest/globals';
import { encodedAddress } from '../../lib/wire/address.js';
import { mostRecentAddresses, recentAddress } from '../../lib/wire/recent-addresses.js';

const text = (userId: string): string => Buffer.from(encodedAddress({ domain: 'example.test', userId, deviceId: 'd1' })).toString('latin1');

test('the same bytes give the same object, which nobody can change', () => {
  const first = recentAddress(text('alice'));
  expect(first).toEqual({ domain: 'example.test', userId: 'alice', deviceId: 'd1' });
  expect(recentAddress(text('alice'))).toBe(first);
  expect(Object.isFrozen(first)).toBe(true);
});

test('no more are remembered than the bound, the oldest goes first, and what was forgotten is read again', () => {
  const first = recentAddress(text('bob'));
  for (let user = 0; user < mostRecentAddresses - 1; user += 1) recentAddress(text(`user ${user}`));
  expect(recentAddress(text('bob'))).toBe(first);
  recentAddress(text('one more'));
  const again = recentAddress(text('bob'));
  expect(again).toEqual(first);
  expect(again).not.toBe(first);
});

test('long addresses are read, but not remembered', () => {
  const long = text('x'.repeat(250));
  expect(recentAddress(long)).toEqual(recentAddress(long));
  expect(recentAddress(long)).not.toBe(recentAddress(long));
});

test('what is no address is none, however often', () => {
  for (let time = 0; time < 2; time += 1) {
    expect(recentAddress('')).toBeUndefined();
    expect(recentAddress('\xff\xff')).toBeUndefined();
    expect(recentAddress(text('').slice(0, -1))).toBeUndefined();
  }
});
