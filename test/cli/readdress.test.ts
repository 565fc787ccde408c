import { describe, expect, test } from '@jest/globals';
import type { DeviceAddress } from '../../lib/index.js';
import { readdressed } from '../../lib/cli/demo/readdress.js';
import { decodePush, encodePayload, encodePush } from '../../lib/wire/push.js';

const device = (userId: string): DeviceAddress => ({ domain: 'example.org', userId, deviceId: 'laptop' });

function pushTo(to: DeviceAddress, id: string): Uint8Array {
  const payload = encodePayload({ kind: 'client-heartbeat', value: { time: 1_700_000_000_000 } });
  return encodePush({ tag: { id, time: 300 }, from: device('sender'), to, payload, signatures: [] });
}

describe('a push that is given to another device', () => {
  test('names that device, and is the same in everything else', () => {
    const given = decodePush(readdressed(pushTo(device('bob'), 'one'), pushTo(device('somebody-else'), 'two')));
    const before = decodePush(pushTo(device('bob'), 'one'));
    expect(given.to).toMatchObject(device('somebody-else'));
    expect({ ...given, to: undefined, parts: undefined }).toEqual({ ...before, to: undefined, parts: undefined });
    expect(given.parts.payload).toEqual(before.parts.payload);
  });

  test.each([
    ['that names no device', new Uint8Array()],
    ['that ends inside a field', pushTo(device('bob'), 'one').subarray(0, -1)],
    ['with a number that has no end', new Uint8Array(12).fill(0xff)],
    ['with a field of no known form', Uint8Array.of(0x0b)],
  ])('is refused when it is one %s', (_, push) => {
    expect(() => readdressed(push, pushTo(device('bob'), 'two'))).toThrow(expect.objectContaining({ name: 'DecodeError', code: 'push' }));
  });
});
