/** Every range of bytes that the relay or a peer's identity signs, flipped once: an event each, and nothing changes. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { PreKeyBundle } from '../../lib/account/pre-key-bundle.js';
import { limits } from '../../lib/base/limits.js';
import { suiteByName } from '../../lib/crypto/cipher-suite.js';
import type { SignedBundle } from '../../lib/wire/account.js';
import type { ServerSignature } from '../../lib/wire/certificate.js';
import { bundleFingerprint } from '../../lib/wire/fingerprint.js';
import { encodeContent, encodeEnvelope } from '../../lib/wire/message.js';
import { requests } from '../../lib/wire/request.js';
import { ClientWorld } from './client-world.js';
import { type RawField, delimited, encodeFields, parseFields } from './raw-fields.js';

let world: ClientWorld;

beforeEach(async () => {
  world = await ClientWorld.create('signed ranges', suiteByName('mldsa44-mlkem512'));
});

afterEach(async () => {
  await world.close();
});

/** The first, a middle and the last byte. */
function places(bytes: Uint8Array): number[] {
  return [...new Set([0, Math.floor(bytes.length / 2), bytes.length - 1])];
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const out = Uint8Array.from(bytes);
  out[at]! ^= 1;
  return out;
}

function withFlip(field: RawField, at: number): RawField {
  if (typeof field.value === 'bigint') return { number: field.number, wire: 0, value: field.value ^ 1n };
  return delimited(field.number, flipped(field.value, at));
}

/** Events that tell of a push that was refused. */
const refusals = /^(?:bad-server-signature|undecryptable|error)$/u;

const controlFields = { 'the tag': 1, from: 2, to: 3, 'the signature': 1001 } as const;

test.each(['invite', 'accept', 'supply-one-time-pre-keys', 'add-user-device', 'remove-user-device', 'update-user'] as const)(
  'a push of kind %s with a flipped byte in any signed part raises an event and changes nothing',
  async (kind) => {
    const { address, dave, carol, alice, clock } = world;
    const time = clock.now();
    const values = {
      invite: { kind: 'invite', value: world.inviteOf(dave) },
      accept: { kind: 'accept', value: world.answer },
      'supply-one-time-pre-keys': { kind: 'supply-one-time-pre-keys', value: { time, count: 1, user: address } },
      'add-user-device': { kind: 'add-user-device', value: { device: { ...alice.address, deviceId: 'tablet' }, oldDevices: [] } },
      'remove-user-device': { kind: 'remove-user-device', value: { device: alice.address } },
      'update-user': {
        kind: 'update-user',
        value: { modified: time, user: alice.address, operation: 0, change: { kind: 'name', name: 'A' } },
      },
    } as const;
    const from = kind === 'accept' ? carol.address : kind === 'invite' ? dave.address : alice.address;
    // Each under a tag of its own: a push that was consumed once is not looked at again.
    const fresh = (): RawField[] => parseFields(world.signed(values[kind], from))!;
    const good = fresh();
    const known: readonly number[] = Object.values(controlFields);
    expect(good.filter(({ number }) => !known.includes(number))).toHaveLength(1);
    let isNamelessTold = false;
    for (const [index, field] of good.entries()) {
      if (typeof field.value === 'bigint') throw new Error('a push has a number where a part should be');
      // Heads of inner fields decide what a part is, their content decides what it says: both are tried.
      for (const at of places(field.value)) {
        world.changes();
        const seen = await world.deliverPush(
          encodeFields(fresh().map((other, position) => (position === index ? withFlip(other, at) : other))),
        );
        const types = seen.events.map(({ type }) => type);
        // A push whose id cannot be read is told of once per connection.
        const isToldOf = field.number === controlFields['the tag'] && types.length === 0 && isNamelessTold;
        isNamelessTold ||= types.includes('error');
        expect([field.number, at, types]).toEqual([field.number, at, isToldOf ? [] : [expect.stringMatching(refusals)]]);
        expect(seen.changes.filter(({ table }) => table !== 'push' && table !== 'meta')).toEqual([]);
      }
    }
    // The proof that the flips are what was refused.
    const seen = await world.deliverPush(encodeFields(fresh()));
    expect(seen.events.map(({ type }) => type)).not.toContain('bad-server-signature');
    expect(seen.events).not.toEqual([]);
  },
);

type BundleEdit = (bundle: PreKeyBundle, at: number) => PreKeyBundle;

