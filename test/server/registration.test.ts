import { afterEach, describe, expect, test } from '@jest/globals';
import { renewSignedPreKey, currentSignedPreKey } from '../../lib/account/account.js';
import { suiteByName } from '../../lib/crypto/cipher-suite.js';
import { runInline } from '../../lib/crypto/execute.js';
import { verify } from '../../lib/crypto/signature.js';
import type { RegisterUser } from '../../lib/wire/account-request.js';
import { certificateFingerprint, keyFingerprint } from '../../lib/wire/fingerprint.js';
import type { ResponseOf } from '../../lib/wire/request.js';
import type { FixtureOptions, RelayFixture, TestDevice } from './relay-fixture.js';
import { ask, device, domain, expectOk, join, payloadOf, startRelay } from './relay-fixture.js';

let fixture: RelayFixture | undefined;

afterEach(async () => {
  await fixture?.relay.close();
  fixture = undefined;
});

async function start(options: FixtureOptions = {}): Promise<RelayFixture> {
  fixture = await startRelay({ ...options, limits: { lowOneTimePreKeys: 0, ...options.limits } });
  return fixture;
}

/** Asks to register without expecting that it works. */
async function attempt(relay: RelayFixture, who: TestDevice, request: RegisterUser): Promise<ResponseOf<'register_user'>> {
  const connection = await relay.network.transport.connect({ hello: who.hello({ kind: 'none' }), onPush: () => undefined });
  try {
    return await ask(connection, 'register_user', request);
  } finally {
    await connection.close();
  }
}

describe('a closed relay', () => {
  test('admits a new user by an invitation, once', async () => {
    const relay = await start({ registration: 'closed' });
    const code = await relay.relay.createInvitation();
    expect(code).toMatch(/^[\w-]{32}$/u);
    const alice = device('alice');
    const answer = await alice.register(relay.network.transport, code);
    expect(answer).toMatchObject({ address: alice.address, userName: 'alice', otherDevices: [], contactDevices: [], groups: [] });
    expect(answer.password).not.toBe('');
    await alice.connect(relay.network.transport);
    expect(await attempt(relay, device('bob'), device('bob').registration(code))).toMatchObject({ ok: false, code: 403 });
  });

  test('takes the invitation also in its long form, for its own domain only', async () => {
    const relay = await start({ registration: 'closed' });
    const code = await relay.relay.createInvitation();
    const alice = device('alice');
    expect(await attempt(relay, alice, alice.registration(`e2ee:inviter@other.test;invite=${code}`))).toMatchObject({
      ok: false,
      code: 403,
    });
    expect(await attempt(relay, alice, alice.registration(`e2ee:inviter@${domain};invite=${code}`))).toMatchObject({ ok: true });
  });

  test.each(['wrong', 'e2ee:inviter@example.test;invite=wrong'])('refuses the code %s', async (code) => {
    const relay = await start({ registration: 'closed' });
    await relay.relay.createInvitation();
    expect(await attempt(relay, device('alice'), device('alice').registration(code))).toMatchObject({ ok: false, code: 403 });
  });

  test('refuses an invitation after its time', async () => {
    const relay = await start({ registration: 'closed' });
    const code = await relay.relay.createInvitation({ lifetime: 1_000 });
    await relay.clock.advance(1_001);
    expect(await attempt(relay, device('alice'), device('alice').registration(code))).toMatchObject({ ok: false, code: 403 });
  });

  test('admits a further device only by an invitation for that user, whatever else is known of the user', async () => {
    const relay = await start({ registration: 'closed' });
    const authenticator = 'mailto:alice@example.org';
    await device('alice').register(relay.network.transport, await relay.relay.createInvitation(), authenticator);
    const tablet = device('alice', 'tablet');
    const stranger = await relay.relay.createInvitation();
    expect(await attempt(relay, tablet, tablet.registration(stranger, authenticator))).toMatchObject({ ok: false, code: 409 });
    const forBob = await relay.relay.createInvitation({ userId: 'bob' });
    expect(await attempt(relay, tablet, tablet.registration(forBob, authenticator))).toMatchObject({ ok: false, code: 403 });
    const forAlice = await relay.relay.createInvitation({ userId: 'alice' });
    const answer = await tablet.register(relay.network.transport, forAlice, authenticator);
    expect(answer.otherDevices.map(({ deviceId }) => deviceId)).toEqual(['phone']);
  });

  test('stores codes and passwords as hashes only', async () => {
    const relay = await start({ registration: 'closed' });
    const code = await relay.relay.createInvitation();
    const alice = device('alice');
    await alice.register(relay.network.transport, code);
    for (const table of ['invitation', 'device', 'token', 'account', 'meta'] as const) {
      for (const value of relay.tables.rows(table).values()) {
        const text = Buffer.from(value).toString('latin1');
        expect(text).not.toContain(code);
        expect(text).not.toContain(alice.password);
      }
    }
  });
});

