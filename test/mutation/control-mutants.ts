/** Damaged control pushes: what the relay has signed and somebody changed, and what it would sign although nobody may say it. */
import { asSessionId } from '../../lib/base/brand.js';
import { concat, toBase64 } from '../../lib/base/bytes.js';
import type { DeviceAddress } from '../../lib/base/address.js';
import { suites } from '../../lib/crypto/cipher-suite.js';
import type { Accept, Invite } from '../../lib/session/session.js';
import { encodeFrame } from '../../lib/wire/frame.js';
import { type EncodedPayload, type PushPayload, encodePayload, encodePush, pushKinds } from '../../lib/wire/push.js';
import type { ClientMutant } from './client-oracle.js';
import { type Mutation, inFrame } from './client-mutants.js';
import type { ClientWorld } from './client-world.js';
import { damage, damageFields } from './mutators.js';
import { delimited, encodeField, encodeFields, parseFields } from './raw-fields.js';
import { domain } from './stand-in-relay.js';

function resized(bytes: Uint8Array, { dice }: ClientWorld): Uint8Array {
  return dice.pick([bytes.subarray(1), concat([bytes, dice.bytes(1)]), new Uint8Array(0), dice.bytes(bytes.length * 2)]);
}

function flipped(bytes: Uint8Array, { dice }: ClientWorld): Uint8Array {
  const out = Uint8Array.from(bytes);
  out[dice.below(out.length)]! ^= 1 << dice.below(8);
  return out;
}

/** Control pushes that would have no lasting effect if they came unchanged, so that none of them uses anything up. */
export function controls(world: ClientWorld): readonly { readonly payload: PushPayload; readonly from?: DeviceAddress }[] {
  const { address, alice, dave, carol, clock } = world;
  const time = clock.now();
  const group = { name: 'group', address: { domain, groupId: 'group' }, members: [{ domain, userId: 'alice', role: 0 }] };
  return [
    { payload: { kind: 'invite', value: { ...world.inviteOf(dave), oneTimePreKeyId: 1 } }, from: dave.address },
    {
      payload: { kind: 'accept', value: { ...world.answer, ratchetKey: world.dice.bytes(world.answer.ratchetKey.length) } },
      from: carol.address,
    },
    { payload: { kind: 'add-user-device', value: { device: { ...carol.address, deviceId: 'tablet' }, oldDevices: [carol.address] } } },
    { payload: { kind: 'remove-user-device', value: { device: { ...carol.address, deviceId: 'tablet' } } } },
    { payload: { kind: 'supply-one-time-pre-keys', value: { time, count: 1, user: address } } },
    {
      payload: {
        kind: 'update-user',
        value: { modified: time, user: alice.address, operation: 0, change: { kind: 'name', name: 'Alice' } },
      },
      from: alice.address,
    },
    { payload: { kind: 'upgrade-suite', value: { time, packId: world.suite.packId } } },
    { payload: { kind: 'create-group', value: { suite: world.suite, sender: alice.address, group, devices: [] } }, from: alice.address },
    { payload: { kind: 'leave-group', value: { leaver: alice.address, group: group.address } }, from: alice.address },
  ];
}

/** A signed push is damaged anywhere; the signature stays. */
export const damagedControl: Mutation = (world) => {
  const { payload, from } = world.dice.pick(controls(world));
  const original = world.signed(payload, from);
  const donor = world.signed({ kind: 'upgrade-suite', value: { time: 1, packId: 1 } });
  const { name, bytes } = damage(original, world.dice, donor);
  return { group: 'signed push', name: `${payload.kind}: ${name}`, frame: inFrame(bytes), original };
};

