import { expect, test } from '@jest/globals';
import { type Peer, peerPrefix, putPeer, readPeer } from '../../lib/store/client/peer-rows.js';
import { encodeRecord } from '../../lib/store/record.js';

const peer: Peer = {
  device: { domain: 'example.test', userId: 'bob', deviceId: 'one' },
  knownSince: 1_700_000_000_000,
  agreementPin: new Uint8Array(32).fill(1),
  signingPin: undefined,
  isGone: false,
  approval: 'asked',
};

test('a row of a device is read as it was written, whatever the approval', () => {
  for (const approval of ['given', 'asked', 'rejected'] as const) {
    const { key, value } = putPeer({ ...peer, approval });
    if (value === undefined) throw new Error('no row');
    expect([...key.subarray(0, peerPrefix.length)]).toEqual([...peerPrefix]);
    expect(readPeer({ key, value })).toEqual({ ...peer, approval });
  }
});

test('devices of a store that knew no approval are approved', () => {
  const { key } = putPeer(peer);
  const value = encodeRecord(1, (writer) => {
    writer.optional(undefined, (name: string) => writer.string(name)).time(peer.knownSince);
    writer
      .optional(peer.agreementPin, (pin) => writer.bytes(pin))
      .optional(peer.signingPin, (pin: Uint8Array) => writer.bytes(pin))
      .boolean(peer.isGone);
  });
  expect(readPeer({ key, value })).toEqual({ ...peer, approval: 'given' });
});

test('an approval of no known kind makes the row a damaged one', () => {
  const { key, value } = putPeer(peer);
  if (value === undefined) throw new Error('no row');
  value[value.length - 1] = 9;
  expect(() => readPeer({ key, value })).toThrow(expect.objectContaining({ name: 'StoreError', code: 'damaged' }));
});
