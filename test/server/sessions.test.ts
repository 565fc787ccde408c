import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Secret } from '../../lib/base/secret.js';
import { asMessageId } from '../../lib/base/brand.js';
import { verify } from '../../lib/crypto/signature.js';
import { tables as tableNames } from '../../lib/store/store.js';
import { pushFingerprints } from '../../lib/wire/fingerprint.js';
import { encodeEnvelope } from '../../lib/wire/message.js';
import type { PushParts } from '../../lib/wire/push.js';
import { settled } from '../transport/fake-clock.js';
import type { RelayFixture, TestDevice } from './relay-fixture.js';
import { ask, device, domain, expectOk, join, payloadOf, startRelay, textOf } from './relay-fixture.js';

let fixture: RelayFixture;
let alice: TestDevice;
let bob: TestDevice;

beforeEach(async () => {
  fixture = await startRelay({ limits: { lowOneTimePreKeys: 0, invitesPerTarget: { count: 4, per: 60_000 } } });
  alice = await join(fixture, 'alice');
  bob = await join(fixture, 'bob');
});

afterEach(async () => {
  await fixture.relay.close();
});

test('an invite arrives with the inviter’s registered key and the relay’s time, whatever the inviter wrote there', async () => {
  const sent = { ...alice.invite(bob.address), identityKey: new Uint8Array(1568).fill(6), inviteTime: 5 };
  const answer = expectOk<'invite'>(await alice.request('invite', { invite: sent }));
  expect(answer).toEqual({ sessionId: sent.sessionId, inviteTime: fixture.clock.now() });
  const [push] = await bob.received(1);
  expect(payloadOf(push, 'invite')).toEqual({
    ...sent,
    identityKey: alice.account.identity.agreement.publicKey,
    inviteTime: fixture.clock.now(),
  });
  expect(push?.from).toEqual(alice.address);
  expect(push?.to).toMatchObject({ domain, userId: 'bob', deviceId: 'phone' });
});

test('the same invite again keeps its time, also after a restart, and is pushed again', async () => {
  const invite = alice.invite(bob.address);
  const first = expectOk<'invite'>(await alice.request('invite', { invite }));
  await fixture.clock.advance(20_000);
  fixture = await fixture.restart();
  await alice.connect(fixture.network.transport);
  await bob.connect(fixture.network.transport);
  expect(expectOk<'invite'>(await alice.request('invite', { invite }))).toEqual(first);
  const other = expectOk<'invite'>(await alice.request('invite', { invite: alice.invite(bob.address, 'two') }));
  expect(other.inviteTime).toBe(first.inviteTime + 20_000);
  const times = (await bob.received(4)).slice(1).map((push) => payloadOf(push, 'invite').inviteTime);
  expect(times).toEqual([first.inviteTime, first.inviteTime, other.inviteTime]);
});

test('what goes to a device that is not here is 404 and leaves no trace', async () => {
  const nobody = { domain, userId: 'bob', deviceId: 'no-such-device' };
  const elsewhere = { ...bob.address, domain: 'other.test' };
  const before = tableNames.map((table) => [...fixture.tables.rows(table).values()].length);
  for (const to of [nobody, elsewhere, { ...nobody, userId: 'nobody' }]) {
    expect(await alice.request('invite', { invite: alice.invite(to) })).toMatchObject({ ok: false, code: 404 });
    expect(await alice.request('accept', { accept: alice.accept(to) })).toMatchObject({ ok: false, code: 404 });
    expect(await alice.send(to, 'hello')).toMatchObject({ ok: false, code: 404 });
  }
  expect(await alice.send({ ...nobody, userId: 'nobody', deviceId: '' }, 'hello')).toMatchObject({ ok: false, code: 404 });
  expect(tableNames.map((table) => [...fixture.tables.rows(table).values()].length)).toEqual(before);
});

test('an accept arrives as it was sent and makes the two devices related', async () => {
  const accept = bob.accept(alice.address);
  expectOk(await bob.request('accept', { accept }));
  const [push] = await alice.received(1);
  expect(payloadOf(push, 'accept')).toEqual(accept);
  const tablet = device('bob', 'tablet');
  const answer = await tablet.register(fixture.network.transport, 'code', 'mailto:bob@example.org');
  expect(answer.contactDevices).toMatchObject([{ userId: 'alice', deviceId: 'phone' }]);
});

test('messages that share one transaction arrive byte for byte, the last like the first', async () => {
  let release = (): void => undefined;
  fixture.hold = new Promise((resolve) => {
    release = resolve;
  });
  const texts = Array.from({ length: 100 }, (_, number) => `message ${number}`);
  const answers = texts.map((text) => alice.send(bob.address, text));
  await settled();
  fixture.hold = undefined;
  release();
  expect((await Promise.all(answers)).every(({ ok }) => ok)).toBe(true);
  const pushes = await bob.received(texts.length);
  expect(pushes.map(textOf)).toEqual(texts);
  // The first commit of a burst may be alone; all others were queued behind it.
  expect(fixture.commits).toBeLessThan(20);
});

