/** Rows of the right form that say what cannot be. */
import { expect, test } from '@jest/globals';
import { accountKeys, putIdentity, readCertificate, readIdentity } from '../../lib/store/client/account-rows.js';
import { readGroupIndex } from '../../lib/store/client/group-rows.js';
import { type SessionIndex, putSessionIndex, readSessionIndex } from '../../lib/store/client/session-rows.js';
import { putRow, writeGroupAddress } from '../../lib/store/client/row.js';
import { asSessionId } from '../../lib/base/brand.js';
import { suiteByName } from '../../lib/crypto/cipher-suite.js';
import { Peer } from '../mutation/peer.js';
import { Dice } from '../mutation/dice.js';
import { seededRun } from '../support/seeded-jobs.js';
import type { Row, Write } from '../../lib/store/store.js';

const suite = suiteByName('curve25519');
const device = { domain: 'example.test', userId: 'alice', deviceId: 'phone' };
/** A pack id of no suite. */
const noSuite = 0x7f7f_7f01;
const damaged = expect.objectContaining({ name: 'StoreError', code: 'damaged' });

function rowOf({ key, value }: Write): Row {
  if (value === undefined) throw new Error('no row');
  return { key, value };
}

test('an identity of no known suite is a damaged row', () => {
  const { account } = new Peer(seededRun('rows'), new Dice('rows'), suite, device, 0);
  const { address, identity } = account;
  expect(readIdentity(rowOf(putIdentity({ suite, address, identity })).value)).toMatchObject({ suite, address });
  const row = rowOf(putIdentity({ suite: { ...suite, packId: noSuite }, address, identity }));
  expect(() => readIdentity(row.value)).toThrow(damaged);
});

test('a session of no known suite is a damaged row', () => {
  const index: SessionIndex = {
    sessionId: asSessionId('AAECAwQFBgcICQoLDA0ODw=='),
    peer: device,
    suite,
    role: 'initiator',
    state: 'ready',
    confirmed: true,
    inviteTime: 1,
    signedPreKeyId: 1,
    oneTimePreKeyId: 0,
  };
  expect(readSessionIndex(rowOf(putSessionIndex(index)))).toEqual(index);
  expect(() => readSessionIndex(rowOf(putSessionIndex({ ...index, suite: { ...suite, packId: noSuite } })))).toThrow(damaged);
});

test('a group of no known suite is a damaged row', () => {
  const head = (packId: number): Row =>
    rowOf(
      putRow('group', Uint8Array.of(1), (writer) => {
        writeGroupAddress(writer, { domain: 'example.test', groupId: 'group' });
        writer
          .string('name')
          .uint(packId)
          .list([], () => undefined);
      }),
    );
  expect(readGroupIndex(head(suite.packId))).toMatchObject({ suite, name: 'name' });
  expect(() => readGroupIndex(head(noSuite))).toThrow(damaged);
});

test('a certificate that is none is a damaged row', () => {
  const row = rowOf(putRow('account', accountKeys.certificate, (writer) => writer.bytes(Uint8Array.of(0xff))));
  expect(() => readCertificate(row.value)).toThrow(damaged);
});
