import { describe, expect, test } from '@jest/globals';
import { renewSignedPreKey } from '../../lib/account/account.js';
import { concat, toHex } from '../../lib/base/bytes.js';
import { type Secret } from '../../lib/base/secret.js';
import { suiteByName, suites } from '../../lib/crypto/cipher-suite.js';
import { createExecutor } from '../../lib/crypto/execute.js';
import { type Computation, type JobOutcome, drive } from '../../lib/crypto/job.js';
import { accept, complete, initiate } from '../../lib/session/handshake.js';
import { type Accept, type Invite, acceptOf, inviteOf } from '../../lib/session/session.js';
import { sampledSuites } from '../support/sampled-suites.js';
import { testingAddon } from '../support/vectors-random.js';
import { type Device, End, answer, bundleOf, finish, invite, newDevice, now, plain } from './parties.js';

const suitesUnderTest = ['curve25519', 'mldsa44-mlkem512', 'mldsa87-mlkem1024'].map(suiteByName);

function expectTalking(alice: End, bob: End): void {
  expect(bob.receive(alice.send('from alice'))).toBe('from alice');
  expect(alice.receive(bob.send('from bob'))).toBe('from bob');
  expect(bob.receive(alice.send('again'))).toBe('again');
}

function expectRefusedInvite(bob: Device, arrived: Invite, code: string): void {
  const before = plain(bob.account);
  expect(() => answer(bob, arrived)).toThrow(expect.objectContaining({ code }));
  expect(plain(bob.account)).toEqual(before);
}

