/** What the reference's own tests leave out, between two users and with the relay. Spec: reference-tests.md, "Gaps we should cover ourselves". */
import { afterEach, describe, expect, test } from '@jest/globals';
import { limits } from '../../lib/base/limits.js';
import { cipherSuite, packSuiteId, splitPackId, suiteByName, suites } from '../../lib/crypto/cipher-suite.js';
import { kemByCode } from '../../lib/crypto/kem.js';
import { signatureByCode } from '../../lib/crypto/signature.js';
import { Client } from '../../lib/index.js';
import { decodePush, encodePush } from '../../lib/wire/push.js';
import { requests } from '../../lib/wire/request.js';
import { newPair } from '../ratchet/side.js';
import { type Device, World, until } from '../support/scenario.js';
import { Ledger } from './ledger.js';
import { Meddler, flipped, renamed, withEnvelope, withRatchetMessage } from './meddler.js';
import { expectRefused, meddledPair, stateOf } from './refusal.js';

let world: World | undefined;

afterEach(async () => {
  expect((await world?.end()) ?? []).toEqual([]);
  world = undefined;
});

async function begin(seed: string, relayLimits: object = {}): Promise<World> {
  world = await World.create(`reference gap ${seed}`, { limits: { lowOneTimePreKeys: 0, ...relayLimits } });
  return world;
}

async function pair(seed: string) {
  const made = await meddledPair(seed);
  ({ world } = made);
  return made;
}

describe('messages that are not what was sent', () => {
  test('gap tampered ciphertext / header / signature: a message between two users with any part changed is refused, and the true one is read', async () => {
    const { alice, bob, meddler, ledger } = await pair('tampered');
    const push = await meddler.keepsBack('message', () => ledger.says(alice, bob, 'the true one'));
    await expectRefused(bob, meddler, [
      [withRatchetMessage(push, ({ ciphertext }) => ({ ciphertext: flipped(ciphertext, 0) })), 'not-authentic'],
      [withRatchetMessage(push, ({ ciphertext }) => ({ ciphertext: flipped(ciphertext, -1) })), 'not-authentic'],
      [withRatchetMessage(push, ({ ciphertext }) => ({ ciphertext: ciphertext.subarray(1) })), 'not-authentic'],
      [withRatchetMessage(push, ({ sequence }) => ({ sequence: sequence + 1 })), 'not-authentic'],
      [withRatchetMessage(push, ({ ratchetKey }) => ({ ratchetKey: flipped(ratchetKey, 0) })), 'not-authentic'],
      [withRatchetMessage(push, ({ ratchetKey }) => ({ ratchetKey: ratchetKey.subarray(1) })), 'ratchet-key'],
    ]);
    meddler.release();
    await ledger.holds();
  });

  test('gap wrong root_sequence: any other than that of the message is refused, and the true one is read', async () => {
    const { alice, bob, meddler, ledger } = await pair('root sequence');
    const push = await meddler.keepsBack('message', () => ledger.says(alice, bob, 'the true one'));
    const withRoot = (by: number): Uint8Array => withRatchetMessage(push, ({ rootSequence }) => ({ rootSequence: rootSequence + by }));
    await expectRefused(bob, meddler, [
      [withRoot(-1), 'root-sequence'],
      [withRoot(1), 'root-sequence'],
      [withRoot(2), 'root-sequence'],
      [withRatchetMessage(push, () => ({ rootSequence: 0 })), 'root-sequence'],
      [withRatchetMessage(push, () => ({ rootSequence: 0xffff_ffff })), 'root-sequence'],
    ]);
    meddler.release();
    await ledger.holds();
  });

  test('gap forward-walk limits: a message as far ahead as allowed opens, one position more is refused and changes nothing', () => {
    const { alice, bob } = newPair(suiteByName('mldsa44-mlkem512'), 'reference forward walk');
    bob.receive(alice.send('first'));
    const messages = Array.from({ length: limits.forwardWalk + 2 }, () => alice.send('x'));
    const before = bob.snapshot();
    const beyond = messages[limits.forwardWalk + 1];
    const last = messages[limits.forwardWalk];
    if (beyond === undefined || last === undefined) throw new Error('there are too few messages');
    expect(() => bob.receive(beyond)).toThrow(expect.objectContaining({ code: 'gap-too-large' }));
    expect(bob.snapshot()).toEqual(before);
    expect(bob.receive(last)).toBe('x');
    expect(bob.skipped.size).toBe(limits.skippedMessageKeys);
    expect(bob.receive(beyond)).toBe('x');
  });

  test('gap 1:1 `from` spoofing: a message under the name of another user, or of another device of the sender, is refused', async () => {
    const { world: here, alice, bob, meddler, ledger } = await pair('spoofing');
    const carol = await here.join('carol');
    ledger.enter(carol);
    await ledger.says(carol, bob, 'from Carol');
    await ledger.holds();
    const push = await meddler.keepsBack('message', () => ledger.says(alice, bob, 'from Alice'));
    await expectRefused(bob, meddler, [
      [withEnvelope(push, () => ({ from: carol.address })), 'wrong-sender'],
      [withEnvelope(push, ({ from }) => ({ from: { ...from, deviceId: 'another' } })), 'wrong-sender'],
      [withEnvelope(push, () => ({ from: bob.address })), 'wrong-sender'],
    ]);
    meddler.release();
    await ledger.holds();
  });
});