describe('an open relay', () => {
  test('admits with any code but the empty one', async () => {
    const relay = await start();
    expect(await attempt(relay, device('alice'), device('alice').registration('e2ee:a@example.test;invite=x'))).toMatchObject({ ok: true });
  });

  test('keeps a user id for its authenticator', async () => {
    const relay = await start();
    await device('alice').register(relay.network.transport, 'code', 'mailto:alice@example.org');
    const thief = device('alice', 'other');
    for (const authenticator of ['', 'mailto:mallory@example.org']) {
      expect(await attempt(relay, thief, thief.registration('code', authenticator))).toMatchObject({ ok: false, code: 409 });
    }
  });

  test('keeps an authenticator for its user id', async () => {
    const relay = await start();
    await device('alice').register(relay.network.transport, 'code', 'mailto:alice@example.org');
    const second = device('alice2');
    expect(await attempt(relay, second, second.registration('code', 'mailto:alice@example.org'))).toMatchObject({ ok: false, code: 409 });
  });

  test('refuses a device id that is taken', async () => {
    const relay = await start();
    await join(relay, 'alice');
    const again = device('alice');
    const other = { ...again.registration('code', 'mailto:alice@example.org'), signedPreKey: renewed(again) };
    expect(await attempt(relay, again, other)).toMatchObject({ ok: false, code: 409 });
  });

  test('tells the user’s other devices and everybody related of a new device, with the devices before it', async () => {
    const relay = await start();
    const alice = await join(relay, 'alice');
    const bob = await join(relay, 'bob');
    expectOk(await bob.request('accept', { accept: bob.accept(alice.address) }));
    await alice.received(1);
    const tablet = device('alice', 'tablet');
    const answer = await tablet.register(relay.network.transport, 'code', 'mailto:alice@example.org');
    expect(answer.otherDevices).toMatchObject([{ userId: 'alice', deviceId: 'phone' }]);
    expect(answer.contactDevices).toMatchObject([{ userId: 'bob', deviceId: 'phone' }]);
    await alice.received(2);
    await bob.received(1);
    for (const push of [alice.pushes[1], bob.pushes[0]]) {
      expect(payloadOf(push, 'add-user-device')).toMatchObject({
        device: { userId: 'alice', deviceId: 'tablet' },
        oldDevices: [{ userId: 'alice', deviceId: 'phone' }],
      });
    }
  });
});

/** The next signed pre-key of `who`. */
function renewed(who: TestDevice): RegisterUser['signedPreKey'] {
  const { id, keyPair, signature } = currentSignedPreKey(runInline(renewSignedPreKey(who.account, 0)).account);
  return { id, publicKey: keyPair.publicKey, signature };
}

describe('keys', () => {
  const changes: Record<string, (request: RegisterUser) => RegisterUser> = {
    'an agreement key of a wrong length': (request) => ({
      ...request,
      identityKey: { ...request.identityKey, agreement: request.identityKey.agreement.subarray(1) },
    }),
    'a signing key of a wrong length': (request) => ({
      ...request,
      identityKey: { ...request.identityKey, signing: request.identityKey.signing.subarray(1) },
    }),
    'a signed pre-key of a wrong length': (request) => ({
      ...request,
      signedPreKey: { ...request.signedPreKey, publicKey: request.signedPreKey.publicKey.subarray(1) },
    }),
    'a signed pre-key that was not signed': (request) => ({
      ...request,
      signedPreKey: {
        ...request.signedPreKey,
        signature: request.signedPreKey.signature.map((byte, index) => (index === 9 ? byte ^ 1 : byte)),
      },
    }),
    'no one-time pre-key': (request) => ({ ...request, oneTimePreKeys: [] }),
    'a one-time pre-key id twice': (request) => ({
      ...request,
      oneTimePreKeys: [...request.oneTimePreKeys, request.oneTimePreKeys[0]!],
    }),
    'a one-time pre-key of a wrong length': (request) => ({
      ...request,
      oneTimePreKeys: [{ id: 1, publicKey: new Uint8Array(7) }],
    }),
    'keys of another suite': (request) => ({ ...request, suite: suiteByName('mldsa44-mlkem512') }),
    'a user id that is too long': (request) => ({ ...request, userId: 'ü'.repeat(65) }),
    'a device id that is too long': (request) => ({ ...request, deviceId: 'x'.repeat(129) }),
  };

  test.each(Object.keys(changes))('%s is refused and nothing is stored', async (name) => {
    const relay = await start();
    const alice = device('alice');
    expect(await attempt(relay, alice, changes[name]!(alice.registration('code')))).toMatchObject({ ok: false, code: 400 });
    for (const table of ['device', 'token', 'account', 'pre-key', 'push'] as const) {
      expect([...relay.tables.rows(table).values()]).toHaveLength(0);
    }
    expect(await attempt(relay, alice, alice.registration('code'))).toMatchObject({ ok: true });
  });
});

