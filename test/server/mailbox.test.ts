import { afterEach, describe, expect, test } from '@jest/globals';
import { pushOutcomes } from '../../lib/wire/request.js';
import { encodeEnvelope } from '../../lib/wire/message.js';
import { encodePayload, encodePush } from '../../lib/wire/push.js';
import type { ReceivedPush } from '../../lib/wire/push.js';
import { settled } from '../transport/fake-clock.js';
import type { RelayFixture, TestDevice } from './relay-fixture.js';
import { expectOk, join, startRelay, textOf } from './relay-fixture.js';

let fixture: RelayFixture | undefined;

afterEach(async () => {
  await fixture?.relay.close();
  fixture = undefined;
});

/** Devices here have few one-time pre-keys, so that they are asked for more before anything else. */
async function start(limits = {}): Promise<{ alice: TestDevice; bob: TestDevice; relay: RelayFixture }> {
  const relay = await startRelay({ limits: { lowOneTimePreKeys: 0, ...limits } });
  fixture = relay;
  return { relay, alice: await join(relay, 'alice'), bob: await join(relay, 'bob') };
}

function idOf(push: ReceivedPush | undefined): string {
  if (push?.tag === undefined) throw new Error('the push has no tag');
  return push.tag.id;
}

async function consume(device: TestDevice, push: ReceivedPush | undefined): Promise<void> {
  expectOk(await device.request('consume_proto_msg', { pushId: idOf(push), outcome: pushOutcomes.succeeded }));
}