describe('pushes that come more than once', () => {
  test('gap replayed pushes: everything that Bob ever got comes again, under its own and under new ids, and nothing is read twice', async () => {
    const { alice, bob, meddler, ledger } = await pair('replayed');
    await ledger.says(alice, bob, 'once');
    await ledger.holds();
    const before = stateOf(bob);
    const all = [...meddler.passed];
    expect(new Set(all.map((push) => decodePush(push).payload.kind))).toEqual(new Set(['invite', 'message']));
    for (const push of all) {
      meddler.deliver(push);
      meddler.deliver(renamed(push));
    }
    await bob.isQuiet();
    expect(bob.texts).toEqual(['hello', 'once']);
    expect(stateOf(bob)).toEqual(before);
    expect(bob.eventsOf('undecryptable').every(({ code }) => ['duplicate', 'stale'].includes(code))).toBe(true);
    bob.events.length = 0;
    await ledger.says(alice, bob, 'and on');
    await ledger.says(bob, alice, 'and back');
    await ledger.holds();
  });

  test('gap duplicate invites: an invite that comes again before and after its session is in use makes no second session', async () => {
    const here = await begin('duplicate invites');
    const meddler = new Meddler();
    const [alice, bob] = [await here.join('alice'), await meddler.join(here, 'bob')];
    const ledger = new Ledger(here, [alice, bob]);
    const push = await meddler.keepsBack('invite', () => alice.client.invite(bob.user));
    meddler.release();
    meddler.deliver(renamed(push));
    await alice.sees('session-ready');
    await ledger.says(alice, bob, 'one session');
    await ledger.holds();
    meddler.deliver(renamed(push));
    await bob.isQuiet();
    expect((await bob.client.status()).sessions).toEqual({ ready: 1, invited: 0 });
    expect(bob.eventsOf('session-ready')).toHaveLength(1);
    expect((await alice.client.status()).sessions).toEqual({ ready: 1, invited: 0 });
    await ledger.says(bob, alice, 'and back');
    await ledger.holds();
  });

  test('gap simultaneous invites with crossing accepts: both sessions are ready, and either side writes', async () => {
    const here = await begin('crossing accepts');
    const meddlers = [new Meddler(), new Meddler()] as const;
    const [alice, bob] = [await meddlers[0].join(here, 'alice'), await meddlers[1].join(here, 'bob')];
    const ledger = new Ledger(here, [alice, bob]);
    const invites = meddlers.map((meddler) => meddler.keepsBack('invite', () => Promise.resolve()));
    await Promise.all([alice.client.invite(bob.user), bob.client.invite(alice.user)]);
    await Promise.all(invites);
    for (const meddler of meddlers) {
      meddler.keeps.add('accept');
      for (const push of meddler.kept.splice(0)) meddler.deliver(push);
    }
    for (const meddler of meddlers) await until(() => meddler.kept.length === 1, 'an accept is on its way');
    for (const meddler of meddlers) meddler.release();
    for (const device of [alice, bob]) {
      await device.sees('session-ready', 2);
      expect((await device.client.status()).sessions).toEqual({ ready: 2, invited: 0 });
    }
    await ledger.says(alice, bob, 'from Alice');
    await ledger.says(bob, alice, 'from Bob');
    await ledger.holds();
  });
});

