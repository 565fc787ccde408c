/** Every reason for which something received cannot be used: made to happen, counted, recovered from. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { asSessionId } from '../../lib/base/brand.js';
import { toBase64, utf8 } from '../../lib/base/bytes.js';
import { limits } from '../../lib/base/limits.js';
import { Secret, copySecret } from '../../lib/base/secret.js';
import { type Subject, recoveries } from '../../lib/client/undecryptable.js';
import { defaultSuite, suites } from '../../lib/crypto/cipher-suite.js';
import type { RatchetMessage } from '../../lib/ratchet/ratchet.js';
import type { Accept, Invite } from '../../lib/session/session.js';
import { type Content, type Envelope, encodeContent, encodeEnvelope } from '../../lib/wire/message.js';
import { encodePayload, encodePush } from '../../lib/wire/push.js';
import { requests } from '../../lib/wire/request.js';
import { type Base, ClientWorld } from '../mutation/client-world.js';
import { domain } from '../mutation/stand-in-relay.js';
import { Meddler, withEnvelope, withGroupMessage } from '../reference/meddler.js';
import { haveKeys, joined, newGroup } from '../reference/ledger.js';
import { meddledPair } from '../reference/refusal.js';
import { World } from '../support/scenario.js';

/** Makes a push that is refused; may do more before. */
type Maker = (world: ClientWorld) => Uint8Array | Promise<Uint8Array>;

const bytesOf = (...values: number[]): Uint8Array => Uint8Array.from(values);
/** A field that ends beyond its message, one of a type that does not exist, groups (of an unknown field) in groups. */
const truncated = bytesOf(0x0a, 0x7f);
const malformed = bytesOf(0x0f);
const tooDeep = Uint8Array.from({ length: 2 * (limits.messageDepth + 2) }, (_, at) => (at % 2 === 0 ? 0xa3 : 0x06));

const otherSuite = suites().find(({ agreement }) => agreement !== defaultSuite.agreement) ?? defaultSuite;
const unknownSuite = { ...defaultSuite, packId: 0x7fff_ffff };
const strangeId = asSessionId(toBase64(new Uint8Array(16).fill(7)));

function plain(world: ClientWorld, bytes: Uint8Array): Uint8Array {
  return world.relay.plainPush({ from: world.alice.address, to: world.address, payload: { kind: 'message', bytes } });
}

function nextOf(world: ClientWorld): Base {
  return world.next(world.alice, encodeContent(world.text()));
}

const envelope =
  (change: (world: ClientWorld, envelope: Envelope) => Partial<Envelope>): Maker =>
  (world) => {
    const base = nextOf(world);
    return world.messagePush({ ...base.envelope, ...change(world, base.envelope) });
  };

const ratchet = (change: (message: RatchetMessage) => Partial<RatchetMessage>): Maker =>
  envelope((_world, { payload }) => {
    if (payload.kind !== 'one-to-one') throw new Error('the message is not one-to-one');
    return { payload: { kind: 'one-to-one', message: { ...payload.message, ...change(payload.message) } } };
  });

const invite =
  (change: (world: ClientWorld, invite: Invite) => Partial<Invite>): Maker =>
  (world) => {
    const value = world.inviteOf(world.dave);
    const edited = { ...value, ...change(world, value) };
    return world.signed({ kind: 'invite', value: edited }, edited.from);
  };

const accept =
  (change: (world: ClientWorld) => Partial<Accept>): Maker =>
  (world) => {
    const value = { ...world.answer, ...change(world) };
    return world.signed({ kind: 'accept', value }, value.from);
  };

/** Content that Alice seals as she should. */
const content =
  (make: (world: ClientWorld) => Uint8Array): Maker =>
  (world) => {
    const base = world.next(world.alice, make(world));
    world.alice.session = base.after;
    return world.messagePush(base.envelope);
  };

const devices = (count: number): Content => ({
  kind: 'user-devices',
  devices: { domain, userId: 'erin', deviceIds: Array.from({ length: count }, (_, at) => `device ${at}`) },
});

