/** A good request of every kind, and what the relay says to it. A new request of the schema must get a row. */
import { currentSignedPreKey, renewSignedPreKey, supplyOneTimePreKeys } from '../../lib/account/account.js';
import type { DeviceAddress } from '../../lib/base/address.js';
import { runInline } from '../../lib/crypto/execute.js';
import { encodeEnvelope } from '../../lib/wire/message.js';
import type { RequestName, RequestOf } from '../../lib/wire/request.js';
import { pushOutcomes, requestRowOf } from '../../lib/wire/request.js';
import type { TestDevice } from './relay-fixture.js';
import { device } from './relay-fixture.js';

/** One kind of request. */
export interface Case<Name extends RequestName> {
  /** A good request of `alice`; `sender` replaces her where the request says who makes it. */
  make(alice: TestDevice, bob: TestDevice, sender: DeviceAddress): RequestOf<Name>;
  /** What it is answered with. */
  readonly code: number;
  /** What it is answered with when it comes a second time, byte for byte. */
  readonly again: number;
  /** Pushes that the second one causes for `bob`, beyond those of the first. */
  readonly pushedAgain: number;
  /** What it is answered with when it names another device as its sender; `undefined`: it names none. */
  readonly otherSender: number | undefined;
}

const group = { domain: 'example.test', groupId: 'g' };
const member = { domain: 'example.test', userId: 'alice', role: 1 };
const groupInfo = { name: 'group', address: group, members: [member] };
/** What is said of a group that does not exist; test/server/groups-*.test.ts have those that do. */
const noGroup = { code: 404, again: 404, pushedAgain: 0, otherSender: 403 };

export const cases: { readonly [Name in RequestName]: Case<Name> } = {
  register_user: {
    make: () => device('carol').registration('code', 'mailto:carol@example.org'),
    code: 200,
    again: 200,
    pushedAgain: 0,
    otherSender: undefined,
  },
  get_pre_key_bundle: {
    make: (_alice, bob) => ({ domain: 'example.test', userId: bob.address.userId, deviceId: undefined }),
    code: 200,
    again: 200,
    pushedAgain: 0,
    otherSender: undefined,
  },
  invite: {
    make: (alice, bob, sender) => ({ invite: { ...alice.invite(bob.address), from: sender } }),
    code: 200,
    again: 200,
    pushedAgain: 1,
    otherSender: 403,
  },
  accept: {
    make: (alice, bob, sender) => ({ accept: { ...alice.accept(bob.address), from: sender } }),
    code: 200,
    again: 200,
    pushedAgain: 1,
    otherSender: 403,
  },
  publish_spk: {
    make: (alice, _bob, sender) => {
      const { id, keyPair, signature } = currentSignedPreKey(runInline(renewSignedPreKey(alice.account, 0)).account);
      return { user: sender, signedPreKey: { id, publicKey: keyPair.publicKey, signature } };
    },
    code: 200,
    again: 200,
    pushedAgain: 0,
    otherSender: 403,
  },
  supply_opks: {
    make: (alice, _bob, sender) => {
      const { oneTimePreKeys } = runInline(supplyOneTimePreKeys(alice.account, 2));
      const { suite } = alice.account;
      return { suite, user: sender, oneTimePreKeys: oneTimePreKeys.map(({ id, keyPair }) => ({ id, publicKey: keyPair.publicKey })) };
    },
    code: 200,
    again: 200,
    pushedAgain: 0,
    otherSender: 403,
  },
  send_one2one_msg: {
    make: (alice, bob, sender) => ({ envelope: encodeEnvelope({ ...alice.envelope(bob.address, 'hello'), from: sender }) }),
    code: 200,
    again: 200,
    pushedAgain: 0,
    otherSender: 403,
  },
  consume_proto_msg: {
    make: (alice) => ({ pushId: alice.pushes[0]?.tag?.id ?? '', outcome: pushOutcomes.succeeded }),
    code: 200,
    again: 404,
    pushedAgain: 0,
    otherSender: undefined,
  },
  update_user: {
    make: (_alice, _bob, sender) => ({ update: { modified: 1, user: sender, operation: 0, change: { kind: 'name', name: 'Alice' } } }),
    code: 200,
    again: 200,
    pushedAgain: 0,
    otherSender: 403,
  },
  remove_device: {
    make: (alice) => ({ device: { ...alice.address, deviceId: 'lost' } }),
    code: 200,
    again: 200,
    pushedAgain: 0,
    otherSender: undefined,
  },
  get_group: { make: (_alice, _bob, sender) => ({ group, sender }), ...noGroup },
  create_group: {
    make: (alice, bob, sender) => ({
      suite: alice.account.suite,
      sender,
      group: { ...groupInfo, members: [member, { domain: 'example.test', userId: bob.address.userId, role: 0 }] },
      devices: [],
    }),
    code: 200,
    again: 200,
    pushedAgain: 0,
    otherSender: 403,
  },
  add_group_members: {
    make: (alice, _bob, sender) => ({
      suite: alice.account.suite,
      sender,
      sequence: 1,
      group: groupInfo,
      addingMembers: [member],
      addingDevices: [],
    }),
    ...noGroup,
  },
  add_group_member_device: {
    make: (alice, bob, sender) => ({
      suite: alice.account.suite,
      sender,
      sequence: 1,
      group: groupInfo,
      addingDevice: { address: bob.address, signingKey: new Uint8Array(0) },
    }),
    ...noGroup,
  },
  remove_group_members: {
    make: (alice, bob, sender) => ({
      suite: alice.account.suite,
      sender,
      group: groupInfo,
      removingMembers: [{ domain: 'example.test', userId: bob.address.userId, role: 0 }],
      devices: [],
    }),
    ...noGroup,
  },
  leave_group: { make: (_alice, _bob, sender) => ({ leaver: sender, group }), ...noGroup },
  send_group_msg: {
    make: (alice, bob, sender) => ({
      envelope: encodeEnvelope({
        ...alice.envelope(bob.address, ''),
        from: sender,
        to: group,
        payload: { kind: 'group', message: { sequence: 0, ciphertext: new Uint8Array(20), signature: new Uint8Array(64) } },
      }),
      allow: [],
      deny: [],
    }),
    ...noGroup,
  },
};

/** The encoded request of `alice` that names `sender` as its maker. */
export function encodedCase(name: RequestName, alice: TestDevice, bob: TestDevice, sender: DeviceAddress): Uint8Array {
  return requestRowOf(name).encodeRequest(cases[name].make(alice, bob, sender));
}
