/** The reference's test_account. Lines that need a server run on a real relay. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { type SuppliedAccount, createAccount, currentSignedPreKey, renewSignedPreKey } from '../../lib/account/account.js';
import { signPreKey, signedPreKeyPublic } from '../../lib/account/signed-pre-key.js';
import { toHex, utf8 } from '../../lib/base/bytes.js';
import { limits } from '../../lib/base/limits.js';
import { defaultSuite } from '../../lib/crypto/cipher-suite.js';
import { runInline } from '../../lib/crypto/execute.js';
import { sign, verify } from '../../lib/crypto/signature.js';
import { oneTimePreKeyKey } from '../../lib/store/client/account-rows.js';
import { requests } from '../../lib/wire/request.js';
import { type TestDevice, domain, expectOk, join } from '../server/relay-fixture.js';
import { now } from '../session/parties.js';
import { type Device, World, until } from '../support/scenario.js';
import { seededRun } from '../support/seeded-jobs.js';

const { agreement, signature } = defaultSuite;
const run = seededRun('reference account');

function newAccount(oneTimePreKeys: number): SuppliedAccount {
  const address = { domain: 'example.org', userId: 'alice', deviceId: 'd1' };
  return run(createAccount({ suite: defaultSuite, address, oneTimePreKeys, now }));
}

async function bundleOf(who: TestDevice, userId: string) {
  const { bundles } = expectOk<'get_pre_key_bundle'>(await who.request('get_pre_key_bundle', { domain, userId, deviceId: undefined }));
  return bundles[0]?.bundle;
}

/** The ids of the one-time pre-keys that a device still has. */
function storedIds(device: Device, upTo: number): number[] {
  const keys = new Set(device.rows('pre-key').map(({ key }) => toHex(key)));
  return Array.from({ length: upTo }, (_, position) => position + 1).filter((id) => keys.has(toHex(oneTimePreKeyKey(id))));
}

describe('an account by itself', () => {
  test('test_account generate_identity_key / signed_pre_key / opks: all keys have the lengths of the suite and work', () => {
    const { account, oneTimePreKeys } = newAccount(limits.initialOneTimePreKeys);
    const { identity } = account;
    const message = utf8('a message');
    expect(identity.agreement.publicKey).toHaveLength(agreement.publicKeyLength);
    expect(verify(signature, identity.signing.publicKey, message, sign(signature, identity.signing.privateKey, message))).toBe(true);
    const signedPreKey = currentSignedPreKey(account);
    expect(signedPreKey.id).toBe(1);
    expect(verify(signature, identity.signing.publicKey, signedPreKey.keyPair.publicKey, signedPreKey.signature)).toBe(true);
    expect(new Set(oneTimePreKeys.map(({ keyPair }) => toHex(keyPair.publicKey))).size).toBe(100);
    expect(oneTimePreKeys.map(({ id }) => id)).toEqual(Array.from({ length: 100 }, (_, position) => position + 1));
    for (const { keyPair } of oneTimePreKeys) {
      expect([keyPair.publicKey.length, keyPair.privateKey.length]).toEqual([agreement.publicKeyLength, agreement.privateKeyLength]);
    }
  });

  test('test_account create_account: an account has one signed pre-key and as many one-time pre-keys as asked for', () => {
    const { account, oneTimePreKeys } = newAccount(5);
    expect(account).toMatchObject({ suite: defaultSuite, nextOneTimePreKeyId: 6, signedPreKeys: [{ id: 1 }] });
    expect(oneTimePreKeys).toHaveLength(5);
  });

  test('test_account create_accounts: eight accounts have eight identities', () => {
    const identities = Array.from({ length: 8 }, () => newAccount(1).account.identity);
    expect(new Set(identities.map(({ agreement: keys }) => toHex(keys.publicKey))).size).toBe(8);
    expect(new Set(identities.map(({ signing: keys }) => toHex(keys.publicKey))).size).toBe(8);
  });
});