/** A good statement under a signature that is not its own. */
export const wrongSignature: Mutation = (world) => {
  const { dice, relay } = world;
  const { payload, from } = dice.pick(controls(world));
  const statement = { tag: relay.tag(), from, to: world.address, payload: encodePayload(payload) };
  const good = relay.signatureOf(statement);
  const cases = {
    none: [],
    'of another push': [relay.sign(dice.bytes(32))],
    'of another push, under this fingerprint': [{ ...relay.sign(dice.bytes(32)), messageFingerprint: good.messageFingerprint }],
    'of an unknown key': [{ ...good, signingKeyFingerprint: dice.bytes(32) }],
    'of another algorithm': [{ ...good, signingAlgorithm: good.signingAlgorithm + 1 }],
    'of another hash': [{ ...good, hashAlgorithm: 7 }],
    flipped: [{ ...good, signature: flipped(good.signature, world) }],
    cut: [{ ...good, signature: good.signature.subarray(0, dice.below(good.signature.length - 1) + 1) }],
    'a bad one beside the good one': dice.shuffled([good, { ...good, signature: flipped(good.signature, world) }]),
    'too many': Array.from({ length: 9 }, () => good),
  };
  const name = dice.pick(Object.keys(cases) as (keyof typeof cases)[]);
  return {
    group: 'wrong signature',
    name: `${payload.kind}: ${name}`,
    frame: inFrame(encodePush({ ...statement, signatures: cases[name] })),
  };
};

/** The relay itself addresses a push to somebody else. */
export const misaddressedPush: Mutation = (world) => {
  const { dice, relay, address, sibling, alice } = world;
  const { payload, from } = dice.pick(controls(world));
  const to = dice.pick([
    sibling.address,
    alice.address,
    { ...address, domain: 'elsewhere.test' },
    { ...address, deviceId: `${address.deviceId}!` },
  ]);
  return {
    group: 'push to somebody else',
    name: payload.kind,
    frame: inFrame(relay.signedPush({ from, to, payload: encodePayload(payload) })),
  };
};

interface SignedCase {
  readonly payload: EncodedPayload;
  readonly from: DeviceAddress;
  readonly mayMeet?: DeviceAddress;
}

function signedMutant(world: ClientWorld, group: string, name: string, { payload, from, mayMeet }: SignedCase): ClientMutant {
  const push = world.relay.signedPush({ from, to: world.address, payload });
  return { group, name, frame: inFrame(push), ...(mayMeet === undefined ? {} : { mayMeet }) };
}

type InviteEdit = (world: ClientWorld, invite: Invite) => Partial<Invite>;

/** Invites that must be refused whoever passes them on. */
const inviteEdits: { readonly [name: string]: InviteEdit } = {
  'too few inputs': (_world, { sharedInputs }) => ({ sharedInputs: sharedInputs.slice(1) }),
  'too many inputs': (_world, { sharedInputs }) => ({ sharedInputs: [...sharedInputs, ...sharedInputs] }),
  'no inputs': () => ({ sharedInputs: [] }),
  'input resized': (world, { sharedInputs }) => ({
    sharedInputs: sharedInputs.map((input, index) => (index === 1 ? resized(input, world) : input)),
  }),
  'identity key resized': (world, { identityKey }) => ({ identityKey: resized(identityKey, world) }),
  'base key resized': (world, { baseKey }) => ({ baseKey: resized(baseKey, world) }),
  'base key of no valid form': (_world, { baseKey }) => ({ baseKey: new Uint8Array(baseKey.length).fill(0xff) }),
  'identity key of no valid form': (_world, { identityKey }) => ({ identityKey: new Uint8Array(identityKey.length).fill(0xff) }),
  'signed pre-key unknown': ({ dice }) => ({ signedPreKeyId: dice.pick([0, 2, 99, 0xffff_ffff]) }),
  'one-time pre-key spent': () => ({ oneTimePreKeyId: 1 }),
  'one-time pre-key unknown': ({ dice }) => ({ oneTimePreKeyId: dice.pick([1_000, 0x8000_0000, 0xffff_ffff]) }),
  'one-time pre-key missing': () => ({ oneTimePreKeyId: 0 }),
  'other suite': ({ suite, dice }) => ({ suite: dice.pick(suites().filter(({ agreement }) => agreement !== suite.agreement)) }),
  'from the receiver': ({ address }) => ({ from: address }),
  'to another device': ({ sibling }) => ({ to: sibling.address }),
  'session of somebody else': ({ alice }) => ({ sessionId: alice.ready.sessionId }),
  'identity of a known device changed': ({ alice }) => ({ from: alice.address }),
};