const bundleRanges: { readonly [name: string]: { readonly length: (bundle: PreKeyBundle) => number; readonly edit: BundleEdit } } = {
  'the address': { length: () => 1, edit: (bundle) => ({ ...bundle, address: { ...bundle.address, deviceId: 'qhone' } }) },
  'the agreement identity key': {
    length: ({ identityKey }) => identityKey.agreement.length,
    edit: (bundle, at) => ({ ...bundle, identityKey: { ...bundle.identityKey, agreement: flipped(bundle.identityKey.agreement, at) } }),
  },
  'the signing identity key': {
    length: ({ identityKey }) => identityKey.signing.length,
    edit: (bundle, at) => ({ ...bundle, identityKey: { ...bundle.identityKey, signing: flipped(bundle.identityKey.signing, at) } }),
  },
  'the id of the signed pre-key': { length: () => 1, edit: (bundle) => ({ ...bundle, signedPreKey: { ...bundle.signedPreKey, id: 9 } }) },
  'the signed pre-key': {
    length: ({ signedPreKey }) => signedPreKey.publicKey.length,
    edit: (bundle, at) => ({ ...bundle, signedPreKey: { ...bundle.signedPreKey, publicKey: flipped(bundle.signedPreKey.publicKey, at) } }),
  },
  'the signature of the signed pre-key': {
    length: ({ signedPreKey }) => signedPreKey.signature.length,
    edit: (bundle, at) => ({ ...bundle, signedPreKey: { ...bundle.signedPreKey, signature: flipped(bundle.signedPreKey.signature, at) } }),
  },
  'the one-time pre-key': {
    length: ({ oneTimePreKey }) => oneTimePreKey!.publicKey.length,
    edit: (bundle, at) => ({ ...bundle, oneTimePreKey: { id: 1, publicKey: flipped(bundle.oneTimePreKey!.publicKey, at) } }),
  },
  'the id of the one-time pre-key': {
    length: () => 1,
    edit: (bundle) => ({ ...bundle, oneTimePreKey: { ...bundle.oneTimePreKey!, id: 9 } }),
  },
};

/** Hands out `signed` for Dave from now on. */
function handOut(signed: SignedBundle): void {
  const { answer } = world.relay;
  world.relay.answer = (request) => {
    if (request.name !== 'get_pre_key_bundle') return answer(request);
    return requests.get_pre_key_bundle.encodeResponse({ ok: true, message: '', value: { userId: 'dave', bundles: [signed] } });
  };
}

async function refusesBundle(signed: SignedBundle): Promise<void> {
  world.changes();
  const before = world.events.length;
  handOut(signed);
  await expect(world.client.invite(world.dave.address)).rejects.toMatchObject({ code: 'bad-server-signature' });
  expect(world.events.slice(before).map(({ type }) => type)).toEqual(['bad-server-signature']);
  expect(world.changes()).toEqual([]);
}

test.each(Object.keys(bundleRanges))('a bundle with a flipped byte in %s raises an event and is not used', async (name) => {
  const bundle = world.dave.bundle();
  const signature = world.relay.sign(bundleFingerprint(bundle));
  const { length, edit } = bundleRanges[name]!;
  for (const at of new Set([0, Math.floor(length(bundle) / 2), length(bundle) - 1])) {
    await refusesBundle({ bundle: edit(bundle, at), signature });
  }
});

test.each(['messageFingerprint', 'signature', 'signingKeyFingerprint'] as const)(
  'a bundle with a flipped byte in the %s of the relay raises an event',
  async (field) => {
    const bundle = world.dave.bundle();
    const signature: ServerSignature = world.relay.sign(bundleFingerprint(bundle));
    for (const at of places(signature[field]))
      await refusesBundle({ bundle, signature: { ...signature, [field]: flipped(signature[field], at) } });
    handOut({ bundle, signature });
    expect(await world.client.invite(world.dave.address)).toMatchObject([{ state: 'invited' }]);
  },
);

test('a signed pre-key that its owner did not sign is refused although the relay vouches for it', async () => {
  const bundle = bundleRanges['the signed pre-key']!.edit(world.dave.bundle(), 5);
  world.changes();
  handOut({ bundle, signature: world.relay.sign(bundleFingerprint(bundle)) });
  expect(await world.client.invite(world.dave.address)).toMatchObject([{ state: 'refused', code: 'bad-signature' }]);
  expect(world.changes().filter(({ table }) => table !== 'meta')).toEqual([]);
});

test('an altered message counter costs no more keys than may be kept, and no message', async () => {
  const { mallory } = world;
  const base = world.next(mallory, encodeContent(world.text()));
  const { payload } = base.envelope;
  if (payload.kind !== 'one-to-one') throw new Error('the message is not one-to-one');
  const altered = { ...base.envelope, payload: { ...payload, message: { ...payload.message, sendingMessageSequence: 0xffff_ffff } } };
  const push = world.relay.plainPush({
    from: mallory.address,
    to: world.address,
    payload: { kind: 'message', bytes: encodeEnvelope(altered) },
  });
  const seen = await world.deliverPush(push);
  expect(seen.received).toHaveLength(1);
  // One row per key, one per chain; Alice's late message has two as well.
  expect(world.rows('skipped-key')).toBeGreaterThan(limits.skippedMessageKeys / 2);
  expect(world.rows('skipped-key')).toBeLessThanOrEqual(limits.skippedMessageKeys + 8);
  await world.wasTaken(base);
  await world.deliverGood(world.next(mallory, encodeContent(world.text())));
});