describe('an account at the relay', () => {
  let world: World;

  afterEach(async () => {
    expect(await world.end()).toEqual([]);
  });

  test('test_account register_user: the relay takes the account and hands out what was registered', async () => {
    world = await World.create('reference register_user');
    const alice = await world.join('alice');
    const carol = await join(world.relay, 'carol');
    expect(alice.eventsOf('registered')).toMatchObject([{ address: alice.address }]);
    const { identity } = (await alice.client.fingerprint(alice.user)).own;
    expect(identity.length).toBeGreaterThan(0);
    const bundle = await bundleOf(carol, 'alice');
    expect(bundle).toMatchObject({ address: alice.address, suite: defaultSuite, signedPreKey: { id: 1 }, oneTimePreKey: { id: 1 } });
  });

  test('test_account publish_spk: the new key has the next id, its signature is verified, and the next bundle contains it', async () => {
    world = await World.create('reference publish_spk');
    const alice = await world.join('alice');
    const carol = await join(world.relay, 'carol');
    const before = await bundleOf(carol, 'alice');
    world.clock.leap(limits.signedPreKeyLifetime);
    await world.passes(() => alice.traffic.sent.some(({ name }) => name === 'publish_spk'), 'the new key is published');
    await alice.isQuiet();
    await carol.connect(world.relay.network.transport, carol.hello({ kind: 'password', password: carol.password }));
    const after = await bundleOf(carol, 'alice');
    expect([before?.signedPreKey.id, after?.signedPreKey.id]).toEqual([1, 2]);
    const published = alice.traffic.sent.find(({ name }) => name === 'publish_spk')?.body ?? new Uint8Array(0);
    expect(after?.signedPreKey).toEqual(requests.publish_spk.decodeRequest(published).signedPreKey);
  });

  test('test_account publish_spk: a key that was signed with another key, as the reference does, is refused and the old one stays', async () => {
    world = await World.create('reference publish_spk wrong key');
    const [bob, carol] = [await join(world.relay, 'bob'), await join(world.relay, 'carol')];
    const renewed = currentSignedPreKey(runInline(renewSignedPreKey(bob.account, now)).account);
    const wrong = runInline(signPreKey(defaultSuite, carol.account.identity.signing, renewed.keyPair, renewed.id, now));
    const refused = await bob.request('publish_spk', { user: bob.address, signedPreKey: signedPreKeyPublic(wrong) });
    expect(refused).toMatchObject({ ok: false, code: 400 });
    expect((await bundleOf(carol, 'bob'))?.signedPreKey.id).toBe(1);
  });

  test('test_account supply_opks: asked for 50 more, 150 private keys are stored, and an invite with number 101 works', async () => {
    world = await World.create('reference supply_opks', {
      limits: { lowOneTimePreKeys: 100, fullOneTimePreKeys: 149, bundlesPerTarget: { count: 200, per: 60_000 } },
    });
    const bob = await world.join('bob', 'one', { register: { oneTimePreKeys: 100 } });
    const alice = await world.join('alice');
    const carol = await join(world.relay, 'carol');
    await bundleOf(carol, 'bob');
    expect((await bob.sees('pre-keys-supplied')).map(({ count }) => count)).toEqual([50]);
    await bob.isQuiet();
    expect(storedIds(bob, 200)).toEqual(Array.from({ length: 150 }, (_, position) => position + 1));
    for (let taken = 2; taken <= 100; taken += 1) expect((await bundleOf(carol, 'bob'))?.oneTimePreKey?.id).toBe(taken);
    await alice.send(bob, 'with number 101');
    expect(await bob.hears(1)).toEqual(['with number 101']);
    const invite = alice.traffic.sent.find(({ name }) => name === 'invite')?.body ?? new Uint8Array(0);
    expect(requests.invite.decodeRequest(invite).invite.oneTimePreKeyId).toBe(101);
    expect(storedIds(bob, 150)).not.toContain(101);
  });

  test('test_account free_opks: of 100 keys 80 are used and gone at once, 20 are left, and the account is not stored again', async () => {
    world = await World.create('reference free_opks', {
      limits: { lowOneTimePreKeys: 0, bundlesPerTarget: { count: 100, per: 60_000 }, invitesPerTarget: { count: 100, per: 60_000 } },
    });
    const bob = await world.join('bob', 'one', { register: { oneTimePreKeys: 100 } });
    const alice = await world.join('alice');
    const before = bob.rows('account').map(({ value }) => toHex(value));
    for (let used = 1; used <= 80; used += 1) {
      await alice.client.invite(bob.user);
      await bob.sees('session-ready', used);
    }
    expect(storedIds(bob, 100)).toEqual(Array.from({ length: 20 }, (_, position) => 81 + position));
    expect((await bob.client.status()).oneTimePreKeys).toBe(20);
    expect(bob.rows('account').map(({ value }) => toHex(value))).toEqual(before);
    await until(() => alice.eventsOf('session-ready').length === 80, 'every invite was answered');
  });
});