/** An invite that is wrong in one place, under a good signature. */
export const refusedInvite: Mutation = (world) => {
  const { dice, dave } = world;
  const invite = world.inviteOf(dave);
  const name = dice.pick(Object.keys(inviteEdits));
  const edited = { ...invite, ...inviteEdits[name]!(world, invite) };
  return signedMutant(world, 'invite', name, {
    payload: encodePayload({ kind: 'invite', value: edited }),
    from: edited.from,
    mayMeet: dave.address,
  });
};

/** As {@link refusedInvite}, with a field that our own encoder cannot spoil. */
export const malformedInvite: Mutation = (world) => {
  const { dice, dave } = world;
  const { bytes } = encodePayload({ kind: 'invite', value: world.inviteOf(dave) });
  const fields = parseFields(bytes)!;
  const numbers = { version: 1, 'session id': 3, from: 4, to: 5, 'base key': 7 } as const;
  const name = dice.pick(Object.keys(numbers) as (keyof typeof numbers)[]);
  const at = fields.findIndex(({ number }) => number === numbers[name]);
  if (at < 0) throw new Error(`an invite has no ${name}`);
  const spoilt = encodeFields(fields.map((field, index) => (index === at ? delimited(field.number, new Uint8Array(0)) : field)));
  return signedMutant(world, 'invite', `${name} emptied`, { payload: { kind: 'invite', bytes: spoilt }, from: dave.address });
};

type AcceptEdit = (world: ClientWorld, answer: Accept) => Partial<Accept>;

/** Accepts that must be refused whoever passes them on; a changed ciphertext alone cannot be told from a good one. Weaknesses P13. */
const acceptEdits: { readonly [name: string]: AcceptEdit } = {
  'ratchet key flipped': (world, { ratchetKey }) => ({ ratchetKey: flipped(ratchetKey, world) }),
  'ratchet key replaced': ({ dice }, { ratchetKey }) => ({ ratchetKey: dice.bytes(ratchetKey.length) }),
  'ratchet key resized': (world, { ratchetKey }) => ({ ratchetKey: resized(ratchetKey, world) }),
  'ciphertext resized': (world, { ciphertext }) => ({ ciphertext: resized(ciphertext, world) }),
  'both swapped': (_world, { ciphertext, ratchetKey }) => ({ ciphertext: ratchetKey, ratchetKey: ciphertext }),
  'other suite': ({ suite, dice }) => ({ suite: dice.pick(suites().filter((other) => other !== suite)) }),
  'from a device that was not invited': ({ alice, dave, dice }) => ({ from: dice.pick([alice.address, dave.address]) }),
  'from another device of the invited': ({ carol }) => ({ from: { ...carol.address, deviceId: 'desk' } }),
  'to another device': ({ sibling }) => ({ to: sibling.address }),
};

/** An accept of the invited device that is wrong in one place, under a good signature. */
export const refusedAccept: Mutation = (world) => {
  const name = world.dice.pick(Object.keys(acceptEdits));
  const edited = { ...world.answer, ...acceptEdits[name]!(world, world.answer) };
  return signedMutant(world, 'accept', name, { payload: encodePayload({ kind: 'accept', value: edited }), from: edited.from });
};

/** Payloads that a good signature covers and that are no message of the schema, or one that changes nothing. */
export const damagedNotice: Mutation = (world) => {
  const { dice } = world;
  const { payload, from = world.alice.address } = dice.pick(
    controls(world).filter(({ payload: { kind } }) => ['update-user', 'upgrade-suite', 'create-group', 'leave-group'].includes(kind)),
  );
  const { kind, bytes } = encodePayload(payload);
  const { name, bytes: spoilt } = damageFields(bytes, dice);
  return signedMutant(world, 'signed notice', `${kind}: ${name}`, { payload: { kind, bytes: spoilt }, from });
};