test('a message arrives byte for byte, unsigned, with its sender', async () => {
  const envelope = encodeEnvelope(alice.envelope(bob.address, 'hello'));
  expectOk(await alice.request('send_one2one_msg', { envelope }));
  const [push] = await bob.received(1);
  expect(Uint8Array.from(push!.payload.bytes)).toEqual(envelope);
  expect(push?.signatures).toEqual([]);
  expect(push?.from).toMatchObject({ userId: 'alice', deviceId: 'phone' });
});

test('a message that comes again after a lost answer is answered and not pushed twice, also when both are on their way at once', async () => {
  const envelope = encodeEnvelope(alice.envelope(bob.address, 'once'));
  const answers = await Promise.all([1, 2, 3].map(() => alice.request('send_one2one_msg', { envelope })));
  expect(answers.every(({ ok }) => ok)).toBe(true);
  await alice.connection?.close();
  await alice.connect(fixture.network.transport);
  expectOk(await alice.request('send_one2one_msg', { envelope }));
  expectOk(await alice.send(bob.address, 'next'));
  expect((await bob.received(2)).map(textOf)).toEqual(['once', 'next']);
});

test('messages behind one whose commit fails do not overtake it: they fail with it, and the connection ends', async () => {
  const { connection: first } = alice;
  if (first === undefined) throw new Error('not connected');
  const messages = ['one', 'two', 'three', 'four'].map((text) => ({ envelope: encodeEnvelope(alice.envelope(bob.address, text)) }));
  const send = (position: number, connection = first): Promise<boolean> => {
    const message = messages[position];
    if (message === undefined) throw new Error('there is no such message');
    return ask(connection, 'send_one2one_msg', message).then(
      ({ ok }) => ok,
      () => false,
    );
  };
  fixture.failure = 'outcome-unknown-lost';
  const behind = [send(0), send(1)];
  await Promise.race(behind);
  fixture.failure = undefined;
  // They were sent before the device can know.
  behind.push(send(2), send(3));
  expect(await Promise.all(behind)).toEqual([false, false, false, false]);
  expect(await first.closed).toEqual({ cause: 'goodbye', reason: 'unavailable' });
  expect(bob.pushes).toEqual([]);
  const second = await alice.connect(fixture.network.transport);
  expect(await Promise.all([0, 1, 2, 3].map((position) => send(position, second)))).toEqual([true, true, true, true]);
  expect((await bob.received(4)).map(textOf)).toEqual(['one', 'two', 'three', 'four']);
});

test('the same message id under another session, or from another device, is another message', async () => {
  const first = alice.envelope(bob.address, 'first');
  const again = { ...first, sessionId: alice.invite(bob.address, 'again').sessionId };
  const other = { ...bob.envelope(bob.address, 'of bob'), messageId: asMessageId(first.messageId) };
  for (const envelope of [first, again]) expectOk(await alice.request('send_one2one_msg', { envelope: encodeEnvelope(envelope) }));
  expectOk(await bob.request('send_one2one_msg', { envelope: encodeEnvelope(other) }));
  await bob.received(3);
});

test('invites to one user are limited', async () => {
  for (const session of ['1', '2', '3', '4']) expectOk(await alice.request('invite', { invite: alice.invite(bob.address, session) }));
  expect(await alice.request('invite', { invite: alice.invite(bob.address, '5') })).toMatchObject({ ok: false, code: 503 });
  await fixture.clock.advance(60_000);
  expectOk(await alice.request('invite', { invite: alice.invite(bob.address, '5') }));
});

test('a control push is signed over all of its parts: any byte changed is noticed', async () => {
  await alice.request('invite', { invite: alice.invite(bob.address) });
  const [push] = await bob.received(1);
  const [signature] = push!.signatures;
  const { signature: scheme } = alice.account.suite;
  const { publicKey } = fixture.relay.certificate.content;
  const verifies = (parts: PushParts): boolean => verify(scheme, publicKey, pushFingerprints(parts).full, signature!.signature);
  expect(push?.signatures).toHaveLength(1);
  expect(signature?.messageFingerprint).toEqual(pushFingerprints(push!.parts).full);
  expect(verifies(push!.parts)).toBe(true);
  for (const part of ['tag', 'from', 'to', 'payload'] as const) {
    const bytes = push!.parts[part]!;
    // Verifying costs 0.3 ms, so of the 8 kB of an invite every 97th byte is tried.
    for (let index = 0; index < bytes.length; index += bytes.length > 200 ? 97 : 1) {
      const changed = Uint8Array.from(bytes);
      changed[index]! ^= 1;
      expect(verifies({ ...push!.parts, [part]: changed })).toBe(false);
    }
  }
});

