/** Random values of every type that travels, for round trips. All draws come from fast-check's seed. */
import fc from 'fast-check';
import { type DeviceAddress, type GroupAddress } from '../../lib/base/address.js';
import { asMessageId, asSessionId } from '../../lib/base/brand.js';
import { toBase64 } from '../../lib/base/bytes.js';
import { copySecret, Secret } from '../../lib/base/secret.js';
import { suites } from '../../lib/crypto/cipher-suite.js';
import type { SignedBundle } from '../../lib/wire/account.js';
import type { Address } from '../../lib/wire/address.js';
import type { Certificate, ServerSignature } from '../../lib/wire/certificate.js';
import type { Frame } from '../../lib/wire/frame.js';
import type { Content, Envelope } from '../../lib/wire/message.js';
import type { EncodedPayload, PushKind, PushPayloads, PushTag } from '../../lib/wire/push.js';
import type { AnswerOf, Done, RequestName, RequestOf } from '../../lib/wire/request.js';
import { chainSecret } from '../support/chain-secret.js';

/** The seed of every property of the wire tests. */
export const seeded = { seed: 20_260_713, numRuns: 60 } as const;

const name = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' });
const anyName = fc.string({ maxLength: 12, unit: 'grapheme' });
const anyText = fc.string({ maxLength: 40, unit: 'grapheme' });
const uint32 = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 0xffff_ffff }));
const time = fc.oneof(fc.integer({ min: 0, max: 1_000 }), fc.maxSafeNat());
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const preKeyId = fc.integer({ min: 1, max: 0xffff_ffff });
const ofLength = (minLength: number, maxLength: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength, maxLength }).map((drawn) => new Uint8Array(drawn));
const anyBytes = ofLength(0, 40);
const bytes = fc.oneof(ofLength(1, 40), ofLength(100, 400));
const id = ofLength(16, 16).map((drawn) => toBase64(drawn));
const sessionId = id.map((drawn) => asSessionId(drawn));
const suite = fc.constantFrom(...suites());

function secret<Kind extends string>(): fc.Arbitrary<Secret<Kind>> {
  return ofLength(32, 32).map((drawn) => new Secret<Kind>(copySecret(drawn)));
}

/** A list of up to three. */
function few<T>(element: fc.Arbitrary<T>): fc.Arbitrary<T[]> {
  return fc.array(element, { maxLength: 3 });
}

function maybe<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(value, { nil: undefined });
}

export const device: fc.Arbitrary<DeviceAddress> = fc.record(
  { domain: name, userId: name, deviceId: name, userName: name },
  { requiredKeys: ['domain', 'userId', 'deviceId'] },
);
export const group: fc.Arbitrary<GroupAddress> = fc.record(
  { domain: name, groupId: name, groupName: name },
  { requiredKeys: ['domain', 'groupId'] },
);
const address: fc.Arbitrary<Address> = fc.oneof(device, group);

const subject = fc.record({ commonName: anyName, domain: anyName, organisation: anyName, units: few(name) });
export const certificate: fc.Arbitrary<Certificate> = fc.record({
  version: uint32,
  hashAlgorithm: int32,
  signingAlgorithm: int32,
  content: fc.record({ issuer: subject, notBefore: time, notAfter: time, subject, publicKeyAlgorithm: int32, publicKey: bytes }),
  contentFingerprint: anyBytes,
  issuerKeyFingerprint: anyBytes,
  signature: anyBytes,
  time,
  valid: fc.boolean(),
});
const serverSignature: fc.Arbitrary<ServerSignature> = fc.record({
  version: uint32,
  hashAlgorithm: int32,
  signingAlgorithm: int32,
  signer: subject,
  signingKeyFingerprint: bytes,
  messageFingerprint: anyBytes,
  signature: bytes,
});

const identityKey = fc.record({ agreement: bytes, signing: bytes });
const signedPreKey = fc.record({ id: preKeyId, publicKey: bytes, signature: bytes });
const oneTimePreKey = fc.record({ id: preKeyId, publicKey: bytes });
export const signedBundle: fc.Arbitrary<SignedBundle> = fc.record({
  bundle: fc.record(
    { address: device, suite, identityKey, signedPreKey, oneTimePreKey },
    { requiredKeys: ['address', 'suite', 'identityKey', 'signedPreKey'] },
  ),
  signature: maybe(serverSignature),
});

const member = fc.record({ userId: name, domain: name, role: int32 });
const groupDevice = fc.record({ address: device, signingKey: anyBytes });
const groupInfo = fc.record({ name, address: maybe(group), members: few(member) });
const createGroup = fc.record({ suite, sender: device, group: groupInfo, devices: few(groupDevice) });
const addGroupMembers = fc.record({
  suite,
  sender: device,
  sequence: uint32,
  group: groupInfo,
  addingMembers: few(member),
  addingDevices: few(groupDevice),
});
const addGroupMemberDevice = fc.record({ suite, sender: device, sequence: uint32, group: groupInfo, addingDevice: groupDevice });
const removeGroupMembers = fc.record({
  suite,
  sender: device,
  group: groupInfo,
  removingMembers: few(member),
  devices: few(groupDevice),
});
const leaveGroup = fc.record({ leaver: device, group });

