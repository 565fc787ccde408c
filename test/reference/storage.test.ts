/** The reference's test_account_db, test_spk_db and test_opk_db: what is stored is loaded, what is deleted is gone. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { type Account, createAccount } from '../../lib/account/account.js';
import type { OneTimePreKey } from '../../lib/account/one-time-pre-key.js';
import { limits } from '../../lib/base/limits.js';
import { defaultSuite } from '../../lib/crypto/cipher-suite.js';
import {
  deleteOneTimePreKey,
  putIdentity,
  putNextOneTimePreKeyId,
  putOneTimePreKey,
  putSignedPreKey,
  readSignedPreKey,
  signedPreKeyPrefix,
} from '../../lib/store/client/account-rows.js';
import { GroupCommit } from '../../lib/store/group-commit.js';
import { openSqliteStore } from '../../lib/store/sqlite/index.js';
import { now, plain } from '../session/parties.js';
import { useSqlite } from '../store/sqlite-fixture.js';
import { type Device, World } from '../support/scenario.js';
import { seededRun } from '../support/seeded-jobs.js';
import { StoredClient } from './stored-client.js';

const run = seededRun('reference storage');

function storeAccount(stored: StoredClient, account: Account, oneTimePreKeys: readonly OneTimePreKey[]): Promise<void> {
  return stored.write(
    putIdentity(account),
    putNextOneTimePreKeyId(account.nextOneTimePreKeyId),
    ...account.signedPreKeys.map(putSignedPreKey),
    ...oneTimePreKeys.map(putOneTimePreKey),
  );
}

describe('accounts', () => {
  const sqlite = useSqlite();
  const address = { domain: 'example.org', userId: 'alice', deviceId: 'd1', userName: 'Alice' };

  test('test_account_db schema set-up once and twice: a store that is opened again keeps what is in it', async () => {
    const { account } = run(createAccount({ suite: defaultSuite, address, oneTimePreKeys: 0, now }));
    const loads = async (): Promise<unknown> => {
      const commits = new GroupCommit(() => openSqliteStore({ path: sqlite().path }));
      try {
        const before = await commits.list('account', { prefix: new Uint8Array(0) });
        if (before.length === 0) await commits.commit([putIdentity(account)]);
        return before.length;
      } finally {
        await commits.close();
      }
    };
    expect([await loads(), await loads(), await loads()]).toEqual([0, 1, 1]);
  });

  test('test_account_db address round trip: domain, user, device and user name come back', async () => {
    const stored = new StoredClient();
    const { account } = run(createAccount({ suite: defaultSuite, address, oneTimePreKeys: 0, now }));
    await storeAccount(stored, account, []);
    expect((await stored.read((store) => store.loadAccount()))?.account.address).toEqual(address);
  });

  test('test_account_db account round trip (version, identity, SPK, OPKs, whole): everything comes back as it was stored', async () => {
    const stored = new StoredClient();
    const { account, oneTimePreKeys } = run(createAccount({ suite: defaultSuite, address, oneTimePreKeys: 5, now }));
    await storeAccount(stored, account, oneTimePreKeys);
    const loaded = (await stored.read((store) => store.loadAccount()))?.account;
    expect(loaded?.suite).toBe(defaultSuite);
    expect(plain(loaded?.identity)).toEqual(plain(account.identity));
    expect(plain(loaded?.signedPreKeys)).toEqual(plain(account.signedPreKeys));
    expect(plain(loaded)).toEqual(plain(account));
    for (const { id, keyPair } of oneTimePreKeys) {
      expect(plain((await stored.read((store) => store.loadOneTimePreKey(id)))?.keyPair)).toEqual(plain(keyPair));
    }
  });
});

describe('pre-keys', () => {
  test('test_opk_db mark used: a key that was used is not loaded any more, the others are as they were', async () => {
    const stored = new StoredClient();
    const { account, oneTimePreKeys } = run(
      createAccount({ suite: defaultSuite, address: { domain: 'example.org', userId: 'alice', deviceId: 'd1' }, oneTimePreKeys: 3, now }),
    );
    await storeAccount(stored, account, oneTimePreKeys);
    await stored.write(deleteOneTimePreKey(2));
    const found = await Promise.all([1, 2, 3].map((id) => stored.read((store) => store.loadOneTimePreKey(id))));
    expect(plain(found.map((key) => key?.keyPair))).toEqual(plain([oneTimePreKeys[0]?.keyPair, undefined, oneTimePreKeys[2]?.keyPair]));
  });

  test('test_opk_db remove 80: of 100 keys 20 are left', async () => {
    const stored = new StoredClient();
    const { account, oneTimePreKeys } = run(
      createAccount({ suite: defaultSuite, address: { domain: 'example.org', userId: 'alice', deviceId: 'd1' }, oneTimePreKeys: 100, now }),
    );
    await storeAccount(stored, account, oneTimePreKeys);
    await stored.write(...Array.from({ length: 80 }, (_, position) => deleteOneTimePreKey(position + 1)));
    expect(await stored.read((store) => store.countOneTimePreKeys())).toBe(20);
    expect(await stored.read((store) => store.loadOneTimePreKey(80))).toBeUndefined();
    expect((await stored.read((store) => store.loadOneTimePreKey(81)))?.id).toBe(81);
  });
});

describe('a running client', () => {
  let world: World;

  afterEach(async () => {
    expect(await world.end()).toEqual([]);
  });

  /** The numbers of the signed pre-keys that a device has stored. */
  function signedPreKeys(device: Device): number[] {
    const isSigned = (key: Uint8Array): boolean => signedPreKeyPrefix.every((byte, position) => key[position] === byte);
    const rows = device.rows('pre-key').filter(({ key }) => isSigned(key));
    return rows.map(({ key, value }) => readSignedPreKey({ key, value: value.slice() }).id);
  }

  /** A device whose signed pre-key has run out so many times. */
  async function renewed(seed: string, times: number): Promise<Device> {
    world = await World.create(seed);
    const alice = await world.join('alice');
    for (let renewal = 1; renewal <= times; renewal += 1) {
      world.clock.leap(limits.signedPreKeyLifetime);
      await world.passes(() => alice.eventsOf('signed-pre-key-renewed').length === renewal, 'the key is renewed');
    }
    return alice;
  }

  test('test_spk_db old SPK loadable after update: both keys are there, also after a restart', async () => {
    const alice = await renewed('reference spk once', 1);
    expect(signedPreKeys(alice)).toEqual([1, 2]);
    await alice.restart();
    expect((await alice.client.status()).signedPreKey.id).toBe(2);
    expect(signedPreKeys(alice)).toEqual([1, 2]);
  });

  test('test_spk_db after two updates and clean-up the first is gone: the newest two are left', async () => {
    const alice = await renewed('reference spk twice', 2);
    expect(signedPreKeys(alice)).toEqual([2, 3]);
  });
});
