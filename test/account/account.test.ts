import { describe, expect, test } from '@jest/globals';
import {
  type Account,
  createAccount,
  currentSignedPreKey,
  isSignedPreKeyExpired,
  renewSignedPreKey,
  signedPreKey,
  supplyOneTimePreKeys,
} from '../../lib/account/account.js';
import { identityKeyOf } from '../../lib/account/identity-key.js';
import { oneTimePreKeyPublic } from '../../lib/account/one-time-pre-key.js';
import { verifyBundle } from '../../lib/account/pre-key-bundle.js';
import { signedPreKeyPublic } from '../../lib/account/signed-pre-key.js';
import { toHex } from '../../lib/base/bytes.js';
import { ProtocolError } from '../../lib/base/errors.js';
import { limits, usualOneTimePreKeys } from '../../lib/base/limits.js';
import type { Secret } from '../../lib/base/secret.js';
import { suiteByName } from '../../lib/crypto/cipher-suite.js';
import { executeJob } from '../../lib/crypto/execute.js';
import { drive } from '../../lib/crypto/job.js';
import { verify } from '../../lib/crypto/signature.js';
import { answer, invite, newDevice, now } from '../session/parties.js';
import { seededRun } from '../support/seeded-jobs.js';

const address = { domain: 'example.org', userId: 'alice', deviceId: 'd1' };

function expectSigned(account: Account): void {
  const { keyPair, signature } = currentSignedPreKey(account);
  expect(verify(account.suite.signature, account.identity.signing.publicKey, keyPair.publicKey, signature)).toBe(true);
}

test('a device has a hundred one-time pre-keys, fewer when they are large, and never less than four', () => {
  const countOf = (name: string, most?: number): number => usualOneTimePreKeys(suiteByName(name).agreement.publicKeyLength, most);
  expect(countOf('mldsa87-mlkem1024')).toBe(limits.initialOneTimePreKeys);
  expect(countOf('mldsa44-hqc256')).toBe(limits.initialOneTimePreKeys);
  expect(countOf('mldsa44-classicmceliece348864')).toBe(16);
  expect(countOf('mldsa44-classicmceliece8192128f')).toBe(limits.fewestOneTimePreKeys);
  expect([countOf('mldsa87-mlkem1024', 1_000), countOf('mldsa44-hqc256', 1_000)]).toEqual([1_000, 578]);
  expect([countOf('mldsa44-hqc256', 3), countOf('mldsa44-classicmceliece8192128f', 1_000)]).toEqual([3, limits.fewestOneTimePreKeys]);
});