const invite = fc.record({
  suite,
  sessionId,
  from: device,
  to: device,
  identityKey: anyBytes,
  baseKey: bytes,
  sharedInputs: few(bytes),
  signedPreKeyId: uint32,
  oneTimePreKeyId: uint32,
  inviteTime: time,
});
const accept = fc.record({ suite, from: device, to: device, ciphertext: anyBytes, ratchetKey: bytes });

export const envelope: fc.Arbitrary<Envelope> = fc.record({
  from: device,
  to: fc.oneof(address, fc.record({ domain: name, userId: name, deviceId: fc.constant('') })),
  messageId: id.map((drawn) => asMessageId(drawn)),
  sessionId,
  notification: fc.oneof(fc.constantFrom(0, 1, 2, 11, 12, -1), int32),
  payload: fc.oneof(
    fc.record({
      kind: fc.constant('one-to-one' as const),
      message: fc.record({ sequence: uint32, rootSequence: uint32, sendingMessageSequence: uint32, ratchetKey: bytes, ciphertext: bytes }),
    }),
    fc.record({ kind: fc.constant('group' as const), message: fc.record({ sequence: uint32, ciphertext: bytes, signature: bytes }) }),
  ),
});

export const content: fc.Arbitrary<Content> = fc.oneof(
  fc.record({ kind: fc.constant('common' as const), bytes: anyBytes }),
  fc.record({ kind: fc.constant('sync' as const), bytes: anyBytes }),
  fc.record({ kind: fc.constant('user-devices' as const), devices: fc.record({ domain: name, userId: name, deviceIds: few(name) }) }),
  fc.record({
    kind: fc.constant('group-pre-key-bundle' as const),
    bundle: fc.record({
      suite,
      sender: device,
      sessionId,
      oldSessionId: maybe(sessionId),
      group: groupInfo,
      sequence: uint32,
      seed: secret<'GroupSeed'>(),
    }),
  }),
  fc.record({
    kind: fc.constant('group-update-key-bundle' as const),
    bundle: suite.chain((used) =>
      fc.record({
        suite: fc.constant(used),
        sender: device,
        adding: fc.boolean(),
        sessionId,
        group: groupInfo,
        sequence: uint32,
        chainKey: fc
          .uint8Array({ minLength: used.hash.digestLength, maxLength: used.hash.digestLength })
          .map((drawn) => chainSecret(drawn, used.hash)),
        signingKey: bytes,
        addingDevices: few(groupDevice),
      }),
    ),
  }),
);

const userUpdate = fc.record({
  modified: time,
  user: maybe(address),
  operation: int32,
  change: maybe(
    fc.oneof(
      fc.record({ kind: fc.constant('name' as const), name: anyName }),
      fc.record({ kind: fc.constant('avatar' as const), url: anyText }),
      fc.record({ kind: fc.constant('state' as const), state: int32 }),
      fc.record({ kind: fc.constant('privacy' as const), json: anyText }),
      fc.record({ kind: fc.constant('backup-passkey' as const), passkey: secret<'BackupPasskey'>() }),
    ),
  ),
});
const by = maybe(address);
const groupChange = fc.oneof(
  fc.record({ kind: fc.constantFrom('create' as const, 'admins' as const, 'add' as const, 'remove' as const), by, members: few(member) }),
  fc.record({ kind: fc.constant('name' as const), by, name: anyName }),
  fc.record({ kind: fc.constant('avatar' as const), by, url: anyText }),
  fc.record({ kind: fc.constant('join' as const), by, member: maybe(member) }),
  fc.record({ kind: fc.constant('destroy' as const), by }),
);
const friendship = fc.record({
  modified: time,
  fromUser: anyName,
  toUser: anyName,
  nickname: anyName,
  memoName: anyName,
  blockState: int32,
  status: int32,
});

export const tag: fc.Arbitrary<PushTag> = fc.record({ time, id: fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }) });

/** One arbitrary per kind of push. */
export const payloads: { readonly [K in PushKind]: fc.Arbitrary<PushPayloads[K]> } = {
  'acquire-sync': fc.record({ last: maybe(tag) }),
  'supply-one-time-pre-keys': fc.record({ time, count: uint32, user: device }),
  invite,
  accept,
  'add-user-device': fc.record({ device, oldDevices: few(device) }),
  'remove-user-device': fc.record({ device }),
  'create-group': createGroup,
  'add-group-members': addGroupMembers,
  'remove-group-members': removeGroupMembers,
  'add-group-member-device': addGroupMemberDevice,
  'leave-group': leaveGroup,
  message: envelope,
  'update-user': userUpdate,
  friend: fc.record({
    modified: time,
    noticeId: anyName,
    user: maybe(address),
    userName: anyName,
    operation: int32,
    friendship: maybe(friendship),
  }),
  group: fc.record({
    modified: time,
    noticeId: anyName,
    group: maybe(address),
    groupName: anyName,
    operation: int32,
    change: maybe(groupChange),
  }),
  system: fc.record({ modified: time, operation: int32, payload: anyBytes }),
  'client-heartbeat': fc.record({ time }),
  'server-heartbeat': fc.record({ hostName: anyName, time }),
  'upgrade-suite': fc.record({ time, packId: uint32 }),
};