describe.each(suitesUnderTest.map((suite) => [suite.name, suite] as const))('sessions over %s', (_name, suite) => {
  const kem = suite.agreement.kind === 'kem';

  test.each([undefined, 1])('a handshake with one-time pre-key %s gives both sides the same session', (oneTimePreKey) => {
    const [alice, bob] = [newDevice(suite, 'alice'), newDevice(suite, 'bob')];
    const invited = invite(alice, bob, oneTimePreKey);
    const answered = answer(bob, invited.invite);
    const ready = finish(alice, invited.session, answered.accept);
    expect(ready.sessionId).toBe(answered.session.sessionId);
    expect(toHex(ready.associatedData)).toBe(toHex(answered.session.associatedData));
    expect(toHex(ready.associatedData)).toBe(
      toHex(concat([alice.account.identity.agreement.publicKey, bob.account.identity.agreement.publicKey])),
    );
    expect(plain(ready.fingerprint)).toEqual(plain(answered.session.fingerprint));
    expect(ready.fingerprint?.length).toBe(kem ? 64 : undefined);
    expect([ready.role, answered.session.role]).toEqual(['initiator', 'responder']);
    expect(ready).toMatchObject({ signedPreKeyId: 1, oneTimePreKeyId: oneTimePreKey ?? 0, inviteTime: now });
    expectTalking(new End(ready, alice.run), new End(answered.session, bob.run));
  });

  test('the responder may write first', () => {
    const [alice, bob] = [newDevice(suite, 'alice'), newDevice(suite, 'bob')];
    const invited = invite(alice, bob, 1);
    const answered = answer(bob, invited.invite);
    const [aliceEnd, bobEnd] = [new End(finish(alice, invited.session, answered.accept), alice.run), new End(answered.session, bob.run)];
    expect(aliceEnd.receive(bobEnd.send('first'))).toBe('first');
    expectTalking(aliceEnd, bobEnd);
  });

  test('an invite made with the previous signed pre-key works, one with an older or unknown one does not', () => {
    const [alice, bob] = [newDevice(suite, 'alice'), newDevice(suite, 'bob')];
    const invited = invite(alice, bob, 1);
    const renewed = bob.run(renewSignedPreKey(bob.account, now));
    expect(renewed.retired).toEqual([]);
    bob.account = renewed.account;
    const answered = answer(bob, invited.invite);
    const ready = finish(alice, invited.session, answered.accept);
    expect(plain(ready.fingerprint)).toEqual(plain(answered.session.fingerprint));
    expectTalking(new End(ready, alice.run), new End(answered.session, bob.run));
    const again = bob.run(renewSignedPreKey(bob.account, now));
    for (const secret of again.retired) secret.wipe();
    bob.account = again.account;
    expectRefusedInvite(bob, invited.invite, 'unknown-pre-key');
    expectRefusedInvite(bob, { ...invited.invite, signedPreKeyId: 99 }, 'unknown-pre-key');
  });

  test('a session outlives the signed pre-key it was made with', () => {
    const [alice, bob] = [newDevice(suite, 'alice'), newDevice(suite, 'bob')];
    const invited = invite(alice, bob);
    const answered = answer(bob, invited.invite);
    for (let renewal = 0; renewal < 2; renewal++) {
      const renewed = bob.run(renewSignedPreKey(bob.account, now));
      for (const secret of renewed.retired) secret.wipe();
      bob.account = renewed.account;
    }
    expectTalking(new End(finish(alice, invited.session, answered.accept), alice.run), new End(answered.session, bob.run));
  });

  test('a one-time pre-key that is unknown, used or another is refused', () => {
    const [alice, bob] = [newDevice(suite, 'alice'), newDevice(suite, 'bob')];
    const { invite: arrived } = invite(alice, bob, 1);
    const [first, second] = bob.oneTimePreKeys;
    const attempt = (oneTimePreKey: typeof first) => () => bob.run(accept({ account: bob.account, oneTimePreKey, invite: arrived, now }));
    expect(attempt(undefined)).toThrow(expect.objectContaining({ code: 'unknown-pre-key' }));
    expect(attempt(second)).toThrow(expect.objectContaining({ code: 'unknown-pre-key' }));
    expect(attempt({ ...first!, state: 'used' })).toThrow(expect.objectContaining({ code: 'pre-key-spent' }));
    expect(attempt(first)).not.toThrow();
  });

  test('an invite with a wrong recipient, length or number of inputs is refused', () => {
    const [alice, bob] = [newDevice(suite, 'alice'), newDevice(suite, 'bob')];
    const { invite: arrived } = invite(alice, bob, 1);
    const short = (bytes: Uint8Array) => bytes.subarray(1);
    expectRefusedInvite(bob, { ...arrived, to: { ...arrived.to, deviceId: 'd2' } }, 'wrong-recipient');
    expectRefusedInvite(bob, { ...arrived, from: bob.account.address }, 'wrong-recipient');
    expectRefusedInvite(bob, { ...arrived, identityKey: new Uint8Array(0) }, 'invite-form');
    expectRefusedInvite(bob, { ...arrived, identityKey: short(arrived.identityKey) }, 'invite-form');
    expectRefusedInvite(bob, { ...arrived, baseKey: short(arrived.baseKey) }, 'invite-form');
    expectRefusedInvite(bob, { ...arrived, sharedInputs: [] }, 'invite-form');
    expectRefusedInvite(bob, { ...arrived, sharedInputs: [...arrived.sharedInputs, arrived.sharedInputs[0]!] }, 'invite-form');
    expectRefusedInvite(bob, { ...arrived, sharedInputs: arrived.sharedInputs.map(short) }, 'invite-form');
    if (kem) expectRefusedInvite(bob, { ...arrived, oneTimePreKeyId: 0 }, 'invite-form');
    const other = suites().find((each) => each.agreement !== suite.agreement)!;
    expectRefusedInvite(bob, { ...arrived, suite: other }, 'suite-mismatch');
  });

  test('invalid public keys in an invite are refused', () => {
    const [alice, bob] = [newDevice(suite, 'alice'), newDevice(suite, 'bob')];
    const { invite: arrived } = invite(alice, bob, 1);
    // All ones is not reduced modulo q; zero is a point of small order.
    const bad = new Uint8Array(suite.agreement.publicKeyLength).fill(kem ? 0xff : 0);
    const code = kem ? 'bad-public-key' : 'zero-shared-secret';
    expectRefusedInvite(bob, { ...arrived, identityKey: bad }, code);
    if (kem) expectRefusedInvite(bob, { ...arrived, baseKey: bad }, code);
    else expectRefusedInvite(bob, { ...arrived, sharedInputs: [bad] }, code);
  });

  test('a bundle with a forged key, a wrong length or an own or foreign suite is refused', () => {
    const [alice, bob] = [newDevice(suite, 'alice'), newDevice(suite, 'bob')];
    const genuine = bundleOf(bob, 1);
    const { sessionId } = invite(alice, bob).session;
    const attempt = (change: object) => () =>
      alice.run(initiate({ account: alice.account, bundle: { ...genuine, ...change }, sessionId, now }));
    const signature = Uint8Array.from(genuine.signedPreKey.signature);
    signature[5] = signature[5]! ^ 1;
    expect(attempt({ signedPreKey: { ...genuine.signedPreKey, signature } })).toThrow(expect.objectContaining({ code: 'bad-signature' }));
    expect(attempt({ signedPreKey: { ...genuine.signedPreKey, signature: signature.subarray(1) } })).toThrow(
      expect.objectContaining({ code: 'bad-signature' }),
    );
    expect(attempt({ signedPreKey: { ...genuine.signedPreKey, publicKey: genuine.identityKey.agreement } })).toThrow(
      expect.objectContaining({ code: 'bad-signature' }),
    );
    for (const change of [
      { identityKey: { ...genuine.identityKey, agreement: signature } },
      { identityKey: { ...genuine.identityKey, signing: new Uint8Array(1) } },
      { signedPreKey: { ...genuine.signedPreKey, publicKey: new Uint8Array(1) } },
      { oneTimePreKey: { id: 1, publicKey: new Uint8Array(1) } },
      { oneTimePreKey: { ...genuine.oneTimePreKey!, id: 0 } },
    ]) {
      expect(attempt(change)).toThrow(expect.objectContaining({ code: 'bundle-form' }));
    }
    expect(attempt({ address: alice.account.address })).toThrow(expect.objectContaining({ code: 'own-device' }));
    const other = suites().find((each) => each.agreement !== suite.agreement)!;
    expect(attempt({ suite: other })).toThrow(expect.objectContaining({ code: 'suite-mismatch' }));
    expect(attempt({})).not.toThrow();
  });

  test('an accept between other devices or of a wrong form is refused, and the session stays invited', () => {
    const [alice, bob] = [newDevice(suite, 'alice'), newDevice(suite, 'bob')];
    const { session, invite: arrived } = invite(alice, bob, 1);
    const { accept: genuine } = answer(bob, arrived);
    const before = plain(session);
    const attempt = (change: Partial<Accept>) => () =>
      alice.run(complete({ account: alice.account, session, accept: { ...genuine, ...change } }));
    expect(attempt({ from: { ...genuine.from, deviceId: 'd2' } })).toThrow(expect.objectContaining({ code: 'wrong-recipient' }));
    expect(attempt({ to: { ...genuine.to, deviceId: 'd2' } })).toThrow(expect.objectContaining({ code: 'wrong-recipient' }));
    expect(attempt({ ciphertext: new Uint8Array(5) })).toThrow(expect.objectContaining({ code: 'accept-form' }));
    expect(attempt({ ratchetKey: genuine.ratchetKey.subarray(1) })).toThrow(expect.objectContaining({ code: 'accept-form' }));
    expect(attempt({ suite: suites().find((each) => each !== suite)! })()).toBeUndefined();
    const foreign = Uint8Array.from(genuine.ratchetKey);
    foreign[0] = foreign[0]! ^ 1;
    expect(attempt({ ratchetKey: foreign })()).toBeUndefined();
    expect(plain(session)).toEqual(before);
    expect(finish(alice, session, genuine).state).toBe('ready');
  });

  test('two invites of the same pair are each completed by their own accept', () => {
    const [alice, bob] = [newDevice(suite, 'alice'), newDevice(suite, 'bob')];
    const invites = [invite(alice, bob, 1), invite(alice, bob, 2)];
    const answers = invites.map((each) => answer(bob, each.invite));
    for (const [position, answered] of answers.toReversed().entries()) {
      const own = invites[1 - position]!;
      const other = invites[position]!;
      if (kem) {
        const wrong = alice.run(complete({ account: alice.account, session: other.session, accept: answered.accept }));
        // Already completed or not: an accept made for another base key never fits.
        expect(wrong).toBeUndefined();
      }
      const ready = alice.run(complete({ account: alice.account, session: own.session, accept: answered.accept }))!;
      expectTalking(new End(ready.session, alice.run), new End(answered.session, bob.run));
    }
  });

  test('simultaneous invites give two sessions that both work', () => {
    const [alice, bob] = [newDevice(suite, 'alice'), newDevice(suite, 'bob')];
    const [fromAlice, fromBob] = [invite(alice, bob, 1), invite(bob, alice, 1)];
    const [byBob, byAlice] = [answer(bob, fromAlice.invite), answer(alice, fromBob.invite)];
    expectTalking(new End(finish(alice, fromAlice.session, byBob.accept), alice.run), new End(byBob.session, bob.run));
    expectTalking(new End(finish(bob, fromBob.session, byAlice.accept), bob.run), new End(byAlice.session, alice.run));
  });

  test('the same invite and the same accept can be sent again until the session is confirmed', () => {
    const [alice, bob] = [newDevice(suite, 'alice'), newDevice(suite, 'bob')];
    const { session, invite: arrived } = invite(alice, bob, 1);
    expect(plain({ ...inviteOf(session), identityKey: arrived.identityKey })).toEqual(plain(arrived));
    const answered = answer(bob, arrived);
    expect(plain(acceptOf(answered.session))).toEqual(plain(answered.accept));
    const aliceEnd = new End(finish(alice, session, answered.accept), alice.run);
    const bobEnd = new End(answered.session, bob.run);
    expect([aliceEnd.session.confirmed, bobEnd.session.confirmed]).toEqual([false, false]);
    bobEnd.receive(aliceEnd.send('hello'));
    expect(bobEnd.session.confirmed).toBe(true);
    expect(acceptOf(bobEnd.session)).toBeUndefined();
    aliceEnd.receive(bobEnd.send('hello'));
    expect(aliceEnd.session.confirmed).toBe(true);
  });

  test('completing keeps nothing of the handshake but what the ratchet needs', () => {
    const [alice, bob] = [newDevice(suite, 'alice'), newDevice(suite, 'bob')];
    const { session, invite: arrived } = invite(alice, bob, 1);
    const handshakeSecrets = session.pending.kind === 'kem' ? session.pending.sharedSecrets : [];
    expect(handshakeSecrets.length).toBe(kem ? 3 : 0);
    const ready = finish(alice, session, answer(bob, arrived).accept);
    expect(handshakeSecrets.map((secret) => secret.length)).toEqual(handshakeSecrets.map(() => 0));
    expect(Object.keys(ready)).not.toContain('pending');
  });

  test('a message of another session does not open, and the session is unchanged', () => {
    const [alice, bob] = [newDevice(suite, 'alice'), newDevice(suite, 'bob')];
    const pairs = [1, 2].map((oneTimePreKey) => {
      const invited = invite(alice, bob, oneTimePreKey);
      const answered = answer(bob, invited.invite);
      return { alice: new End(finish(alice, invited.session, answered.accept), alice.run), bob: new End(answered.session, bob.run) };
    });
    const stray = pairs[0]!.alice.send('stray');
    const before = plain(pairs[1]!.bob.session);
    expect(() => pairs[1]!.bob.receive(stray)).toThrow(expect.objectContaining({ code: 'not-authentic' }));
    expect(plain(pairs[1]!.bob.session)).toEqual(before);
    expect(pairs[0]!.bob.receive(stray)).toBe('stray');
  });

  test('the time of an invite from the future is cut to now', () => {
    const [alice, bob] = [newDevice(suite, 'alice'), newDevice(suite, 'bob')];
    const { invite: arrived } = invite(alice, bob, 1);
    expect(answer(bob, { ...arrived, inviteTime: now + 1 }).session.inviteTime).toBe(now);
    expect(answer(bob, { ...arrived, inviteTime: now - 5 }).session.inviteTime).toBe(now - 5);
  });
});