describe('keys that run out', () => {
  test('gap SPK expiry and invites with the previous SPK: an invite made before the renewal works after it, the next one uses the new key', async () => {
    const here = await begin('previous key', { tokenLifetime: 10 * limits.signedPreKeyLifetime });
    const [alice, bob, carol] = [await here.join('alice'), await here.join('bob'), await here.join('carol')];
    const ledger = new Ledger(here, [alice, bob, carol]);
    await bob.close();
    await ledger.says(alice, bob, 'with the previous key');
    await until(() => alice.traffic.sent.some(({ name }) => name === 'invite'), 'the invite is sent');
    here.clock.leap(limits.signedPreKeyLifetime + 1_000);
    await bob.open();
    await bob.sees('signed-pre-key-renewed');
    await bob.isQuiet();
    await ledger.holds();
    await ledger.says(carol, bob, 'with the new key');
    await ledger.holds();
    expect([alice, carol].map(signedPreKeysOfInvites)).toEqual([[1], [2]]);
  });
});

function signedPreKeysOfInvites(device: Device): number[] {
  return device.traffic.sent
    .filter(({ name }) => name === 'invite')
    .map(({ body }) => requests.invite.decodeRequest(body).invite.signedPreKeyId);
}

describe('a relay that refuses or lies', () => {
  test('gap 404 handling: a message to a device that is gone is reported as lost and not sent again, and others are not affected', async () => {
    const here = await begin('404');
    const [alice, bob, carol] = [await here.join('alice'), await here.join('bob'), await here.join('carol')];
    const ledger = new Ledger(here, [alice, carol]);
    await alice.send(bob, 'first');
    await ledger.says(alice, carol, 'to Carol');
    await ledger.holds();
    await alice.close();
    await bob.close();
    // The notice of the removal is lost: the answer to her message is the first that Alice hears of it.
    await here.relay.relay.removeDevice('bob', 'one');
    here.relay.tables.rows('mailbox').clear();
    await alice.open();
    const messageId = await alice.send(bob, 'into the void');
    expect(await alice.sees('session-lost')).toMatchObject([{ device: bob.address, messageIds: [messageId] }]);
    await alice.isQuiet();
    const sent = alice.traffic.sent.length;
    await here.clock.advance(120_000);
    expect(alice.traffic.sent.slice(sent).filter(({ name }) => name === 'send_one2one_msg')).toEqual([]);
    expect(await alice.client.status()).toMatchObject({ outbox: 0, refused: 0 });
    await ledger.says(alice, carol, 'still here');
    await ledger.says(carol, alice, 'so am I');
    await ledger.holds();
  });

  test('gap missing server certificate: a registration that is answered without one is refused, and the same call goes on with one', async () => {
    const here = await begin('no certificate');
    const meddler = new Meddler();
    meddler.answer = (name, answer) => {
      const response = requests.register_user.decodeResponse(answer);
      if (name !== 'register_user' || !response.ok) return answer;
      return requests.register_user.encodeResponse({ ...response, value: { ...response.value, certificate: undefined } });
    };
    const alice = here.device('alice', 'one', { client: { transport: meddler.transport(here.relay.network.transport) } });
    await expect(alice.register()).rejects.toMatchObject({ name: 'ProtocolError', code: 'certificate' });
    await expect(Client.open(alice.options())).rejects.toMatchObject({ code: 'no-account' });
    meddler.answer = (_name, answer) => answer;
    await alice.register();
    const bob = await here.join('bob');
    const ledger = new Ledger(here, [alice, bob]);
    await ledger.says(bob, alice, 'welcome');
    await ledger.holds();
  });

  test('gap wrong server signature: a bundle makes no session, a control push has no effect, and the true ones do', async () => {
    const { world: here, alice, bob, meddler, ledger } = await pair('wrong signature');
    const carol = await here.join('carol');
    ledger.enter(carol);
    meddler.answer = (name, answer) => {
      if (name !== 'get_pre_key_bundle') return answer;
      const response = requests.get_pre_key_bundle.decodeResponse(answer);
      if (!response.ok) return answer;
      const bundles = response.value.bundles.map(({ bundle, signature }) => ({
        bundle,
        signature: signature && { ...signature, signature: flipped(signature.signature, 5) },
      }));
      return requests.get_pre_key_bundle.encodeResponse({ ...response, value: { ...response.value, bundles } });
    };
    const before = stateOf(bob);
    await expect(bob.client.invite(carol.user)).rejects.toMatchObject({ code: 'bad-server-signature' });
    expect(stateOf(bob)).toEqual(before);
    const push = await meddler.keepsBack('invite', () => carol.client.invite(bob.user));
    const decoded = decodePush(push);
    const forged = [
      decoded.signatures.map((each) => ({ ...each, signature: flipped(each.signature, 5) })),
      decoded.signatures.map((each) => ({ ...each, messageFingerprint: flipped(each.messageFingerprint, 0) })),
      [],
    ];
    for (const [number, signatures] of forged.entries()) {
      meddler.deliver(renamed(encodePush({ ...decoded, signatures })));
      await bob.sees('bad-server-signature', number + 2);
      await bob.isQuiet();
      expect(stateOf(bob)).toEqual(before);
    }
    meddler.release();
    await carol.sees('session-ready');
    await ledger.says(carol, bob, 'from Carol');
    await ledger.says(alice, bob, 'from Alice');
    await ledger.holds();
  });
});

