import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { currentSignedPreKey, renewSignedPreKey, supplyOneTimePreKeys } from '../../lib/account/account.js';
import type { OneTimePreKeyPublic } from '../../lib/account/pre-key-bundle.js';
import { verifyBundle } from '../../lib/account/pre-key-bundle.js';
import { suiteByName } from '../../lib/crypto/cipher-suite.js';
import { runInline } from '../../lib/crypto/execute.js';
import { verify } from '../../lib/crypto/signature.js';
import { GroupCommit } from '../../lib/store/group-commit.js';
import { openMemoryStore } from '../../lib/store/memory/memory-store.js';
import { RelayStore } from '../../lib/store/relay-store.js';
import type { SignedBundle } from '../../lib/wire/account.js';
import { bundleFingerprint } from '../../lib/wire/fingerprint.js';
import type { ResponseOf } from '../../lib/wire/request.js';
import { settled } from '../transport/fake-clock.js';
import type { RelayFixture, TestDevice } from './relay-fixture.js';
import { domain, expectOk, join, payloadOf, startRelay } from './relay-fixture.js';

let fixture: RelayFixture;

beforeEach(async () => {
  fixture = await startRelay({ limits: { lowOneTimePreKeys: 2, fullOneTimePreKeys: 10, bundlesPerTarget: { count: 50, per: 60_000 } } });
});

afterEach(async () => {
  await fixture.relay.close();
});

function lookUp(who: TestDevice, userId: string, deviceId?: string): Promise<ResponseOf<'get_pre_key_bundle'>> {
  return who.request('get_pre_key_bundle', { domain, userId, deviceId });
}

async function bundlesOf(who: TestDevice, userId: string, deviceId?: string): Promise<readonly SignedBundle[]> {
  return expectOk<'get_pre_key_bundle'>(await lookUp(who, userId, deviceId)).bundles;
}

function moreKeys(who: TestDevice, first: number, count: number): OneTimePreKeyPublic[] {
  const { oneTimePreKeys } = runInline(supplyOneTimePreKeys({ ...who.account, nextOneTimePreKeyId: first }, count));
  return oneTimePreKeys.map(({ id, keyPair }) => ({ id, publicKey: keyPair.publicKey }));
}

function supply(who: TestDevice, oneTimePreKeys: readonly OneTimePreKeyPublic[]): Promise<ResponseOf<'supply_opks'>> {
  return who.request('supply_opks', { suite: who.account.suite, user: who.address, oneTimePreKeys });
}

test('a bundle is what the device registered, and verifies', async () => {
  const alice = await join(fixture, 'alice');
  const bob = await join(fixture, 'bob');
  const [found] = await bundlesOf(alice, 'bob');
  const { identityKey, signedPreKey, oneTimePreKeys, suite } = bob.registration('');
  expect(found?.bundle).toEqual({ address: bob.address, suite, identityKey, signedPreKey, oneTimePreKey: oneTimePreKeys[0] });
  runInline(verifyBundle(found!.bundle));
});

test('each one-time pre-key is handed out once, however many ask at once; then bundles come without', async () => {
  await join(fixture, 'bob', 'phone', 5);
  const askers = await Promise.all(['a', 'b', 'c', 'd'].map((name) => join(fixture, name)));
  const answers = await Promise.all(askers.flatMap((who) => [bundlesOf(who, 'bob'), bundlesOf(who, 'bob')]));
  const ids = answers.map(([found]) => found?.bundle.oneTimePreKey?.id);
  expect(ids.filter((id) => id !== undefined).sort()).toEqual([1, 2, 3, 4, 5]);
  expect(ids.filter((id) => id === undefined)).toHaveLength(3);
});

test('a key whose taking could not be stored is not handed out and not lost', async () => {
  const alice = await join(fixture, 'alice');
  await join(fixture, 'bob', 'phone', 5);
  fixture.failure = 'unavailable';
  expect(await lookUp(alice, 'bob')).toMatchObject({ ok: false, code: 503 });
  fixture.failure = undefined;
  expect((await bundlesOf(alice, 'bob'))[0]?.bundle.oneTimePreKey?.id).toBe(1);
});

test('a key that was handed out stays taken after a restart', async () => {
  const alice = await join(fixture, 'alice');
  await join(fixture, 'bob', 'phone', 5);
  await bundlesOf(alice, 'bob');
  fixture = await fixture.restart();
  await alice.connect(fixture.network.transport);
  expect((await bundlesOf(alice, 'bob'))[0]?.bundle.oneTimePreKey?.id).toBe(2);
});