describe('secrets of a handshake', () => {
  const suite = suiteByName('mldsa44-mlkem512');

  /** Runs and remembers every secret a job gave. */
  function watched<T>(computation: Computation<T>): { readonly secrets: Secret<string>[]; readonly result: T | Error } {
    const executor = createExecutor(testingAddon());
    const secrets: Secret<string>[] = [];
    const remember = (outcome: JobOutcome): JobOutcome => {
      if (!outcome.ok || typeof outcome.value !== 'object') return outcome;
      if ('sharedSecret' in outcome.value) secrets.push(outcome.value.sharedSecret);
      else if ('privateKey' in outcome.value) secrets.push(outcome.value.privateKey);
      else if ('wipe' in outcome.value) secrets.push(outcome.value);
      return outcome;
    };
    testingAddon().queueRandom(new Uint8Array(8192).fill(3));
    try {
      return { secrets, result: drive(computation, (jobs) => jobs.map((job) => remember(executor.executeJob(job)))) };
    } catch (error) {
      return { secrets, result: error as Error };
    } finally {
      testingAddon().clearQueuedRandom();
    }
  }

  test('accepting leaves none behind, whether it succeeds or is refused', () => {
    const [alice, bob] = [newDevice(suite, 'alice'), newDevice(suite, 'bob')];
    const { invite: arrived } = invite(alice, bob, 1);
    const oneTimePreKey = bob.oneTimePreKeys[0];
    const good = watched(accept({ account: bob.account, oneTimePreKey, invite: arrived, now }));
    expect(good.secrets.map((secret) => secret.length)).toEqual([0, 0, 0, 0, 0]);
    const bad = { ...arrived, baseKey: new Uint8Array(arrived.baseKey.length).fill(0xff) };
    const refused = watched(accept({ account: bob.account, oneTimePreKey, invite: bad, now }));
    expect(refused.result).toMatchObject({ code: 'bad-public-key' });
    expect(refused.secrets.map((secret) => secret.length)).toEqual([0, 0, 0, 0]);
  });

  test('inviting with Curve25519 keeps the base key and wipes the ephemeral key and every agreed secret', () => {
    const curve = suiteByName('curve25519');
    const [alice, bob] = [newDevice(curve, 'alice'), newDevice(curve, 'bob')];
    const { sessionId } = invite(alice, bob).session;
    const { secrets } = watched(initiate({ account: alice.account, bundle: bundleOf(bob, 1), sessionId, now }));
    expect(secrets.map((secret) => secret.length)).toEqual([0, 32, 0, 0, 0, 0, 0]);
  });

  test('completing with a foreign accept leaves none behind', () => {
    const [alice, bob] = [newDevice(suite, 'alice'), newDevice(suite, 'bob')];
    const [first, second] = [invite(alice, bob, 1), invite(alice, bob, 2)];
    const { accept: foreign } = answer(bob, second.invite);
    const { secrets, result } = watched(complete({ account: alice.account, session: first.session, accept: foreign }));
    expect(result).toBeUndefined();
    expect(secrets.map((secret) => secret.length)).toEqual([0, 0]);
  });
});

describe('suites with every scheme of this build', () => {
  test.each(sampledSuites().map((suite) => [suite.name, suite] as const))('%s carries a conversation', (_name, suite) => {
    const [alice, bob] = [newDevice(suite, 'alice', 0), newDevice(suite, 'bob', 1)];
    const invited = invite(alice, bob, 1);
    const answered = answer(bob, invited.invite);
    expectTalking(new End(finish(alice, invited.session, answered.accept), alice.run), new End(answered.session, bob.run));
  });

  test('suites with different signatures talk when they share the key agreement', () => {
    const [alice, bob] = [newDevice(suiteByName('mldsa44-mlkem512'), 'alice'), newDevice(suiteByName('mldsa65-mlkem512'), 'bob')];
    const invited = invite(alice, bob, 1);
    expect(invited.session.suite).toBe(bob.account.suite);
    const answered = answer(bob, invited.invite);
    expectTalking(new End(finish(alice, invited.session, answered.accept), alice.run), new End(answered.session, bob.run));
  });
});
