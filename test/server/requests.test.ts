/** Every request of the schema against every way in which it may not be made; a request without a row here fails. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { renewSignedPreKey, currentSignedPreKey, supplyOneTimePreKeys } from '../../lib/account/account.js';
import type { DeviceAddress } from '../../lib/base/address.js';
import { limits } from '../../lib/base/limits.js';
import { runInline } from '../../lib/crypto/execute.js';
import { maxBodyLength } from '../../lib/server/dispatch.js';
import { tables as tableNames } from '../../lib/store/store.js';
import { encodeEnvelope } from '../../lib/wire/message.js';
import type { RequestName, RequestOf, ResponseOf } from '../../lib/wire/request.js';
import { pushOutcomes, requestNames, requestRowOf } from '../../lib/wire/request.js';
import { settled } from '../transport/fake-clock.js';
import type { RelayFixture, TestDevice } from './relay-fixture.js';
import { device, join, startRelay } from './relay-fixture.js';

interface Case<Name extends RequestName> {
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
const notServed = { code: 417, again: 417, pushedAgain: 0, otherSender: 417 };

const cases: { readonly [Name in RequestName]: Case<Name> } = {
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
  get_group: { make: (_alice, _bob, sender) => ({ group, sender }), code: 404, again: 404, pushedAgain: 0, otherSender: 404 },
  create_group: {
    make: (alice, _bob, sender) => ({ suite: alice.account.suite, sender, group: groupInfo, devices: [] }),
    ...notServed,
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
    ...notServed,
  },
  add_group_member_device: {
    make: (alice, bob, sender) => ({
      suite: alice.account.suite,
      sender,
      sequence: 1,
      group: groupInfo,
      addingDevice: { address: bob.address, signingKey: new Uint8Array(0) },
    }),
    ...notServed,
  },
  remove_group_members: {
    make: (alice, _bob, sender) => ({ suite: alice.account.suite, sender, group: groupInfo, removingMembers: [member], devices: [] }),
    ...notServed,
  },
  leave_group: { make: (_alice, _bob, sender) => ({ leaver: sender, group }), ...notServed },
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
    ...notServed,
  },
};

/** Two heartbeats: the connection is alive when the token ends. */
const tokenLifetime = 60_000;

let fixture: RelayFixture;
let alice: TestDevice;
let bob: TestDevice;

beforeEach(async () => {
  // Three one-time pre-keys are fewer than the relay likes, so each device is asked for more: the push that alice consumes.
  fixture = await startRelay({ limits: { tokenLifetime } });
  alice = await join(fixture, 'alice');
  bob = await join(fixture, 'bob');
  await alice.received(1);
  await bob.received(1);
});

afterEach(async () => {
  await fixture.relay.close();
});

/** Everything the relay has stored. */
function stored(): string {
  return tableNames
    .flatMap((table) =>
      [...fixture.tables.rows(table).entries({ prefix: '', after: undefined, reverse: undefined })].map(
        ([key, value]) => `${table} ${Buffer.from(key, 'latin1').toString('hex')} ${Buffer.from(value).toString('hex')}`,
      ),
    )
    .join('\n');
}

function codeOf<Name extends RequestName>(response: ResponseOf<Name>): number {
  return response.ok ? 200 : response.code;
}

function encoded(name: RequestName, sender: DeviceAddress): Uint8Array {
  return requestRowOf(name).encodeRequest(cases[name].make(alice, bob, sender));
}

async function sendRaw(name: RequestName, from: TestDevice, body: Uint8Array): Promise<number> {
  if (from.connection === undefined) throw new Error('the device is not connected');
  return codeOf(requestRowOf(name).decodeResponse(await from.connection.request(name, body)));
}

test('every request of the schema has a row here', () => {
  expect(Object.keys(cases).sort()).toEqual(requestNames().sort());
});

describe.each(requestNames())('%s', (name) => {
  test('is answered, and answered the same way when it comes again', async () => {
    const request = encoded(name, alice.address);
    expect(await sendRaw(name, alice, request)).toBe(cases[name].code);
    await settled();
    const pushed = bob.pushes.length;
    expect(await sendRaw(name, alice, request)).toBe(cases[name].again);
    await settled();
    expect(bob.pushes.length - pushed).toBe(cases[name].pushedAgain);
  });

  test('without a credential is answered 401 and changes nothing', async () => {
    const request = encoded(name, alice.address);
    const stranger = device('alice', 'stranger');
    await stranger.connect(fixture.network.transport, stranger.hello({ kind: 'none' }));
    const before = stored();
    const code = await sendRaw(name, stranger, request);
    if (name === 'register_user') {
      expect(code).toBe(200);
    } else {
      expect(code).toBe(401);
      expect(stored()).toBe(before);
    }
  });

  test('with a token that has expired in the meantime is answered 401 and changes nothing', async () => {
    const request = encoded(name, alice.address);
    const before = stored();
    await fixture.clock.advance(tokenLifetime);
    const code = await sendRaw(name, alice, request);
    if (name !== 'register_user') {
      expect(code).toBe(401);
      expect(stored()).toBe(before);
    }
  });

  test('in the name of another device is refused and changes nothing', async () => {
    const { otherSender } = cases[name];
    if (otherSender === undefined) return;
    const request = encoded(name, bob.address);
    const before = stored();
    expect(await sendRaw(name, alice, request)).toBe(otherSender);
    expect(stored()).toBe(before);
  });

  test('with too large a body is answered 400 or ends the connection, and changes nothing', async () => {
    const before = stored();
    const length = maxBodyLength(name, limits.frameLength) + 1;
    const answer = sendRaw(name, alice, new Uint8Array(length));
    if (length > limits.frameLength) await expect(answer).rejects.toMatchObject({ code: 'offline' });
    else expect(await answer).toBe(400);
    expect(stored()).toBe(before);
  });

  test('with bytes that are no request is answered 400 and changes nothing', async () => {
    const request = encoded(name, alice.address);
    const before = stored();
    for (const bytes of [new Uint8Array(0), new Uint8Array(100).fill(0xff), request.subarray(0, request.length - 1)]) {
      expect(await sendRaw(name, alice, bytes)).toBe(400);
    }
    expect(stored()).toBe(before);
    expect(await sendRaw(name, alice, request)).toBe(cases[name].code);
  });
});
