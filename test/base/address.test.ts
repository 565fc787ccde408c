import { describe, expect, test } from '@jest/globals';
import { formatAddress, formatGroupAddress, parseDeviceAddress, parseGroupAddress, parseUserAddress } from '../../lib/base/address.js';

describe('addresses for people', () => {
  test('are read back as they were written', () => {
    const user = { userId: 'alice', domain: 'example.org' };
    const device = { ...user, deviceId: 'laptop' };
    const group = { groupId: '0f1e', domain: 'example.org' };
    expect(parseUserAddress(formatAddress(user))).toEqual(user);
    expect(parseDeviceAddress(formatAddress(device))).toEqual(device);
    expect(parseGroupAddress(formatGroupAddress(group))).toEqual(group);
  });

  test('of a group do not carry its name', () => {
    expect(formatGroupAddress({ groupId: '0f1e', domain: 'example.org', groupName: 'friends' })).toBe('0f1e@example.org');
  });

  test.each(['', 'alice', 'alice@', '@example.org', 'a@b@c', 'a b@c', 'alice@example.org/laptop'])(
    '%j names no user and no group',
    (text) => {
      const refused = expect.objectContaining({ name: 'UsageError', code: 'address' });
      expect(() => parseUserAddress(text)).toThrow(refused);
      expect(() => parseGroupAddress(text)).toThrow(refused);
    },
  );

  test.each(['alice@example.org', 'alice@example.org/', 'alice/laptop', 'a@b/c/d', 'a@b/c d'])('%j names no device', (text) => {
    expect(() => parseDeviceAddress(text)).toThrow(expect.objectContaining({ name: 'UsageError', code: 'address' }));
  });
});