test('a change of a user’s name reaches own and related devices; a backup passkey stays with the user', async () => {
  const tablet = await join(fixture, 'alice', 'tablet');
  expectOk(await bob.request('accept', { accept: bob.accept(alice.address) }));
  await settled();
  for (const one of [alice, bob, tablet]) one.pushes.length = 0;
  const name = { modified: 1, user: alice.address, operation: 0, change: { kind: 'name', name: 'Alice' } } as const;
  expectOk(await alice.request('update_user', { update: name }));
  await bob.received(1);
  await tablet.received(1);
  expect(payloadOf(bob.pushes[0], 'update-user')).toEqual(name);
  const passkey = {
    ...name,
    operation: 4,
    change: { kind: 'backup-passkey', passkey: new Secret<'BackupPasskey'>(new Uint8Array(8).fill(1)) },
  } as const;
  expectOk(await alice.request('update_user', { update: passkey }));
  await tablet.received(2);
  await settled();
  expect(bob.pushes).toHaveLength(1);
  expect(alice.pushes).toHaveLength(0);
});

test('a removed device is gone: its connection ends, its token is worth nothing, everybody is told, sends are 404', async () => {
  const tablet = await join(fixture, 'bob', 'tablet');
  expectOk(await alice.request('accept', { accept: alice.accept(bob.address) }));
  await alice.send(bob.address, 'waits');
  await settled();
  alice.pushes.length = 0;
  const { connection } = bob;
  expect(await fixture.relay.removeDevice('bob', 'phone')).toBe(true);
  expect(await fixture.relay.removeDevice('bob', 'phone')).toBe(false);
  expect(await connection?.closed).toMatchObject({ cause: 'goodbye', reason: 'unauthorized' });
  await expect(bob.connect(fixture.network.transport)).rejects.toMatchObject({ code: 'unauthorized' });
  expect(payloadOf((await alice.received(1))[0], 'remove-user-device')).toMatchObject({ device: { userId: 'bob', deviceId: 'phone' } });
  await settled();
  expect(payloadOf(tablet.pushes.at(-1), 'remove-user-device').device.deviceId).toBe('phone');
  expect(await alice.send(bob.address, 'too late')).toMatchObject({ ok: false, code: 404 });
  expect(await alice.request('get_pre_key_bundle', { domain, userId: 'bob', deviceId: 'phone' })).toMatchObject({ code: 204 });
});

test('a device removes another one of its user, and asking again is no error', async () => {
  const tablet = await join(fixture, 'bob', 'tablet');
  expectOk(await alice.request('accept', { accept: alice.accept(bob.address) }));
  await settled();
  alice.pushes.length = 0;
  const { connection } = bob;
  expectOk(await tablet.request('remove_device', { device: bob.address }));
  expect(await connection?.closed).toMatchObject({ cause: 'goodbye', reason: 'unauthorized' });
  await expect(bob.connect(fixture.network.transport)).rejects.toMatchObject({ code: 'unauthorized' });
  expect(payloadOf((await alice.received(1))[0], 'remove-user-device')).toMatchObject({ device: { userId: 'bob', deviceId: 'phone' } });
  expectOk(await tablet.request('remove_device', { device: bob.address }));
  await settled();
  expect(alice.pushes).toHaveLength(1);
});

test('nobody removes a device of somebody else, of another domain, or himself', async () => {
  const rows = [...fixture.tables.rows('device').entries({ prefix: '', after: undefined, reverse: false })];
  expect(await alice.request('remove_device', { device: bob.address })).toMatchObject({ ok: false, code: 403 });
  expect(await alice.request('remove_device', { device: { ...bob.address, domain: 'elsewhere' } })).toMatchObject({ ok: false, code: 404 });
  expect(await bob.request('remove_device', { device: bob.address })).toMatchObject({ ok: false, code: 400 });
  await settled();
  expect([...fixture.tables.rows('device').entries({ prefix: '', after: undefined, reverse: false })]).toEqual(rows);
  expect([...alice.pushes, ...bob.pushes].map(({ payload }) => payload.kind)).not.toContain('remove-user-device');
  expectOk(await alice.send(bob.address, 'still there'));
});

test('a device that registers under the name of a removed one gets none of its mail, and the old token does not open it', async () => {
  await bob.connection?.close();
  await alice.send(bob.address, 'for the old phone');
  const oldToken = bob.token;
  await fixture.relay.removeDevice('bob', 'phone');
  await fixture.clock.advance(1);
  const heir = device('bob', 'phone');
  await heir.register(fixture.network.transport, 'another code', 'mailto:bob@example.org');
  await expect(heir.connect(fixture.network.transport, heir.hello({ kind: 'token', token: oldToken }))).rejects.toMatchObject({
    code: 'unauthorized',
  });
  await heir.connect(fixture.network.transport);
  expectOk(await alice.send(heir.address, 'for the new phone'));
  expect((await heir.received(1)).map(textOf)).toEqual(['for the new phone']);
});
