/** Bounds of what is decoded: a list, a text or a frame at its bound is taken, one beyond is refused by name. */
import { describe, expect, test } from '@jest/globals';
import { E2eeError } from '../../lib/base/errors.js';
import { limits } from '../../lib/base/limits.js';
import { text } from '../../lib/wire/field.js';
import { decodeFrame } from '../../lib/wire/frame.js';
import { e2ees } from '../../lib/wire/generated/e2ees.js';
import { readGroupDevices, readMembers } from '../../lib/wire/group.js';
import { decodePayload } from '../../lib/wire/push.js';

/** The code of the refusal, or `accepted`. */
function verdict(read: () => unknown): string {
  try {
    read();
    return 'accepted';
  } catch (error) {
    if (error instanceof E2eeError) return error.code;
    throw error;
  }
}

function repeated<T>(count: number, value: T): T[] {
  return new Array<T>(count).fill(value);
}

const address = { domain: 'd', user: { userId: 'u', deviceId: '1' } };

describe('a list at its bound is read and a longer one is not', () => {
  const lists: readonly (readonly [string, number, (count: number) => unknown])[] = [
    ['members of a group', limits.groupMembers, (count) => readMembers(repeated(count, { userId: 'u', domain: 'd', role: 1 }), 'members')],
    [
      'devices of a group',
      limits.groupDevices,
      (count) => readGroupDevices(repeated(count, { memberAddress: address, signPublicKey: new Uint8Array(1) }), 'devices'),
    ],
    [
      'devices of a user',
      limits.devicesPerUser,
      (count) => {
        const bytes = e2ees.AddUserDeviceMsg.encode({ userAddress: address, oldAddressList: repeated(count, address) }).finish();
        return decodePayload({ kind: 'add-user-device', bytes });
      },
    ],
  ];
  test.each(lists)('%s: %i', (_name, bound, read) => {
    expect(verdict(() => read(bound))).toBe('accepted');
    expect(verdict(() => read(bound + 1))).toBe('too-long');
  });
});

test('a name is measured in bytes of UTF-8, and one byte too many is refused', () => {
  expect(verdict(() => text('é'.repeat(limits.nameLength / 2), 'name'))).toBe('accepted');
  expect(verdict(() => text(`${'é'.repeat(limits.nameLength / 2)}x`, 'name'))).toBe('too-long');
});

test.each([
  ['small keys', limits.frameLength],
  ['large keys', limits.largeKeyFrameLength],
] as const)('a frame longer than those of suites with %s is not looked at', (_name, bound) => {
  const frame = new Uint8Array(bound + 1);
  expect(verdict(() => decodeFrame(frame, bound))).toBe('too-large');
  // Zeros are no frame, which is found out only by looking.
  expect(verdict(() => decodeFrame(frame.subarray(1), bound))).toBe('malformed');
});