function groupKeys({ alice }: ClientWorld): Uint8Array {
  const group = { name: 'group', address: { domain, groupId: 'group' }, members: [{ domain, userId: 'alice', role: 0 }] };
  const seed = new Secret<'GroupSeed'>(copySecret(new Uint8Array(32)));
  const bundle = { suite: unknownSuite, sender: alice.address, sessionId: strangeId, group, sequence: 1, oldSessionId: undefined, seed };
  return encodeContent({ kind: 'group-pre-key-bundle', bundle });
}

const makers: { readonly [S in Subject]?: Readonly<Record<string, Maker>> } = {
  signature: {
    unsigned: (world) => world.relay.plainPush(world.statement({ kind: 'invite', value: world.inviteOf(world.dave) }, world.dave.address)),
    'bad-signature': (world) => {
      const payload = encodePayload({ kind: 'invite', value: world.inviteOf(world.dave) });
      const statement = { tag: world.relay.tag(), from: world.dave.address, to: world.address, payload };
      const { signature, ...rest } = world.relay.signatureOf(statement);
      return encodePush({ ...statement, signatures: [{ ...rest, signature: signature.map((byte) => byte ^ 1) }] });
    },
  },
  push: {
    'wrong-recipient': (world) =>
      world.relay.plainPush({ from: world.alice.address, to: world.carol.address, payload: { kind: 'message', bytes: malformed } }),
    malformed: (world) => plain(world, malformed),
    truncated: (world) => plain(world, truncated),
    'too-deep': (world) => plain(world, tooDeep),
    'missing-field': (world) => plain(world, bytesOf()),
    'too-long': (world) => {
      const userId = 'x'.repeat(limits.nameLength + 1);
      return plain(world, encodeEnvelope({ ...nextOf(world).envelope, from: { ...world.alice.address, userId } }));
    },
    number: invite(() => ({ inviteTime: -1 })),
    'unknown-suite': invite(() => ({ suite: unknownSuite })),
  },
  invite: {
    'wrong-recipient': invite(({ carol }) => ({ to: carol.address })),
    'wrong-sender': invite(({ alice }) => ({ sessionId: alice.ready.sessionId })),
    'device-rejected': async (world) => {
      await world.client.rejectDevice(world.mallory.address);
      return invite(({ mallory }) => ({ from: mallory.address }))(world);
    },
    'identity-changed': invite(({ alice }) => ({ from: alice.address })),
    'suite-mismatch': invite(() => ({ suite: otherSuite })),
    'invite-form': invite((_world, { baseKey }) => ({ baseKey: baseKey.subarray(1) })),
    'bad-public-key': invite((_world, { baseKey }) => ({ baseKey: baseKey.map(() => 0xff) })),
    'unknown-pre-key': invite(({ alice }) => ({ from: alice.address, oneTimePreKeyId: 9_999 })),
    'pre-key-spent': invite(() => ({ oneTimePreKeyId: 1 })),
  },
  accept: {
    duplicate: async (world) => {
      const again = accept(() => ({}));
      await world.deliverPush(await again(world));
      return again(world);
    },
    'unknown-session': accept(({ dave }) => ({ from: dave.address })),
    'accept-form': accept(({ answer }) => ({ ciphertext: answer.ciphertext.subarray(1) })),
  },
  message: {
    'wrong-recipient': envelope(({ sibling }) => ({ to: sibling.address })),
    'wrong-sender': envelope(({ carol }) => ({ from: carol.address })),
    duplicate: async (world) => {
      const base = nextOf(world);
      await world.deliverGood(base);
      return world.messagePush(base.envelope);
    },
    stale: (world) => {
      const [first] = world.taken;
      if (first === undefined) throw new Error('nothing was taken');
      return world.messagePush(first);
    },
    'unknown-session': envelope(() => ({ sessionId: strangeId })),
    'not-ready': async (world) => {
      const early = world.next(world.carol, encodeContent(world.text())).envelope;
      for (let count = 0; count < limits.earlyMessages; count += 1) await world.deliverPush(world.messagePush(early));
      return world.messagePush(early);
    },
    counter: ratchet(() => ({ sequence: 0xffff_ffff })),
    'ratchet-key': ratchet(({ ratchetKey }) => ({ ratchetKey: ratchetKey.subarray(1) })),
    'root-sequence': ratchet(({ rootSequence }) => ({ rootSequence: rootSequence + 7 })),
    'gap-too-large': ratchet(({ sequence }) => ({ sequence: sequence + limits.forwardWalk + 1 })),
    'not-authentic': ratchet(({ ciphertext }) => ({ ciphertext: ciphertext.map((byte) => byte ^ 1) })),
  },
  content: {
    malformed: content(() => malformed),
    truncated: content(() => truncated),
    'too-deep': content(() => tooDeep),
    'missing-field': content(() => bytesOf(0x12, 0)),
    'too-long': content(() => encodeContent(devices(limits.devicesPerUser + 1))),
    'unknown-suite': content(groupKeys),
    'wrong-sender': content(() => encodeContent({ kind: 'sync', bytes: utf8('not yours to say') })),
  },
};