/** Noise as the payload of any kind, under a good signature. */
export const noisePayload: Mutation = (world) => {
  const { dice } = world;
  const kind = dice.pick(pushKinds().filter((other) => other !== 'message'));
  const noise = dice.pick([
    Uint8Array.of(0xff),
    concat([encodeField(delimited(1, dice.bytes(3))), Uint8Array.of(0x0a, 0x7f)]),
    Uint8Array.of(0x0f),
  ]);
  return signedMutant(world, 'signed notice', `${kind}: noise`, { payload: { kind, bytes: noise }, from: world.alice.address });
};

/** A device statement that names nobody. */
export const malformedDevice: Mutation = (world) => {
  const { dice, alice } = world;
  const kind = dice.pick(['add-user-device', 'remove-user-device', 'supply-one-time-pre-keys'] as const);
  const values = {
    'add-user-device': { kind, value: { device: alice.address, oldDevices: Array.from({ length: 65 }, () => alice.address) } },
    'remove-user-device': { kind, value: { device: { ...alice.address, deviceId: '' } } },
    'supply-one-time-pre-keys': { kind, value: { time: 0, count: 5, user: alice.address } },
  } as const;
  return signedMutant(world, 'signed notice', `${kind}: for nobody`, {
    payload: encodePayload(values[kind] as PushPayload),
    from: alice.address,
  });
};

/** A push that was handled comes again under its own tag, with other content. */
export const replayedPush: Mutation = async (world) => {
  const tag = world.relay.tag();
  const { payload, from } = world.dice.pick(controls(world));
  await world.deliverPush(
    world.relay.signedPush({
      from,
      to: world.address,
      payload: encodePayload({ kind: 'upgrade-suite', value: { time: 1, packId: 2 } }),
      tag,
    }),
  );
  const push = world.relay.signedPush({ from, to: world.address, payload: encodePayload(payload), tag });
  return { group: 'replayed push', name: payload.kind, frame: inFrame(push) };
};

/** A frame that only the other side may send, or that nobody can. */
export const foreignFrame: Mutation = (world) => {
  const { dice } = world;
  const cases = {
    hello: encodeFrame({
      kind: 'hello',
      hello: {
        version: 1,
        address: world.address,
        credential: { kind: 'none' },
        incarnation: new Uint8Array(0),
        commitCounter: 0,
        lastPushId: '',
        greeting: new Uint8Array(0),
        previousGreeting: new Uint8Array(0),
      },
    }),
    request: encodeFrame({ kind: 'request', id: dice.below(1_000), request: dice.below(20), body: dice.bytes(10), commitCounter: 0 }),
    'answer to nothing': encodeFrame({
      kind: 'response',
      id: 1_000_000 + dice.below(1_000),
      status: dice.pick([200, 400, 0]),
      body: dice.bytes(10),
    }),
    heartbeat: encodeFrame({ kind: 'heartbeat', number: dice.below(1_000_000) }),
    goodbye: encodeFrame({ kind: 'goodbye', reason: dice.pick(['closing', 'timeout', 'overload', '']) }),
    'later schema': encodeField(delimited(60 + dice.below(20), dice.bytes(5))),
    noise: dice.bytes(1 + dice.below(200)),
    empty: new Uint8Array(0),
  };
  const name = dice.pick(Object.keys(cases) as (keyof typeof cases)[]);
  return { group: 'frame', name, frame: cases[name] };
};

/** A session id that is none, in an invite under a good signature. */
export const strangeSessionId: Mutation = (world) => {
  const { dice, dave } = world;
  const sessionId = asSessionId(dice.pick(['short', toBase64(dice.bytes(17)), `${'A'.repeat(22)}==\0`, '../../../../etc/passwd==']));
  return signedMutant(world, 'invite', 'session id of no valid form', {
    payload: encodePayload({ kind: 'invite', value: { ...world.inviteOf(dave), sessionId } }),
    from: dave.address,
  });
};