describe('a lost answer', () => {
  test('is given again for the same keys and code, with a password that works', async () => {
    const relay = await start({ registration: 'closed' });
    const code = await relay.relay.createInvitation();
    const alice = device('alice');
    await alice.register(relay.network.transport, code);
    const lost = alice.password;
    await alice.register(relay.network.transport, code);
    expect(alice.password).not.toBe(lost);
    await expect(alice.connect(relay.network.transport, alice.hello({ kind: 'password', password: lost }))).rejects.toMatchObject({
      code: 'unauthorized',
    });
    await alice.connect(relay.network.transport, alice.hello({ kind: 'password', password: alice.password }));
  });

  test('is not given to another code, nor for other keys, nor after the device has connected, nor later', async () => {
    const relay = await start({ registration: 'closed', limits: { registrationRepeat: 1_000 } });
    const [code, other, third] = await Promise.all([1, 2, 3].map(() => relay.relay.createInvitation()));
    const alice = device('alice');
    await alice.register(relay.network.transport, code!);
    const refused = { ok: false, code: 409 };
    expect(await attempt(relay, alice, alice.registration(other!))).toMatchObject(refused);
    expect(await attempt(relay, alice, { ...alice.registration(code!), signedPreKey: renewed(alice) })).toMatchObject(refused);
    await alice.connect(relay.network.transport);
    expect(await attempt(relay, alice, alice.registration(code!))).toMatchObject(refused);
    const bob = device('bob');
    await bob.register(relay.network.transport, third!);
    await relay.clock.advance(1_001);
    expect(await attempt(relay, bob, bob.registration(third!))).toMatchObject(refused);
  });
});

test('one address cannot register without end', async () => {
  const relay = await start({ limits: { registrations: { count: 2, per: 60_000 } } });
  for (const name of ['a', 'b']) expect(await attempt(relay, device(name), device(name).registration('code'))).toMatchObject({ ok: true });
  expect(await attempt(relay, device('c'), device('c').registration('code'))).toMatchObject({ ok: false, code: 503 });
  await relay.clock.advance(60_000);
  expect(await attempt(relay, device('c'), device('c').registration('code'))).toMatchObject({ ok: true });
});

test('of many registrations of one user id at once one succeeds', async () => {
  const relay = await start();
  const rivals = ['a', 'b', 'c', 'd'].map((name) => device('alice', name));
  const answers = await Promise.all(
    rivals.map((rival, index) => attempt(relay, rival, rival.registration('code', `mailto:${index}@example.org`))),
  );
  expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
});

test('the server certificate is signed by the root, which signs itself, and both survive a restart', async () => {
  const relay = await start();
  const { certificate } = await device('alice').register(relay.network.transport, 'code');
  const root = relay.relay.rootCertificate;
  const { signature: scheme } = device('x').account.suite;
  expect(certificate).toEqual(relay.relay.certificate);
  for (const one of [root, relay.relay.certificate]) {
    expect(one.contentFingerprint).toEqual(certificateFingerprint(one.content));
    expect(one.issuerKeyFingerprint).toEqual(keyFingerprint(root.content.publicKey));
    expect(one.content.issuer).toEqual(root.content.subject);
    expect(verify(scheme, root.content.publicKey, one.contentFingerprint, one.signature)).toBe(true);
    expect(one.content.notBefore).toBeLessThanOrEqual(relay.clock.now());
    expect(one.content.notAfter).toBeGreaterThan(relay.clock.now());
  }
  expect(relay.relay.certificate.content.subject).toMatchObject({ commonName: domain, domain });
  fixture = await relay.restart();
  expect(fixture.relay.certificate).toEqual(certificate);
  expect(fixture.relay.rootCertificate).toEqual(root);
});

test('a certificate near its end is renewed at start-up for the same key by the same root', async () => {
  const relay = await start();
  const { certificate, rootCertificate } = relay.relay;
  await relay.clock.advance(certificate.content.notAfter - relay.clock.now() - 1_000);
  fixture = await relay.restart();
  expect(fixture.relay.rootCertificate).toEqual(rootCertificate);
  expect(fixture.relay.certificate.content.publicKey).toEqual(certificate.content.publicKey);
  expect(fixture.relay.certificate.content.notAfter).toBeGreaterThan(certificate.content.notAfter);
});