test('without a device id all devices of the user come, with one that one', async () => {
  const alice = await join(fixture, 'alice');
  await join(fixture, 'bob', 'phone');
  await join(fixture, 'bob', 'tablet');
  expect((await bundlesOf(alice, 'bob')).map(({ bundle }) => bundle.address.deviceId)).toEqual(['phone', 'tablet']);
  expect((await bundlesOf(alice, 'bob', 'tablet')).map(({ bundle }) => bundle.address.deviceId)).toEqual(['tablet']);
});

test('the requester’s own device is in the list, but none of its keys is spent', async () => {
  const phone = await join(fixture, 'bob', 'phone');
  await join(fixture, 'bob', 'tablet');
  const found = await bundlesOf(phone, 'bob');
  expect(found.map(({ bundle }) => [bundle.address.deviceId, bundle.oneTimePreKey?.id])).toEqual([
    ['phone', undefined],
    ['tablet', 1],
  ]);
});

test('nobody there is 204: unknown user, unknown device, other domain', async () => {
  const alice = await join(fixture, 'alice');
  expect(await lookUp(alice, 'nobody')).toMatchObject({ ok: false, code: 204 });
  expect(await lookUp(alice, 'alice', 'no-such-device')).toMatchObject({ ok: false, code: 204 });
  expect(await alice.request('get_pre_key_bundle', { domain: 'other.test', userId: 'alice', deviceId: undefined })).toMatchObject({
    code: 204,
  });
});

test('a device with few keys left is asked once for more, and again after it has supplied', async () => {
  const alice = await join(fixture, 'alice');
  const bob = await join(fixture, 'bob', 'phone', 4);
  await bundlesOf(alice, 'bob');
  await bundlesOf(alice, 'bob');
  await settled();
  expect(bob.pushes).toHaveLength(0);
  await bundlesOf(alice, 'bob');
  await bundlesOf(alice, 'bob');
  await bundlesOf(alice, 'bob');
  await bob.received(1);
  await settled();
  expect(bob.pushes).toHaveLength(1);
  expect(payloadOf(bob.pushes[0], 'supply-one-time-pre-keys')).toMatchObject({ count: 9, user: { userId: 'bob', deviceId: 'phone' } });
  expectOk(await supply(bob, moreKeys(bob, 5, 2)));
  expect((await bundlesOf(alice, 'bob'))[0]?.bundle.oneTimePreKey?.id).toBe(5);
  await bob.received(2);
});

test('a device whose keys are large is asked for fewer, while it still has some', async () => {
  await fixture.relay.close();
  fixture = await startRelay();
  const alice = await join(fixture, 'alice');
  // 16 keys of 261,120 bytes are 4 MiB.
  const bob = await join(fixture, 'bob', 'phone', 8, suiteByName('mldsa44-classicmceliece348864f'));
  await settled();
  expect(bob.pushes).toHaveLength(0);
  await bundlesOf(alice, 'bob');
  await bob.received(1);
  expect(payloadOf(bob.pushes[0], 'supply-one-time-pre-keys')).toMatchObject({ count: 9 });
});

test('a supply is taken once; the same one again is no error, used or repeated ids are', async () => {
  const alice = await join(fixture, 'alice');
  const bob = await join(fixture, 'bob', 'phone', 3);
  const keys = moreKeys(bob, 4, 2);
  expectOk(await supply(bob, keys));
  for (let taken = 0; taken < 4; taken += 1) await bundlesOf(alice, 'bob');
  expectOk(await supply(bob, keys));
  expect((await bundlesOf(alice, 'bob'))[0]?.bundle.oneTimePreKey?.id).toBe(5);
  expect((await bundlesOf(alice, 'bob'))[0]?.bundle.oneTimePreKey).toBeUndefined();
  expect(await supply(bob, moreKeys(bob, 5, 2))).toMatchObject({ ok: false, code: 409 });
  expect(await supply(bob, [{ id: 9, publicKey: new Uint8Array(3) }])).toMatchObject({ ok: false, code: 400 });
  expect(await supply(bob, [])).toMatchObject({ ok: false, code: 400 });
  const [key] = moreKeys(bob, 20, 1);
  expect(await supply(bob, [key!, key!])).toMatchObject({ ok: false, code: 400 });
});

test('nobody can fill the relay with pre-keys', async () => {
  fixture = await replaceRelay({ storedOneTimePreKeys: 4 });
  const bob = await join(fixture, 'bob', 'phone', 3);
  expect(await supply(bob, moreKeys(bob, 4, 2))).toMatchObject({ ok: false, code: 400 });
  expectOk(await supply(bob, moreKeys(bob, 4, 1)));
});