/** A push around `payload`. */
export function pushOf(payload: EncodedPayload) {
  return fc.record({ tag: maybe(tag), from: maybe(address), to: device, payload: fc.constant(payload), signatures: few(serverSignature) });
}

/** One arbitrary per request. */
export const requestValues: { readonly [N in RequestName]: fc.Arbitrary<RequestOf<N>> } = {
  register_user: fc.record({
    userName: name,
    userId: name,
    deviceId: name,
    authenticator: anyName,
    authCode: name,
    suite,
    identityKey,
    signedPreKey,
    oneTimePreKeys: few(oneTimePreKey),
  }),
  get_pre_key_bundle: fc.record({ domain: name, userId: name, deviceId: maybe(name) }),
  invite: fc.record({ invite }),
  accept: fc.record({ accept }),
  publish_spk: fc.record({ user: device, signedPreKey }),
  supply_opks: fc.record({ suite, user: device, oneTimePreKeys: few(oneTimePreKey) }),
  send_one2one_msg: fc.record({ envelope: bytes }),
  create_group: createGroup,
  add_group_members: addGroupMembers,
  add_group_member_device: addGroupMemberDevice,
  remove_group_members: removeGroupMembers,
  leave_group: leaveGroup,
  send_group_msg: fc.record({ envelope: bytes, allow: few(device), deny: few(device) }),
  consume_proto_msg: fc.record({ pushId: name, outcome: int32 }),
  update_user: fc.record({ update: userUpdate }),
  get_group: fc.record({ group, sender: device }),
  remove_device: fc.record({ device: fc.record({ domain: name, userId: name, deviceId: name }) }),
};

const done = fc.constant<Done>({});

/** One arbitrary per successful answer. */
export const answerValues: { readonly [N in RequestName]: fc.Arbitrary<AnswerOf<N>> } = {
  register_user: fc.record({
    address: device,
    userName: name,
    password: name,
    token: name,
    tokenExpires: time,
    authenticator: anyName,
    certificate: maybe(certificate),
    otherDevices: few(device),
    contactDevices: few(device),
    groups: few(groupInfo),
  }),
  get_pre_key_bundle: fc.record({ userId: name, bundles: few(signedBundle) }),
  invite: fc.record({ sessionId, inviteTime: time }),
  accept: done,
  publish_spk: done,
  supply_opks: done,
  send_one2one_msg: done,
  create_group: fc.record({ group, devices: few(groupDevice) }),
  add_group_members: fc.record({ addedMembers: few(member), members: few(member), addingDevices: few(groupDevice) }),
  add_group_member_device: fc.record({ members: few(member), addingDevice: groupDevice }),
  remove_group_members: fc.record({ removedMembers: few(member), members: few(member), devices: few(groupDevice) }),
  leave_group: leaveGroup,
  send_group_msg: done,
  consume_proto_msg: done,
  update_user: done,
  get_group: fc.record({ name: anyName, group, members: few(member) }),
  remove_device: done,
};

export const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({
    kind: fc.constant('hello' as const),
    hello: fc.record({
      version: uint32,
      address: fc.record({ domain: anyName, userId: anyName, deviceId: anyName }),
      credential: fc.oneof(
        fc.record({ kind: fc.constant('token' as const), token: anyText }),
        fc.record({ kind: fc.constant('password' as const), password: anyText }),
        fc.constant({ kind: 'none' as const }),
      ),
      incarnation: anyBytes,
      commitCounter: time,
      lastPushId: anyName,
      greeting: anyBytes,
      previousGreeting: anyBytes,
    }),
  }),
  fc.record({
    kind: fc.constant('hello-ack' as const),
    ack: fc.record({
      code: uint32,
      reason: anyName,
      token: anyText,
      tokenExpiresAt: time,
      serverTime: time,
      pushWindow: uint32,
      heartbeatInterval: uint32,
      maxFrameLength: uint32,
      storeSince: time,
    }),
  }),
  fc.record({ kind: fc.constant('request' as const), id: uint32, request: uint32, body: anyBytes, commitCounter: time }),
  fc.record({ kind: fc.constant('response' as const), id: uint32, status: uint32, body: anyBytes }),
  fc.record({ kind: fc.constant('push' as const), body: anyBytes }),
  fc.record({ kind: fc.constant('heartbeat' as const), number: time }),
  fc.record({ kind: fc.constant('goodbye' as const), reason: anyName }),
  fc.constant({ kind: 'unknown' as const }),
);
