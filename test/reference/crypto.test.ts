/** The reference's test_crypto: suites by their wire codes. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { type CipherSuite, cipherSuite, defaultSuite, packSuiteId, splitPackId } from '../../lib/crypto/cipher-suite.js';
import { World } from '../support/scenario.js';
import { Ledger } from './ledger.js';

/** Every post-quantum signature of the wire, by code. Spec: wire.md §3 (AlgTypeDs). */
const signatures: Readonly<Record<string, number>> = {
  'ML-DSA-44': 1,
  'ML-DSA-65': 9,
  'ML-DSA-87': 17,
  'Falcon-512': 33,
  'Falcon-1024': 41,
  'SPHINCS+ SHA2 128f': 65,
  'SPHINCS+ SHA2 128s': 69,
  'SPHINCS+ SHA2 192f': 73,
  'SPHINCS+ SHA2 192s': 77,
  'SPHINCS+ SHA2 256f': 81,
  'SPHINCS+ SHA2 256s': 85,
  'SPHINCS+ SHAKE 128f': 89,
  'SPHINCS+ SHAKE 128s': 93,
  'SPHINCS+ SHAKE 192f': 97,
  'SPHINCS+ SHAKE 192s': 101,
  'SPHINCS+ SHAKE 256f': 105,
  'SPHINCS+ SHAKE 256s': 109,
};

/** Every KEM of the wire but Classic McEliece, by code. Spec: wire.md §3 (AlgTypeKem). */
const kems: Readonly<Record<string, number>> = {
  'HQC-128': 1,
  'HQC-192': 9,
  'HQC-256': 17,
  'ML-KEM-512': 33,
  'ML-KEM-768': 41,
  'ML-KEM-1024': 49,
};

interface Combination {
  readonly name: string;
  readonly suite: CipherSuite;
}

function combination(signature: string, kem: string): Combination {
  const codes = { version: 0, signature: signatures[signature] ?? 0, agreement: kems[kem] ?? 0, symmetric: 0, hash: 1 };
  return { name: `${signature} with ${kem}`, suite: cipherSuite(packSuiteId(codes)) };
}

let world: World | undefined;

afterEach(async () => {
  expect((await world?.end()) ?? []).toEqual([]);
  world = undefined;
});

/** Two users of the suite register, one invites the other, and both write. */
async function expectConversation(suite: CipherSuite): Promise<void> {
  world = await World.create(`reference suite ${suite.name}`, { limits: { lowOneTimePreKeys: 0 } });
  const register = { register: { suite, oneTimePreKeys: 1 } };
  const [alice, bob] = [await world.join('alice', 'one', register), await world.join('bob', 'one', register)];
  expect([alice.client.suite, bob.client.suite]).toEqual([suite, suite]);
  const ledger = new Ledger(world, [alice, bob]);
  await alice.client.invite(bob.user);
  await bob.sees('session-ready');
  await alice.sees('session-ready');
  await ledger.says(alice, bob, 'from Alice');
  await ledger.holds();
  await ledger.says(bob, alice, 'from Bob');
  await ledger.holds();
}

function testCombinations(combinations: readonly Combination[]): void {
  test.each(combinations)('$name: both directions are read', ({ suite }) => expectConversation(suite));
}

test('test_crypto e2ees_pack_id: the default id is the computed one, and its parts are ML-DSA-87, ML-KEM-1024, AES-GCM and SHA2-256', () => {
  const parts = { version: 0, signature: 17, agreement: 49, symmetric: 0, hash: 1 };
  expect(packSuiteId(parts)).toBe(0x00113101);
  expect(defaultSuite.packId).toBe(0x00113101);
  expect(splitPackId(defaultSuite.packId)).toEqual(parts);
  expect([defaultSuite.signature.name, defaultSuite.agreement.name]).toEqual(['ML-DSA-87', 'ML-KEM-1024']);
  expect(cipherSuite(0x00113101)).toBe(defaultSuite);
});

describe('test_crypto one_to_one_session_selected: register, invite, and a message in each direction', () => {
  const selected = ['ML-DSA-87', 'Falcon-1024', 'SPHINCS+ SHA2 256s', 'SPHINCS+ SHAKE 256f'];
  testCombinations(selected.flatMap((signature) => ['HQC-256', 'ML-KEM-1024'].map((kem) => combination(signature, kem))));
});

describe('test_crypto one_to_one_session_all (disabled): every signature with every KEM', () => {
  const all = Object.keys(signatures).flatMap((signature) => Object.keys(kems).map((kem) => combination(signature, kem)));

  test('all 17 signatures and 6 KEMs are suites', () => {
    expect(new Set(all.map(({ suite }) => suite.packId)).size).toBe(17 * 6);
  });

  // Each signature once, each KEM three times or twice: the others talk in `npm run suites`.
  testCombinations(Object.keys(signatures).map((signature, index) => combination(signature, Object.keys(kems)[index % 6] ?? '')));
});