test('a new signed pre-key replaces the old one if its id has grown and the identity has signed it', async () => {
  const alice = await join(fixture, 'alice');
  const bob = await join(fixture, 'bob');
  const { id, keyPair, signature } = currentSignedPreKey(runInline(renewSignedPreKey(bob.account, 0)).account);
  const renewed = { id, publicKey: keyPair.publicKey, signature };
  const publish = (signedPreKey: typeof renewed): Promise<ResponseOf<'publish_spk'>> =>
    bob.request('publish_spk', { user: bob.address, signedPreKey });
  expect(await publish({ ...renewed, signature: signature.map((byte, index) => (index === 0 ? byte ^ 1 : byte)) })).toMatchObject({
    code: 400,
  });
  expect(await publish({ ...renewed, id: 1 })).toMatchObject({ code: 409 });
  expect((await bundlesOf(alice, 'bob'))[0]?.bundle.signedPreKey.id).toBe(1);
  expectOk(await publish(renewed));
  expectOk(await publish(renewed));
  expect((await bundlesOf(alice, 'bob'))[0]?.bundle.signedPreKey).toEqual(renewed);
  expect(await publish(bob.registration('').signedPreKey)).toMatchObject({ code: 409 });
});

test('look-ups of one user by one device are limited, and go on after the span', async () => {
  fixture = await replaceRelay({ bundlesPerTarget: { count: 2, per: 60_000 } });
  const alice = await join(fixture, 'alice');
  const carol = await join(fixture, 'carol');
  await join(fixture, 'bob', 'phone', 9);
  await bundlesOf(alice, 'bob');
  await bundlesOf(alice, 'bob');
  expect(await lookUp(alice, 'bob')).toMatchObject({ ok: false, code: 503 });
  await bundlesOf(alice, 'carol');
  await bundlesOf(carol, 'bob');
  await fixture.clock.advance(60_000);
  await bundlesOf(alice, 'bob');
});

async function replaceRelay(limits: object): Promise<RelayFixture> {
  await fixture.relay.close();
  return startRelay({ limits: { lowOneTimePreKeys: 0, ...limits } });
}

test('a bundle’s signature verifies over the recomputed fingerprint, and over no other bundle', async () => {
  const alice = await join(fixture, 'alice');
  await join(fixture, 'bob');
  const [found] = await bundlesOf(alice, 'bob');
  const { bundle, signature } = found!;
  const { signature: scheme } = alice.account.suite;
  const { publicKey } = fixture.relay.certificate.content;
  const verifies = (changed: SignedBundle['bundle']): boolean =>
    verify(scheme, publicKey, bundleFingerprint(changed), signature!.signature);
  expect(signature?.signer).toEqual(fixture.relay.certificate.content.subject);
  expect(verifies(bundle)).toBe(true);
  const flipped = (bytes: Uint8Array): Uint8Array => bytes.map((byte, index) => (index === bytes.length - 1 ? byte ^ 1 : byte));
  const { identityKey, signedPreKey, oneTimePreKey } = bundle;
  const changes: SignedBundle['bundle'][] = [
    { ...bundle, address: { ...bundle.address, deviceId: 'other' } },
    { ...bundle, identityKey: { ...identityKey, agreement: flipped(identityKey.agreement) } },
    { ...bundle, identityKey: { ...identityKey, signing: flipped(identityKey.signing) } },
    { ...bundle, signedPreKey: { ...signedPreKey, id: 2 } },
    { ...bundle, signedPreKey: { ...signedPreKey, publicKey: flipped(signedPreKey.publicKey) } },
    { ...bundle, oneTimePreKey: { ...oneTimePreKey!, id: 2 } },
    { ...bundle, oneTimePreKey: { ...oneTimePreKey!, publicKey: flipped(oneTimePreKey!.publicKey) } },
  ];
  for (const changed of changes) expect(verifies(changed)).toBe(false);
});

test('a device that is stored with a suite that does not exist is a damaged row, not a mistake of the caller', async () => {
  const alice = await join(fixture, 'alice');
  const bob = await join(fixture, 'bob');
  const rows = new RelayStore(new GroupCommit(() => openMemoryStore({ unsafeTestingTables: fixture.tables })), domain);
  const stored = await rows.device(bob.address);
  await rows.commit([rows.putDevice({ ...stored!, packId: 0x7fff_ffff })], 0);
  expect(await lookUp(alice, 'bob')).toMatchObject({ ok: false, code: 503 });
  expect(JSON.stringify(fixture.logs)).toContain('damaged');
});
