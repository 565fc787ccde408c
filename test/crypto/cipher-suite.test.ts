import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { cipherSuite, defaultSuite, packSuiteId, splitPackId, suiteByName, suites } from '../../lib/crypto/cipher-suite.js';
import { kemByCode, kemSchemes } from '../../lib/crypto/kem.js';
import { signatureByCode, signatureSchemes } from '../../lib/crypto/signature.js';
import { defaultVectorDirectory } from '../vectors/run-vectors.js';
import { errorOf } from './error-code.js';

test('the default suite is ML-DSA-87 with ML-KEM-1024', () => {
  expect(defaultSuite).toMatchObject({ name: 'mldsa87-mlkem1024', packId: 0x00113101, hash: { name: 'SHA-256', digestLength: 32 } });
  expect(defaultSuite.signature.name).toBe('ML-DSA-87');
  expect(defaultSuite.agreement.name).toBe('ML-KEM-1024');
});

test('the classic suite is Curve25519 for both', () => {
  expect(cipherSuite(1)).toMatchObject({ name: 'curve25519', signature: { code: 0 }, agreement: { code: 0, kind: 'diffie-hellman' } });
});

test('every pair of schemes is one suite with each hash of 256 bits and more', () => {
  expect(suites()).toHaveLength(signatureSchemes.length * (kemSchemes.length + 1) * 6);
  expect(new Set(suites().map((suite) => suite.name)).size).toBe(suites().length);
  expect(new Set(suites().map(({ hash }) => hash.name))).toEqual(
    new Set(['SHA-256', 'SHA-384', 'SHA-512', 'SHA3-256', 'SHA3-384', 'SHA3-512']),
  );
});

test('a hash other than the usual one is named at the end', () => {
  expect(suiteByName('mldsa87-mlkem1024-sha3-512')).toMatchObject({ packId: 0x0011310b, hash: { digestLength: 64 }, isInReference: false });
  expect(suiteByName('curve25519-sha384')).toMatchObject({ packId: 0x00000002, hash: { digestLength: 48 } });
});

describe.each(signatureSchemes.map((signature) => [signature.name, signature] as const))('the suites of %s', (_, signature) => {
  test('are immutable and found by number and name, the same object each time', () => {
    for (const suite of suites().filter((each) => each.signature === signature)) {
      expect(Object.isFrozen(suite)).toBe(true);
      expect(cipherSuite(suite.packId)).toBe(suite);
      expect(suiteByName(suite.name)).toBe(suite);
      const { agreement, hash } = suite;
      expect(splitPackId(suite.packId)).toEqual({
        version: 0,
        signature: signature.code,
        agreement: agreement.code,
        symmetric: 0,
        hash: hash.code,
      });
    }
  });
});

test.each([0, 0x00113100, 0x00113111, 0x01113101, 0x00ff3101, 0x0011ff01, -1, 2 ** 32 + 0x00113101, 0.5, Number.NaN])(
  'no suite has the pack id %d',
  (id) => {
    expect(errorOf(() => cipherSuite(id))).toBe('UsageError unknown-suite');
  },
);

test('no suite has a name nobody gave', () => {
  for (const name of ['', 'toString', 'mldsa87', 'MLDSA87-MLKEM1024'])
    expect(errorOf(() => suiteByName(name))).toBe('UsageError unknown-suite');
});

test('parts of a pack id are cut to their fields and the number stays positive', () => {
  expect(packSuiteId({ version: 0xff, signature: 0xff, agreement: 0xff, symmetric: 0xf, hash: 0xf })).toBe(0xffffffff);
  expect(packSuiteId({ version: 0x100, signature: 0x111, agreement: 0x131, symmetric: 0x10, hash: 0x11 })).toBe(0x00113101);
});

type Row = readonly [version: number, signature: number, agreement: number, symmetric: number, hash: number, id: number, accepted: boolean];

describe('the pack ids of the reference', () => {
  const file = join(defaultVectorDirectory(process.env) ?? '', 'interop', 'pack-ids.json');
  if (!existsSync(file)) {
    test.skip('are not at hand: name the folder of vectors in SKISSM_VECTORS', () => undefined);
    return;
  }
  const { rows, default: defaultId } = JSON.parse(readFileSync(file, 'utf8')) as { rows: readonly Row[]; default: number };

  test('name the same default', () => {
    expect(defaultSuite.packId).toBe(defaultId);
  });

  test('have the values we compute', () => {
    expect(rows.length).toBeGreaterThan(0);
    for (const [version, signature, agreement, symmetric, hash, id] of rows) {
      expect(packSuiteId({ version, signature, agreement, symmetric, hash })).toBe(id);
    }
  });

  test('are accepted exactly when both schemes are here, with AES-256-GCM and a hash of 256 bits and more', () => {
    for (const [version, signature, agreement, symmetric, hash, id] of rows) {
      const [ds, kem] = [signatureByCode(signature & 0xff), kemByCode(agreement & 0xff)];
      const isHash = [1, 2, 3, 9, 10, 11].includes(hash & 0xf);
      const ours = ds !== undefined && kem !== undefined && isHash && (version & 0xff) === 0 && (symmetric & 0xf) === 0;
      if (ours) expect(cipherSuite(id)).toMatchObject({ packId: id, signature: ds, agreement: kem });
      else expect(errorOf(() => cipherSuite(id))).toBe('UsageError unknown-suite');
    }
  });

  test('that the reference accepts are accepted by us if we have the schemes', () => {
    const accepted = rows.filter(([, signature, agreement, , , , yes]) => yes && signatureByCode(signature) && kemByCode(agreement));
    expect(accepted.length).toBeGreaterThan(0);
    for (const [, , , , , id] of accepted) expect(errorOf(() => cipherSuite(id))).toBe('no error');
  });
});