describe('mailboxes', () => {
  test('nothing that is sent while a device is being removed outlives it', async () => {
    const { relay, alice, bob } = await start();
    for (const text of ['one', 'two']) expectOk(await alice.send(bob.address, text));
    const sends = Array.from({ length: 200 }, async (_, index) => {
      for (let turn = 0; turn < index; turn += 1) await Promise.resolve();
      return alice.send(bob.address, `${index}`);
    });
    const removed = relay.relay.removeDevice('bob', 'phone');
    const answers = await Promise.all(sends);
    expect(await removed).toBe(true);
    expect(answers.some(({ ok }) => ok)).toBe(true);
    expect(answers.some(({ ok }) => !ok)).toBe(true);
    await settled();
    expect(relay.tables.rows('mailbox').size).toBe(0);
    // The head of the other device only.
    expect(relay.tables.rows('push').size).toBe(1);
    const again = await join(relay, 'bob');
    expectOk(await alice.send(again.address, 'to the new one'));
    expect((await again.received(1)).map(textOf)).toEqual(['to the new one']);
  });

  test('messages arrive in the order in which they were sent, however many are in flight', async () => {
    const { alice, bob } = await start();
    const texts = Array.from({ length: 200 }, (_, index) => `message ${index}`);
    await Promise.all(texts.map(async (text) => expectOk(await alice.send(bob.address, text))));
    const pushes = await bob.received(200);
    expect(pushes.map(textOf)).toEqual(texts);
  });

  test('what was not consumed comes again after every reconnect, in order, what was consumed does not', async () => {
    const { relay, alice, bob } = await start();
    for (const text of ['one', 'two', 'three']) await alice.send(bob.address, text);
    await bob.received(3);
    await consume(bob, bob.pushes[1]);
    await bob.connection?.close();
    bob.pushes.length = 0;
    await alice.send(bob.address, 'four');
    await bob.connect(relay.network.transport);
    expect((await bob.received(3)).map(textOf)).toEqual(['one', 'three', 'four']);
  });

  test('what waits survives a restart of the relay and keeps its ids', async () => {
    const { relay, alice, bob } = await start();
    await alice.send(bob.address, 'one');
    await bob.received(1);
    const id = idOf(bob.pushes[0]);
    fixture = await relay.restart();
    bob.pushes.length = 0;
    await bob.connect(fixture.network.transport);
    await bob.received(1);
    expect(idOf(bob.pushes[0])).toBe(id);
    await alice.connect(fixture.network.transport);
    await alice.send(bob.address, 'two');
    expect((await bob.received(2)).map(textOf)).toEqual(['one', 'two']);
  });

  test('no more pushes than the window are on their way; each one consumed lets the next come', async () => {
    const { alice, bob } = await start({ pushWindow: 3 });
    for (const text of ['1', '2', '3', '4', '5']) await alice.send(bob.address, text);
    await settled();
    expect(bob.pushes.map(textOf)).toEqual(['1', '2', '3']);
    await consume(bob, bob.pushes[0]);
    expect((await bob.received(4)).map(textOf)).toEqual(['1', '2', '3', '4']);
    await settled();
    expect(bob.pushes).toHaveLength(4);
    await consume(bob, bob.pushes[1]);
    await consume(bob, bob.pushes[3]);
    expect((await bob.received(5)).map(textOf)).toEqual(['1', '2', '3', '4', '5']);
  });

  test('a push is consumed once, by its own device, under its own id', async () => {
    const { alice, bob } = await start();
    await alice.send(bob.address, 'one');
    await bob.received(1);
    const pushId = idOf(bob.pushes[0]);
    const outcome = pushOutcomes.succeeded;
    expect(await alice.request('consume_proto_msg', { pushId, outcome })).toMatchObject({ ok: false, code: 404 });
    for (const wrong of ['x', 'AAAAAAAAAAEAAAAAAAAAAA==', `B${pushId.slice(1)}`]) {
      expect(await bob.request('consume_proto_msg', { pushId: wrong, outcome })).toMatchObject({ ok: false, code: 404 });
    }
    const both = await Promise.all([1, 2].map(() => bob.request('consume_proto_msg', { pushId, outcome })));
    expect(both.map(({ ok }) => ok).sort()).toEqual([false, true]);
  });

  test('AcquireSync resends what lies behind a tag', async () => {
    const { alice, bob } = await start();
    for (const text of ['one', 'two', 'three']) await alice.send(bob.address, text);
    await bob.received(3);
    const payload = encodePayload({ kind: 'acquire-sync', value: { last: bob.pushes[0]?.tag } });
    bob.connection?.push(encodePush({ tag: undefined, from: undefined, to: bob.address, payload, signatures: [] }));
    expect((await bob.received(5)).slice(3).map(textOf)).toEqual(['two', 'three']);
  });

  test('a full mailbox refuses with 503 and takes messages again when there is room', async () => {
    const { alice, bob } = await start({ mailboxRows: 2 });
    await alice.send(bob.address, 'one');
    await alice.send(bob.address, 'two');
    expect(await alice.send(bob.address, 'three')).toEqual({ ok: false, code: 503, message: 'mailbox-full' });
    await bob.received(2);
    await consume(bob, bob.pushes[0]);
    expect(await alice.send(bob.address, 'three')).toMatchObject({ ok: true });
    expect((await bob.received(3)).map(textOf)).toEqual(['one', 'two', 'three']);
  });

  test('a mailbox is bounded in bytes as well', async () => {
    const { alice, bob } = await start({ mailboxBytes: 2_000 });
    expect(await alice.send(bob.address, 'x'.repeat(1_000))).toMatchObject({ ok: true });
    expect(await alice.send(bob.address, 'x'.repeat(1_000))).toMatchObject({ ok: false, code: 503 });
    expect(await alice.send(bob.address, 'x'.repeat(100))).toMatchObject({ ok: true });
  });

  test('a message whose commit failed is not pushed, is answered 503, and goes through when it is sent again', async () => {
    const { relay, alice, bob } = await start();
    await alice.send(bob.address, 'one');
    await bob.received(1);
    relay.failure = 'unavailable';
    expect(await alice.send(bob.address, 'two')).toMatchObject({ ok: false, code: 503 });
    relay.failure = 'outcome-unknown-lost';
    expect(await alice.send(bob.address, 'two')).toMatchObject({ ok: false, code: 503 });
    relay.failure = undefined;
    expect(await alice.send(bob.address, 'three')).toMatchObject({ ok: true });
    expect((await bob.received(2)).map(textOf)).toEqual(['one', 'three']);
    await settled();
    expect(bob.pushes).toHaveLength(2);
  });

  test('what comes behind a message that another’s failed commit is going to refuse is refused with it, so that both keep their order', async () => {
    const before = await start();
    const others = [await join(before.relay, 'carol'), await join(before.relay, 'dave')] as const;
    const { alice, bob } = before;
    const [carol, dave] = others;
    const relay = await before.relay.restart();
    fixture = relay;
    // Bob is away: where his mailbox ends has to be read before the first message finds its place.
    for (const device of [alice, ...others]) await device.connect(relay.network.transport);
    let goOn = (): void => undefined;
    relay.holdReading = new Promise((resolve) => {
      goOn = resolve;
    });
    const first = alice.envelope(bob.address, 'first');
    const second = alice.envelope(bob.address, 'second');
    const answers = [alice.request('send_one2one_msg', { envelope: encodeEnvelope(first) })];
    await settled();
    relay.failure = 'unavailable';
    expect(await carol.send(dave.address, 'lost')).toMatchObject({ ok: false, code: 503 });
    relay.failure = undefined;
    answers.push(alice.request('send_one2one_msg', { envelope: encodeEnvelope(second) }));
    await settled();
    goOn();
    relay.holdReading = undefined;
    expect(await Promise.all(answers)).toEqual([
      expect.objectContaining({ ok: false, code: 503 }),
      expect.objectContaining({ ok: false, code: 503 }),
    ]);
    for (const envelope of [first, second]) expectOk(await alice.request('send_one2one_msg', { envelope: encodeEnvelope(envelope) }));
    await bob.connect(relay.network.transport);
    expect((await bob.received(2)).map(textOf)).toEqual(['first', 'second']);
    await settled();
    expect(bob.pushes).toHaveLength(2);
  });

  test('what a commit has stored without saying so is pushed all the same', async () => {
    const { relay, alice, bob } = await start();
    relay.failure = 'outcome-unknown-applied';
    expect(await alice.send(bob.address, 'one')).toMatchObject({ ok: false, code: 503 });
    relay.failure = undefined;
    await settled();
    expect(bob.pushes.map(textOf)).toEqual(['one']);
  });

  test('a message to a user without a device id reaches each of the user’s devices', async () => {
    const { relay, alice, bob } = await start();
    const tablet = await join(relay, 'bob', 'tablet');
    await alice.send({ ...bob.address, deviceId: '' }, 'to all');
    expect(textOf((await tablet.received(1))[0])).toBe('to all');
    await bob.received(2);
    expect(bob.pushes.map(({ payload }) => payload.kind).sort()).toEqual(['add-user-device', 'message']);
  });
});
