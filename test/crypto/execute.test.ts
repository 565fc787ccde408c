import { beforeEach, describe, expect, test } from '@jest/globals';
import { utf8 } from '../../lib/base/bytes.js';
import { Secret } from '../../lib/base/secret.js';
import { createExecutor, executeJob, executeJobs, runInline } from '../../lib/crypto/execute.js';
import { type Computation, type Job, type JobOutcome, all, one } from '../../lib/crypto/job.js';
import { generateAgreementKeyPair, kemByCode, kemSchemes, x25519Scheme } from '../../lib/crypto/kem.js';
import type { KemScheme } from '../../lib/crypto/scheme.js';
import { generateSigningKeyPair, sign, signatureByCode, signatureSchemes } from '../../lib/crypto/signature.js';
import { testingAddon } from '../support/vectors-random.js';
import { errorOf } from './error-code.js';
import { altered, seededBytes } from './seeded-bytes.js';
import { chainSecret } from '../support/chain-secret.js';

const scheme = kemByCode(33) as KemScheme;
const signing = signatureByCode(1)!;
const chainKey = () => chainSecret(seededBytes('chain key', 32));
const message = utf8('a message');

/** Plain values of an outcome, for comparison: secrets as their bytes. */
function shown(value: unknown): unknown {
  if (value instanceof Secret) return value.expose();
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(shown);
  if (value instanceof Error) return `${value.name} ${'code' in value ? String(value.code) : ''}`;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, shown(entry)]));
}

const values = (outcomes: readonly JobOutcome[]) =>
  outcomes.map((outcome) => {
    if (!outcome.ok) throw outcome.error;
    return outcome.value;
  });

/** Jobs whose results depend on no randomness but what their keys were made with. */
function repeatableJobs(): Job[] {
  const pair = generateAgreementKeyPair(scheme);
  const signer = generateSigningKeyPair(signing);
  const signature = sign(signing, signer.privateKey, message);
  const peer = generateAgreementKeyPair(x25519Scheme);
  const ciphertext = seededBytes('ciphertext', scheme.ciphertextLength);
  return [
    { operation: 'decapsulate', scheme, privateKey: pair.privateKey, ciphertext },
    { operation: 'is-encapsulated-to', scheme, privateKey: pair.privateKey, ciphertext },
    { operation: 'agree', scheme: x25519Scheme, privateKey: peer.privateKey, publicKey: peer.publicKey },
    { operation: 'verify', scheme: signing, publicKey: signer.publicKey, message, signature },
    { operation: 'verify', scheme: signing, publicKey: signer.publicKey, message, signature: altered(signature, 5) },
    { operation: 'verify', scheme: signing, publicKey: signer.publicKey, message, signature: signature.subarray(1) },
    { operation: 'walk-chain', chainKey: chainKey(), steps: 300 },
    { operation: 'message-keys', chainKey: chainKey(), count: 3 },
    { operation: 'message-keys', chainKey: chainKey(), count: 0 },
  ];
}

describe('jobs give the same inline and in the thread pool', () => {
  test('when they draw no randomness', async () => {
    const jobs = repeatableJobs();
    expect((await executeJobs(jobs)).map(shown)).toEqual(jobs.map(executeJob).map(shown));
  });

  describe('when their randomness is given', () => {
    const native = testingAddon();
    const executor = createExecutor(native);
    const signer = generateSigningKeyPair(signing);
    const jobs: readonly Job[] = [
      { operation: 'agreement-key-pair', scheme },
      { operation: 'encapsulate', scheme, publicKey: generateAgreementKeyPair(scheme).publicKey },
      { operation: 'signing-key-pair', scheme: signing },
      { operation: 'sign', scheme: signing, privateKey: signer.privateKey, message },
    ];

    beforeEach(() => {
      native.clearQueuedRandom();
      native.queueRandom(seededBytes('jobs', 64 + 32 + 32 + 32));
    });

    test('one after another', async () => {
      const inline = jobs.map((job) => executor.executeJob(job));
      expect(native.queuedRandomLength()).toBe(0);
      native.queueRandom(seededBytes('jobs', 64 + 32 + 32 + 32));
      const pooled = await executor.executeJobs(jobs);
      expect(native.queuedRandomLength()).toBe(0);
      expect(values(pooled).map(shown)).toEqual(values(inline).map(shown));
    });
  });
});