/** What is made to happen elsewhere, or cannot be from outside, and why. */
const elsewhere: { readonly [S in Subject]?: Readonly<Record<string, string>> } = {
  signature: {
    'no-server-key': 'no account is registered without a certificate (test/reference/gaps.test.ts)',
    'wrong-user': 'of a bundle (test/mutation/supply.test.ts)',
  },
  invite: {
    'zero-shared-secret': 'the Curve25519 suite only (test/mutation)',
    'store-rolled-back': 'test/scenario/rollback.test.ts',
    'too-many-devices': 'test/limits/hostile-relay.test.ts',
  },
  message: {
    exhausted: 'after 2^32 messages (test/ratchet)',
    'zero-shared-secret': 'the Curve25519 suite only (test/mutation)',
    'not-opened': 'test/scenario/early-messages.test.ts',
    'session-given-up': 'test/scenario/rollback.test.ts',
  },
  content: { number: 'no field of the content is a 64-bit number' },
};

describe('what cannot be used is told, counted, acknowledged and does no harm:', () => {
  let world: ClientWorld | undefined;

  afterEach(async () => {
    await world?.close();
  });

  for (const [subject, codes] of Object.entries(makers)) {
    for (const [code, make] of Object.entries(codes)) {
      test(`${subject} ${code}`, async () => {
        const table: Readonly<Record<string, Readonly<Record<string, string>>>> = recoveries;
        world = await ClientWorld.create(`${subject} ${code}`, defaultSuite);
        const push = await make(world);
        const before = await world.client.status();
        const { events, requests: sent, received } = await world.deliverPush(push);
        const isSignature = subject === 'signature';
        const type = isSignature ? 'bad-server-signature' : 'undecryptable';
        const recovery = table[subject]?.[code];
        expect(events.filter((event) => event.type === type)).toMatchObject([isSignature ? { code } : { code, recovery }]);
        expect(received).toEqual([]);
        const told = sent.filter(({ name }) => name === 'consume_proto_msg');
        expect(told.map(({ body }) => requests.consume_proto_msg.decodeRequest(body).outcome)).toEqual([isSignature ? 2 : 3]);
        const wishes = world.relay.requests.filter(({ name }) => name === 'get_pre_key_bundle').length;
        expect((await world.client.status()).undecryptable).toEqual({
          ...before.undecryptable,
          [code]: (before.undecryptable[code] ?? 0) + 1,
        });
        // Carol was asked for before; whoever is not known here is not invited for a message of his.
        if (recovery === 'new-session') expect(wishes).toBeGreaterThan(1);
        else expect(wishes).toBe(1);
        await world.deliverGood(nextOf(world));
      });
    }
  }

  test('the table has no code that is not made to happen, here or elsewhere', () => {
    for (const subject of ['signature', 'push', 'invite', 'accept', 'message', 'content'] as const) {
      const known = [...Object.keys(makers[subject] ?? {}), ...Object.keys(elsewhere[subject] ?? {})];
      const listed = Object.keys(recoveries[subject]);
      expect([subject, listed.sort()]).toEqual([subject, known.sort()]);
    }
  });
});

