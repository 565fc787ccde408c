import { afterEach, describe, expect, test } from '@jest/globals';
import { utf8 } from '../../lib/base/bytes.js';
import { readHandledPush } from '../../lib/store/client/queue-rows.js';
import { requests } from '../../lib/wire/request.js';
import { decodePush, encodePush } from '../../lib/wire/push.js';
import type { Transport } from '../../lib/transport/transport.js';
import { type Device, World, until } from '../support/scenario.js';

let world: World;

afterEach(async () => {
  expect(await world.end()).toEqual([]);
});

/** Changes what the relay says on its way to a device. */
interface Meddler {
  push: ((bytes: Uint8Array) => Uint8Array) | undefined;
  bundles: ((bytes: Uint8Array) => Uint8Array) | undefined;
}

function meddled(inner: Transport, meddler: Meddler): Transport {
  return {
    async connect(options) {
      const connection = await inner.connect({
        ...options,
        onPush: (bytes) => options.onPush(meddler.push?.(bytes) ?? bytes),
      });
      return {
        welcome: connection.welcome,
        closed: connection.closed,
        push: (message) => connection.push(message),
        close: () => connection.close(),
        async request(name, body, requestOptions) {
          const answer = await connection.request(name, body, requestOptions);
          return name === 'get_pre_key_bundle' ? (meddler.bundles?.(answer) ?? answer) : answer;
        },
      };
    },
  };
}

async function meddledDevice(userId: string, meddler: Meddler, client: object = {}): Promise<Device> {
  const transport = meddled(world.relay.network.transport, meddler);
  return world.join(userId, 'one', { client: { transport, ...client } });
}

describe('a relay that lies', () => {
  test('a changed bundle makes no session, and says so', async () => {
    world = await World.create('changed bundle');
    const meddler: Meddler = { push: undefined, bundles: undefined };
    const alice = await meddledDevice('alice', meddler);
    const bob = await world.join('bob');
    const parts = ['identityKey', 'signedPreKey', 'oneTimePreKey', 'signature', 'unsigned'] as const;
    for (const part of parts) {
      meddler.bundles = (bytes) => {
        const response = requests.get_pre_key_bundle.decodeResponse(bytes);
        if (!response.ok) return bytes;
        const bundles = response.value.bundles.map(({ bundle, signature }) => {
          const flip = (key: Uint8Array): Uint8Array => key.map((byte, position) => (position === 7 ? byte ^ 1 : byte));
          if (part === 'unsigned') return { bundle, signature: undefined };
          if (part === 'signature') {
            return { bundle, signature: signature === undefined ? undefined : { ...signature, signature: flip(signature.signature) } };
          }
          if (part === 'identityKey') {
            return {
              bundle: { ...bundle, identityKey: { ...bundle.identityKey, agreement: flip(bundle.identityKey.agreement) } },
              signature,
            };
          }
          const key = bundle[part];
          return { bundle: key === undefined ? bundle : { ...bundle, [part]: { ...key, publicKey: flip(key.publicKey) } }, signature };
        });
        return requests.get_pre_key_bundle.encodeResponse({ ...response, value: { ...response.value, bundles } });
      };
      const before = alice.eventsOf('bad-server-signature').length;
      await expect(alice.client.invite(bob.user)).rejects.toMatchObject({ name: 'VerificationError', code: 'bad-server-signature' });
      expect(alice.eventsOf('bad-server-signature')).toHaveLength(before + 1);
      expect(alice.rows('session')).toEqual([]);
    }
  });

  test('a control push with a changed byte, or without its signature, has no effect and is refused', async () => {
    world = await World.create('changed push');
    const meddler: Meddler = { push: undefined, bundles: undefined };
    const bob = await meddledDevice('bob', meddler);
    const alice = await world.join('alice');
    let change: 'payload' | 'signature' | 'unsigned' = 'payload';
    meddler.push = (bytes) => {
      const push = decodePush(bytes);
      if (push.payload.kind !== 'invite') return bytes;
      if (change === 'unsigned') return encodePush({ ...push, signatures: [] });
      if (change === 'signature') {
        return encodePush({
          ...push,
          signatures: push.signatures.map((each) => ({ ...each, signature: each.signature.map((byte) => byte ^ 1) })),
        });
      }
      const changed = push.payload.bytes.slice();
      changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
      return encodePush({ ...push, payload: { kind: 'invite', bytes: changed } });
    };
    for (const kind of ['payload', 'signature', 'unsigned'] as const) {
      change = kind;
      const before = bob.eventsOf('bad-server-signature').length;
      await alice.client.invite(bob.user);
      await bob.sees('bad-server-signature', before + 1);
    }
    await bob.isQuiet();
    expect(bob.rows('session')).toEqual([]);
    const states = bob.rows('push').map(({ key, value }) => readHandledPush({ key: key.slice(), value: value.slice() }).state);
    expect(states.filter((state) => state === 2)).toHaveLength(3);
  });

  test('with the policy "all" an unsigned message is refused', async () => {
    world = await World.create('all signed');
    const alice = await world.join('alice');
    const bob = await world.join('bob', 'one', { client: { requireServerSignature: 'all' } });
    await alice.send(bob, 'unsigned');
    expect(await bob.sees('bad-server-signature')).toMatchObject([{ subject: 'push', code: 'unsigned' }]);
    await bob.isQuiet();
    expect(bob.received).toEqual([]);
  });

  for (const policy of ['refuse', 'accept'] as const) {
    test(`another identity for a known device is reported; policy ${policy}`, async () => {
      world = await World.create(`identity ${policy}`);
      const alice = await world.join('alice', 'one', { client: { identityChange: policy } });
      const bob = await world.join('bob');
      await alice.send(bob, 'first');
      await bob.hears(1);
      await alice.isQuiet();
      await bob.close();
      await alice.close();
      await world.relay.relay.removeDevice('bob', 'one');
      world.relay.tables.rows('mailbox').clear();
      const impostor = await world.device('bob', 'one', { seed: 'impostor' }).register();
      await alice.open();
      const results = await alice.client.invite(bob.user);
      expect(await alice.sees('identity-changed')).toMatchObject([{ device: bob.address, accepted: policy === 'accept' }]);
      if (policy === 'refuse') {
        expect(results).toMatchObject([{ state: 'refused', code: 'identity-changed' }]);
        await alice.client.trustIdentity(bob.address);
        expect(await alice.client.invite(bob.user)).toMatchObject([{ state: 'invited' }]);
      } else {
        expect(results).toMatchObject([{ state: 'invited' }]);
      }
      await until(() => alice.eventsOf('session-ready').length >= 2, 'the new session is ready');
      await alice.send(bob, 'second');
      expect(await impostor.hears(1)).toEqual(['second']);
    });
  }

  test('an invite under another identity is refused as well', async () => {
    world = await World.create('identity in an invite');
    const alice = await world.join('alice');
    const bob = await world.join('bob');
    await alice.send(bob, 'first');
    await bob.hears(1);
    await bob.isQuiet();
    await alice.close();
    await bob.close();
    await world.relay.relay.removeDevice('alice', 'one');
    world.relay.tables.rows('mailbox').clear();
    await bob.open();
    const impostor = await world.device('alice', 'one', { seed: 'impostor' }).register();
    await impostor.client.send(bob.user, utf8('trust me'));
    expect(await bob.sees('identity-changed')).toMatchObject([{ device: alice.address, accepted: false }]);
    await bob.isQuiet();
    expect(bob.texts).toEqual(['first']);
  });
});