function isSuite(packId: number): boolean {
  try {
    return cipherSuite(packId).packId === packId;
  } catch (error) {
    expect(error).toMatchObject({ name: 'UsageError', code: 'unknown-suite' });
    return false;
  }
}

test('gap every pack id: exactly the pairs of known schemes with AES-256-GCM and a hash of 256 bits and more are suites, each split as it was packed', () => {
  const codes = Array.from({ length: 256 }, (_, code) => code);
  const known = { signatures: codes.filter((code) => signatureByCode(code)), agreements: codes.filter((code) => kemByCode(code)) };
  const wrong: number[] = [];
  for (const signature of codes) {
    for (const agreement of codes) {
      const isKnown = known.signatures.includes(signature) && known.agreements.includes(agreement);
      const parts = { version: 0, signature, agreement, symmetric: 0, hash: 1 };
      const packId = packSuiteId(parts);
      const split = splitPackId(packId);
      if (split.signature !== signature || split.agreement !== agreement || packSuiteId(split) !== packId) wrong.push(packId);
      // All pairs with a known scheme, and every seventh of the others: a refusal costs an error object.
      if ((isKnown || packId % 7 === 1) && isSuite(packId) !== isKnown) wrong.push(packId);
    }
  }
  expect(wrong).toEqual([]);
  expect(suites()).toHaveLength(known.signatures.length * known.agreements.length * 6);
  for (const { packId } of suites()) {
    const parts = splitPackId(packId);
    for (const other of [{ version: 1 }, { symmetric: 1 }, { hash: 0 }, { hash: 4 }, { hash: 8 }, { hash: 12 }])
      expect(isSuite(packSuiteId({ ...parts, ...other }))).toBe(false);
  }
});