describe.each(['curve25519', 'mldsa44-mlkem512', 'mldsa87-mlkem1024'])('an account of %s', (name) => {
  const suite = suiteByName(name);
  const { agreement, signature } = suite;
  const run = seededRun(`account ${name}`);

  test('has keys of the right lengths, a signed pre-key 1 for seven days and one-time pre-keys from 1', () => {
    const { account, oneTimePreKeys } = run(createAccount({ suite, address, oneTimePreKeys: limits.initialOneTimePreKeys, now }));
    const { identity } = account;
    expect(identity.agreement.publicKey).toHaveLength(agreement.publicKeyLength);
    expect(identity.agreement.privateKey).toHaveLength(agreement.privateKeyLength);
    expect(identity.signing.publicKey).toHaveLength(signature.publicKeyLength);
    expect(identity.signing.privateKey).toHaveLength(signature.privateKeyLength);
    expect(account).toMatchObject({ suite, address, nextOneTimePreKeyId: 101, signedPreKeys: [{ id: 1, expires: now + 604_800_000 }] });
    expectSigned(account);
    expect(oneTimePreKeys.map(({ id }) => id)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    expect(new Set(oneTimePreKeys.map(({ state }) => state))).toEqual(new Set(['unpublished']));
    const publicKeys = [identity.agreement, currentSignedPreKey(account).keyPair, ...oneTimePreKeys.map(({ keyPair }) => keyPair)];
    expect(new Set(publicKeys.map(({ publicKey }) => toHex(publicKey))).size).toBe(102);
    expect(new Set(publicKeys.map(({ privateKey }) => toHex(privateKey.expose()))).size).toBe(102);
  });

  test('can be made eight times with different keys, also without one-time pre-keys', () => {
    const made = Array.from({ length: 8 }, () => run(createAccount({ suite, address, oneTimePreKeys: 0, now })));
    expect(new Set(made.map(({ account }) => toHex(account.identity.signing.publicKey))).size).toBe(8);
    expect(made.map(({ account, oneTimePreKeys }) => [account.nextOneTimePreKeyId, oneTimePreKeys.length])).toEqual(made.map(() => [1, 0]));
  });

  test('publishes a bundle that verifies', () => {
    const { account, oneTimePreKeys } = run(createAccount({ suite, address, oneTimePreKeys: 1, now }));
    const bundle = {
      address,
      suite,
      identityKey: identityKeyOf(account.identity),
      signedPreKey: signedPreKeyPublic(currentSignedPreKey(account)),
      oneTimePreKey: oneTimePreKeyPublic(oneTimePreKeys[0]!),
    };
    expect(() => run(verifyBundle(bundle))).not.toThrow();
    expect(JSON.stringify(bundle)).not.toContain('secret');
  });

  test('renewing keeps the previous signed pre-key and retires the one before it', () => {
    const { account: first } = run(createAccount({ suite, address, oneTimePreKeys: 0, now }));
    expect([isSignedPreKeyExpired(first, now + 604_800_000), isSignedPreKeyExpired(first, now + 604_800_001)]).toEqual([false, true]);
    const second = run(renewSignedPreKey(first, now + 1000));
    expect(second.account.signedPreKeys.map(({ id }) => id)).toEqual([2, 1]);
    expect(currentSignedPreKey(second.account).expires).toBe(now + 1000 + 604_800_000);
    expectSigned(second.account);
    expect(second.retired).toEqual([]);
    const third = run(renewSignedPreKey(second.account, now));
    expect(third.account.signedPreKeys.map(({ id }) => id)).toEqual([3, 2]);
    expect(third.retired).toEqual([currentSignedPreKey(first).keyPair.privateKey]);
    expect(signedPreKey(third.account, 2).id).toBe(2);
    expect(() => signedPreKey(third.account, 1)).toThrow(expect.objectContaining({ code: 'unknown-pre-key' }));
    expect(first.signedPreKeys).toHaveLength(1);
  });

  test('a supply of 50 continues the ids, and an invite with the first of them works', () => {
    const bob = newDevice(suite, 'bob', 100);
    const supplied = bob.run(supplyOneTimePreKeys(bob.account, 50));
    expect(supplied.account.nextOneTimePreKeyId).toBe(151);
    expect(supplied.oneTimePreKeys.map(({ id }) => id)).toEqual(Array.from({ length: 50 }, (_, index) => 101 + index));
    bob.account = supplied.account;
    bob.oneTimePreKeys = [...bob.oneTimePreKeys, ...supplied.oneTimePreKeys];
    expect(bob.oneTimePreKeys).toHaveLength(150);
    const { invite: arrived } = invite(newDevice(suite, 'alice', 0), bob, 101);
    expect(arrived.oneTimePreKeyId).toBe(101);
    expect(answer(bob, arrived).session.oneTimePreKeyId).toBe(101);
  });

  test('a count that is no allowed number is refused, and ids that have run out', () => {
    const { account } = run(createAccount({ suite, address, oneTimePreKeys: 0, now }));
    for (const count of [-1, 1.5, limits.oneTimePreKeys + 1, Number.NaN]) {
      expect(() => run(supplyOneTimePreKeys(account, count))).toThrow(expect.objectContaining({ code: 'pre-key-count' }));
    }
    const full = { ...account, nextOneTimePreKeyId: 0xffff_ffff };
    expect(() => run(supplyOneTimePreKeys(full, 1))).toThrow(expect.objectContaining({ code: 'pre-key-ids' }));
    const last = { ...account, signedPreKeys: [{ ...currentSignedPreKey(account), id: 0xffff_ffff }] };
    expect(() => run(renewSignedPreKey(last, now))).toThrow(expect.objectContaining({ code: 'exhausted' }));
  });

  test('a refused signature leaves no key behind', () => {
    const secrets: Secret<string>[] = [];
    const withoutSigning = () =>
      drive(createAccount({ suite, address, oneTimePreKeys: 2, now }), (jobs) =>
        jobs.map((job) => {
          if (job.operation === 'sign') return { ok: false, error: new ProtocolError('bad-private-key', 'refused') };
          const outcome = executeJob(job);
          if (outcome.ok && typeof outcome.value === 'object' && 'privateKey' in outcome.value) secrets.push(outcome.value.privateKey);
          return outcome;
        }),
      );
    expect(withoutSigning).toThrow(expect.objectContaining({ code: 'bad-private-key' }));
    expect(secrets.map((secret) => secret.length)).toEqual([0, 0, 0, 0, 0]);
  });
});
