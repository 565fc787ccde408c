import { describe, expect, test } from '@jest/globals';
import { asSessionId } from '../../lib/base/brand.js';
import { Secret, copySecret } from '../../lib/base/secret.js';
import { suiteByName } from '../../lib/crypto/cipher-suite.js';
import { groupRoles } from '../../lib/group/membership.js';
import { encodeMessage } from '../../lib/wire/codec.js';
import { e2ees } from '../../lib/wire/generated/e2ees.js';
import { type GroupSessionRecord, decodeGroupSessionRecord, encodeGroupSessionRecord } from '../../lib/wire/group-session-record.js';

const domain = 'example.org';
const alice = { domain, userId: 'alice', deviceId: 'a' };
const bytes = (length: number) => Uint8Array.from({ length }, (_, index) => index);

function record(changes: Partial<GroupSessionRecord> = {}): GroupSessionRecord {
  return {
    suite: suiteByName('curve25519'),
    sessionId: asSessionId('AAECAwQFBgcICQoLDA0ODw=='),
    sender: alice,
    owner: { ...alice, deviceId: 'b' },
    group: { name: 'a group', address: { domain, groupId: 'group' }, members: [{ domain, userId: 'alice', role: groupRoles.manager }] },
    sequence: 7,
    chainKey: new Secret(copySecret(bytes(32))),
    seed: undefined,
    signingKey: bytes(32),
    ...changes,
  };
}

describe('the stored form of a chain', () => {
  test.each<[string, GroupSessionRecord]>([
    ['complete', record()],
    ['by seed', record({ chainKey: undefined, signingKey: undefined, seed: new Secret(copySecret(bytes(32))) })],
    ['by member', record({ sessionId: undefined, chainKey: undefined, sequence: 0 })],
  ])('comes back as it was: %s', (_, before) => {
    const encoded = encodeGroupSessionRecord(before);
    const after = decodeGroupSessionRecord(encoded);
    expect({ ...after, chainKey: after.chainKey?.expose(), seed: after.seed?.expose() }).toEqual({
      ...before,
      chainKey: before.chainKey?.expose(),
      seed: before.seed?.expose(),
    });
    expect(encodeGroupSessionRecord(after)).toEqual(encoded);
  });

  test.each<[string, GroupSessionRecord]>([
    ['a chain key', record({ chainKey: new Secret(copySecret(bytes(31))) })],
    ['a seed', record({ seed: new Secret(copySecret(bytes(33))) })],
  ])('is refused with %s of another length', (_, given) => {
    expect(() => decodeGroupSessionRecord(encodeGroupSessionRecord(given))).toThrow(expect.objectContaining({ code: 'malformed' }));
  });

  test('is refused when the associated data is not a signing key twice', () => {
    for (const associatedData of [bytes(63), bytes(64)]) {
      const changed = e2ees.GroupSession.decode(encodeGroupSessionRecord(record()));
      changed.associatedData = associatedData;
      const encoded = encodeMessage(e2ees.GroupSession, changed);
      expect(() => decodeGroupSessionRecord(encoded)).toThrow(expect.objectContaining({ code: 'malformed' }));
    }
  });

  test('is refused above the bound, cut short and without a sender', () => {
    const encoded = encodeGroupSessionRecord(record());
    expect(() => decodeGroupSessionRecord(encoded, encoded.length - 1)).toThrow(expect.objectContaining({ code: 'too-large' }));
    expect(() => decodeGroupSessionRecord(encoded.subarray(0, -1))).toThrow(expect.objectContaining({ code: 'truncated' }));
    const lacking = e2ees.GroupSession.decode(encoded);
    lacking.sender = null;
    expect(() => decodeGroupSessionRecord(encodeMessage(e2ees.GroupSession, lacking))).toThrow(
      expect.objectContaining({ code: 'missing-field' }),
    );
  });
});
