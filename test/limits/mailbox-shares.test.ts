/** Mailboxes that one sender fills: what is left for the others. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { encodeEnvelope } from '../../lib/wire/message.js';
import { pushOutcomes } from '../../lib/wire/request.js';
import type { ResponseOf } from '../../lib/wire/request.js';
import { type RelayFixture, type TestDevice, device, expectOk, join, startRelay, textOf } from '../server/relay-fixture.js';

let fixture: RelayFixture | undefined;

afterEach(async () => {
  await fixture?.relay.close();
  fixture = undefined;
});

const full = { ok: false, code: 503, message: 'mailbox-full' };
const bounds = { mailboxRows: 20, senderRows: 3 };

interface Parties {
  readonly relay: RelayFixture;
  readonly alice: TestDevice;
  readonly carol: TestDevice;
  /** Is registered and offline. */
  readonly bob: TestDevice;
}

async function start(limits: object = bounds): Promise<Parties> {
  const relay = await startRelay({ limits: { lowOneTimePreKeys: 0, ...limits } });
  fixture = relay;
  const bob = device('bob');
  await bob.register(relay.network.transport, 'code', 'mailto:bob@example.org');
  return { relay, alice: await join(relay, 'alice'), carol: await join(relay, 'carol'), bob };
}

/** What is stored of mailboxes and their counts. */
function stored({ relay }: Parties): readonly number[] {
  return [relay.tables.rows('mailbox').size, relay.tables.rows('push').size, relay.commits];
}

async function fill(sender: TestDevice, receiver: TestDevice, count: number): Promise<void> {
  for (let message = 1; message <= count; message += 1)
    expectOk(await sender.send(receiver.address, `${sender.address.userId} ${message}`));
}

async function consume(receiver: TestDevice, count: number): Promise<void> {
  for (const push of (await receiver.received(count)).slice(0, count)) {
    expectOk(await receiver.request('consume_proto_msg', { pushId: push.tag?.id ?? '', outcome: pushOutcomes.succeeded }));
  }
}

/** A message to all devices of the user. */
function sendToAll(sender: TestDevice, receiver: TestDevice, text: string): Promise<ResponseOf<'send_one2one_msg'>> {
  return sender.request('send_one2one_msg', {
    envelope: encodeEnvelope(sender.envelope({ ...receiver.address, deviceId: '' }, text)),
  });
}

describe('while a mailbox is less than half full', () => {
  test('nothing is counted', async () => {
    const parties = await start();
    await fill(parties.alice, parties.bob, 10);
    expect(parties.relay.tables.rows('push').size).toBe(3);
  });
});

describe('while a mailbox is more than half full', () => {
  test('a sender puts its share in and no more, and a refusal changes nothing', async () => {
    const parties = await start();
    const { alice, carol, bob } = parties;
    await fill(alice, bob, 10 + 3);
    const before = stored(parties);
    expect(await alice.send(bob.address, 'too much')).toEqual(full);
    expect(stored(parties)).toEqual(before);
    // The others have theirs.
    await fill(carol, bob, 3);
    expect(await carol.send(bob.address, 'too much')).toEqual(full);
    await bob.connect(parties.relay.network.transport);
    expect((await bob.received(16)).map(textOf).slice(-4)).toEqual(['alice 13', 'carol 1', 'carol 2', 'carol 3']);
  });

  test('a share is measured in bytes as well', async () => {
    const { alice, carol, bob } = await start({ mailboxBytes: 20_000, senderBytes: 3_000 });
    for (let count = 0; count < 10; count += 1) expectOk(await alice.send(bob.address, 'x'.repeat(1_000)));
    expectOk(await alice.send(bob.address, 'x'.repeat(500)));
    expect(await alice.send(bob.address, 'x'.repeat(1_000))).toEqual(full);
    expectOk(await carol.send(bob.address, 'x'.repeat(1_000)));
  });

  test('the devices of a user have one share together', async () => {
    const { relay, alice, bob } = await start();
    const tablet = await join(relay, 'alice', 'tablet');
    await fill(alice, bob, 12);
    expectOk(await tablet.send(bob.address, 'the last one'));
    expect(await tablet.send(bob.address, 'too much')).toEqual(full);
    expect(await alice.send(bob.address, 'too much')).toEqual(full);
  });

  test('a restart of the relay gives nobody a new share', async () => {
    const { relay, alice, bob } = await start();
    await fill(alice, bob, 13);
    fixture = await relay.restart();
    await alice.connect(fixture.network.transport);
    expect(await alice.send(bob.address, 'too much')).toEqual(full);
  });

  test('a message whose commit failed has taken nothing of the share', async () => {
    const { relay, alice, bob } = await start();
    await fill(alice, bob, 12);
    relay.failure = 'unavailable';
    expect(await alice.send(bob.address, 'lost')).toMatchObject({ ok: false, code: 503 });
    relay.failure = undefined;
    await alice.connect(relay.network.transport);
    expectOk(await alice.send(bob.address, 'again'));
    expect(await alice.send(bob.address, 'too much')).toEqual(full);
  });
});

describe('when it is less than half full again', () => {
  test('the counts are gone and everybody may write', async () => {
    const { relay, alice, bob } = await start();
    await fill(alice, bob, 13);
    await bob.connect(relay.network.transport);
    await consume(bob, 3);
    expect(relay.tables.rows('push').size).toBe(4);
    expect(await alice.send(bob.address, 'too much')).toEqual(full);
    await bob.received(13);
    const eleventh = bob.pushes[3];
    expectOk(await bob.request('consume_proto_msg', { pushId: eleventh?.tag?.id ?? '', outcome: pushOutcomes.succeeded }));
    expect(relay.tables.rows('push').size).toBe(3);
    await fill(alice, bob, 4);
    expect(await alice.send(bob.address, 'too much')).toEqual(full);
  });

  test('and when its device is removed', async () => {
    const { relay, alice, bob } = await start();
    await fill(alice, bob, 12);
    expect(relay.tables.rows('push').size).toBe(4);
    expect(await relay.relay.removeDevice('bob', 'phone')).toBe(true);
    expect(relay.tables.rows('push').size).toBe(2);
  });
});

describe('a message to all devices of a user', () => {
  test('reaches those that have room, and is refused only when none has', async () => {
    const parties = await start({ mailboxRows: 4 });
    const { relay, alice, bob } = parties;
    const tablet = await join(relay, 'bob', 'tablet');
    await tablet.received(0);
    const before = tablet.pushes.length;
    await fill(alice, bob, 3);
    expect(await alice.send(bob.address, 'the phone is full')).toEqual(full);
    expectOk(await sendToAll(alice, bob, 'to all'));
    await tablet.received(before + 1);
    expect(textOf(tablet.pushes.at(-1))).toBe('to all');
    while (relay.tables.rows('mailbox').size < 8) {
      if (!(await alice.send(tablet.address, 'more')).ok) break;
    }
    const stand = stored(parties);
    expect(await sendToAll(alice, bob, 'nobody has room')).toEqual(full);
    expect(stored(parties)).toEqual(stand);
  });
});