describe('after a message that could not be opened', () => {
  test('a new session is made, what follows is read, and the counters are still there after a restart', async () => {
    const { world, alice, bob, meddler } = await meddledPair('unknown session');
    const push = await meddler.keepsBack('message', () => alice.send(bob, 'held back'));
    meddler.keeps.clear();
    meddler.kept.length = 0;
    meddler.deliver(withEnvelope(push, () => ({ sessionId: strangeId })));
    expect(await bob.sees('undecryptable')).toMatchObject([{ code: 'unknown-session', recovery: 'new-session' }]);
    await world.passes(() => alice.eventsOf('session-ready').length > 1, 'there is a new session');
    await alice.send(bob, 'readable');
    await world.passes(() => bob.texts.includes('readable'), 'what follows is read');
    await bob.restart();
    expect((await bob.client.status()).undecryptable).toMatchObject({ 'unknown-session': 1 });
    expect(await world.end()).toEqual([]);
  });

  test('of a group, each code is told with what happens, and what follows is read', async () => {
    const world = await World.create('group codes', { limits: { lowOneTimePreKeys: 0 } });
    const meddler = new Meddler();
    const [alice, bob] = await joined(world, 'alice', 'bob');
    const claire = await meddler.join(world, 'claire');
    const group = await newGroup(world, 'friends', [alice, bob, claire]);
    await haveKeys(world, group, [alice, bob, claire]);
    await alice.client.sendToGroup(group, utf8('first'));
    await claire.hears(1);
    const push = await meddler.keepsBack('message', () => alice.client.sendToGroup(group, utf8('true')));
    const refused: readonly (readonly [Uint8Array, string])[] = [
      [withGroupMessage(push, ({ signature }) => ({ signature: signature.map((byte) => byte ^ 1) })), 'bad-signature'],
      [withEnvelope(push, ({ from }) => ({ from: { ...from, userId: 'nobody' } })), 'not-a-member'],
      [withEnvelope(push, () => ({ from: claire.address })), 'wrong-sender'],
      [withGroupMessage(push, () => ({ sequence: 0xffff_ffff })), 'counter'],
    ];
    for (const [forged] of refused) meddler.deliver(forged);
    await claire.sees('undecryptable', refused.length);
    expect(claire.eventsOf('undecryptable').map(({ code, recovery }) => [code, recovery])).toEqual(
      refused.map(([, code]) => [code, 'dropped']),
    );
    meddler.release();
    expect(await claire.hears(2)).toEqual(['first', 'true']);
    // The same message again: read already.
    meddler.deliver(withGroupMessage(push, (message) => message));
    await claire.sees('undecryptable', refused.length + 1);
    const waits: readonly (readonly [Uint8Array, string])[] = [
      [withGroupMessage(push, ({ sequence }) => ({ sequence: sequence + limits.forwardWalk + 9 })), 'gap-too-large'],
      [withEnvelope(push, () => ({ sessionId: strangeId })), 'unknown-session'],
      [withEnvelope(push, () => ({ to: { domain: group.domain, groupId: 'nowhere' } })), 'unknown-group'],
    ];
    for (const [number, [forged]] of waits.entries()) {
      meddler.deliver(forged);
      await claire.sees('group-message-held', number + 1);
    }
    expect(claire.eventsOf('group-message-held').map(({ code }) => code)).toEqual(waits.map(([, code]) => code));
    await alice.client.sendToGroup(group, utf8('and on'));
    expect((await claire.hears(3)).at(-1)).toBe('and on');
    world.clock.leap(limits.heldGroupTime + 1);
    await claire.restart();
    await world.passes(() => claire.eventsOf('undecryptable').some(({ code }) => code === 'not-opened'), 'what waited is given up');
    expect((await claire.client.status()).undecryptable).toMatchObject({ 'bad-signature': 1, 'not-a-member': 1, duplicate: 1 });
    expect(await world.end()).toEqual([]);
  });
});
