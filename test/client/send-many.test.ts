import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { utf8 } from '../../lib/base/bytes.js';
import type { OutgoingMessage } from '../../lib/index.js';
import { type Device, World } from '../support/scenario.js';

let world: World;

beforeEach(async () => {
  world = await World.create('many at once');
});

afterEach(async () => {
  expect(await world.end()).toEqual([]);
});

function message(to: Device, text: string): OutgoingMessage {
  return { to: to.user, bytes: utf8(text) };
}

/** Alice and Bob, who have heard of each other. */
async function aliceAndBob(): Promise<{ readonly alice: Device; readonly bob: Device }> {
  const alice = await world.join('alice');
  const bob = await world.join('bob');
  await alice.send(bob, 'hello');
  await bob.hears(1);
  await alice.client.flush();
  return { alice, bob };
}

describe('many messages in one call', () => {
  test('reach everybody in the order of the call, whether known before or not', async () => {
    const { alice, bob } = await aliceAndBob();
    const carol = await world.join('carol');
    const sent = await alice.client.sendMany([
      message(bob, 'one'),
      message(carol, 'first'),
      message(bob, 'two'),
      message(carol, 'second'),
      message(bob, 'three'),
    ]);
    expect(sent.map(({ devices }) => devices.map(({ device, state }) => `${device.userId} ${state}`))).toEqual([
      ['bob queued'],
      [],
      ['bob queued'],
      [],
      ['bob queued'],
    ]);
    expect(await bob.hears(4)).toEqual(['hello', 'one', 'two', 'three']);
    expect(await carol.hears(2)).toEqual(['first', 'second']);
    expect([bob.received.slice(1), carol.received].flat().map(({ messageId }) => messageId)).toEqual(
      [0, 2, 4, 1, 3].map((position) => sent[position]?.messageId),
    );
  });

  test('are one commit, however many they are, and keep their order', async () => {
    const { alice, bob } = await aliceAndBob();
    const texts = Array.from({ length: 200 }, (_, i) => `number ${i}`);
    await world.stopRelay();
    const before = alice.commits;
    await alice.client.sendMany(texts.map((text) => message(bob, text)));
    expect(alice.commits).toBe(before + 1);
    await alice.send(bob, 'last');
    await world.startRelay();
    await world.passes(() => bob.texts.length === 202, 'everything has come');
    expect(bob.texts).toEqual(['hello', ...texts, 'last']);
  });

  test('to ourselves and to others come to an own device in the order of the call', async () => {
    const { alice, bob } = await aliceAndBob();
    const second = await world.join('alice', 'second');
    await second.sees('session-ready', 2);
    await alice.sees('session-ready', 2);
    await alice.client.sendMany([message(bob, 'one'), message(alice, 'to ourselves'), message(bob, 'two')]);
    expect(await bob.hears(3)).toEqual(['hello', 'one', 'two']);
    expect(await second.hears(3)).toEqual(['one', 'to ourselves', 'two']);
    expect(second.received.map(({ kind }) => kind)).toEqual(['own-device-copy', 'message', 'own-device-copy']);
  });

  test('are refused together when one of them is wrong', async () => {
    const { alice, bob } = await aliceAndBob();
    const before = alice.commits;
    await expect(alice.client.sendMany([message(bob, 'right'), message(bob, '')])).rejects.toMatchObject({ code: 'empty-plaintext' });
    expect(await alice.client.sendMany([])).toEqual([]);
    expect(alice.commits).toBe(before);
    await alice.send(bob, 'next');
    expect(await bob.hears(2)).toEqual(['hello', 'next']);
  });

  test('are not sent at all when their commit fails', async () => {
    const { alice, bob } = await aliceAndBob();
    const carol = await world.join('carol');
    const before = [alice.rows('outbox'), alice.rows('pending'), alice.rows('ratchet')];
    alice.failures = ['disk-full'];
    const texts = Array.from({ length: 100 }, (_, i) => `number ${i}`);
    const messages = texts.flatMap((text) => [message(bob, text), message(carol, text)]);
    await expect(alice.client.sendMany(messages)).rejects.toMatchObject({ name: 'StoreError', code: 'disk-full' });
    expect([alice.rows('outbox'), alice.rows('pending'), alice.rows('ratchet')]).toEqual(before);
    await alice.client.sendMany(messages);
    expect(await bob.hears(101)).toEqual(['hello', ...texts]);
    expect(await carol.hears(100)).toEqual(texts);
  });

  test('belong to the call: what the application does with its bytes afterwards changes nothing', async () => {
    const { alice, bob } = await aliceAndBob();
    const bytes = utf8('as it was');
    const sending = alice.client.sendMany([{ to: bob.user, bytes }]);
    bytes.fill(0);
    await sending;
    expect(await bob.hears(2)).toEqual(['hello', 'as it was']);
  });
});