describe('every scheme works in the thread pool', () => {
  test.each(kemSchemes)('$name', async (kem) => {
    const [pair] = values(await executeJobs([{ operation: 'agreement-key-pair', scheme: kem }])) as [
      ReturnType<typeof generateAgreementKeyPair>,
    ];
    const made = values(await executeJobs([{ operation: 'encapsulate', scheme: kem, publicKey: pair.publicKey }]))[0] as {
      ciphertext: Uint8Array;
      sharedSecret: Secret<'SharedSecret'>;
    };
    const { privateKey } = pair;
    const [secret, genuine] = values(
      await executeJobs([
        { operation: 'decapsulate', scheme: kem, privateKey, ciphertext: made.ciphertext },
        { operation: 'is-encapsulated-to', scheme: kem, privateKey, ciphertext: made.ciphertext },
      ]),
    );
    expect(shown(secret)).toEqual(made.sharedSecret.expose());
    expect(genuine).toBe(true);
  });

  test.each(signatureSchemes)('$name', async (entry) => {
    const [pair] = values(await executeJobs([{ operation: 'signing-key-pair', scheme: entry }])) as [
      ReturnType<typeof generateSigningKeyPair>,
    ];
    const [signature] = values(await executeJobs([{ operation: 'sign', scheme: entry, privateKey: pair.privateKey, message }])) as [
      Uint8Array,
    ];
    const { publicKey } = pair;
    const verdicts = values(
      await executeJobs([
        { operation: 'verify', scheme: entry, publicKey, message, signature },
        { operation: 'verify', scheme: entry, publicKey, message: altered(message, 0), signature },
      ]),
    );
    expect(verdicts).toEqual([true, false]);
  });
});

describe('a refused job', () => {
  const pair = generateAgreementKeyPair(scheme);
  const wiped = generateAgreementKeyPair(scheme).privateKey;
  wiped.wipe();
  const good: Job = { operation: 'walk-chain', chainKey: chainKey(), steps: 1 };
  const unreduced = new Uint8Array(scheme.publicKeyLength).fill(0xff);
  const ciphertext = new Uint8Array(scheme.ciphertextLength);
  const guilty: readonly (readonly [string, Job, string])[] = [
    ['an invalid public key', { operation: 'encapsulate', scheme, publicKey: unreduced }, 'ProtocolError bad-public-key'],
    ['a key of a wrong length', { operation: 'encapsulate', scheme, publicKey: new Uint8Array(3) }, 'UsageError argument-length'],
    [
      'a ciphertext of a wrong length',
      { operation: 'decapsulate', scheme, privateKey: pair.privateKey, ciphertext: ciphertext.subarray(1) },
      'UsageError argument-length',
    ],
    ['a wiped key', { operation: 'decapsulate', scheme, privateKey: wiped, ciphertext }, 'InternalError secret-wiped'],
    [
      'a point of small order',
      {
        operation: 'agree',
        scheme: x25519Scheme,
        privateKey: generateAgreementKeyPair(x25519Scheme).privateKey,
        publicKey: new Uint8Array(32),
      },
      'ProtocolError zero-shared-secret',
    ],
    ['too many message keys', { operation: 'message-keys', chainKey: chainKey(), count: 1e12 }, 'UsageError argument-range'],
    ['a walk that is too long', { operation: 'walk-chain', chainKey: chainKey(), steps: 65_537 }, 'UsageError argument-range'],
  ];

  test.each(guilty)('because of %s says so inline and in the pool, and leaves the others alone', async (_what, job, expected) => {
    expect(shown(executeJob(job))).toEqual({ ok: false, error: expected });
    const outcomes = await executeJobs([good, job, good]);
    expect(outcomes.map((outcome) => outcome.ok)).toEqual([true, false, true]);
    expect(shown(outcomes[1])).toEqual({ ok: false, error: expected });
    expect(shown(outcomes[0])).toEqual(shown(executeJob(good)));
  });

  test('is thrown by the computation that asked for it', () => {
    expect(errorOf(() => runInline(one({ operation: 'encapsulate', scheme, publicKey: unreduced })))).toBe('ProtocolError bad-public-key');
  });
});

test('a computation is driven to its end, with the results in the order of the jobs', () => {
  function* walkTwice(): Computation<Uint8Array[]> {
    const [once, thrice] = yield* all([
      { operation: 'walk-chain', chainKey: chainKey(), steps: 1 },
      { operation: 'walk-chain', chainKey: chainKey(), steps: 3 },
    ]);
    const again = yield* one({ operation: 'walk-chain', chainKey: once, steps: 2 });
    return [thrice.expose(), again.expose()];
  }
  const [thrice, again] = runInline(walkTwice());
  expect(again).toEqual(thrice);
});

test('an empty batch is done at once', async () => {
  expect(await executeJobs([])).toEqual([]);
});

test('the inputs of a batch may be wiped as soon as it was given away', async () => {
  const key = chainKey();
  const expected = shown(executeJob({ operation: 'walk-chain', chainKey: key, steps: 5 }));
  const running = executeJobs([{ operation: 'walk-chain', chainKey: key, steps: 5 }]);
  key.wipe();
  expect((await running).map(shown)).toEqual([expected]);
});
