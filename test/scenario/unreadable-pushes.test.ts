/** Pushes whose outer form cannot be read: refused once when their id can be, told of once per connection when not; nothing else is held up. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { concat, utf8 } from '../../lib/base/bytes.js';
import { defaultSuite } from '../../lib/crypto/cipher-suite.js';
import { encodeContent } from '../../lib/wire/message.js';
import { requests } from '../../lib/wire/request.js';
import { ClientWorld } from '../mutation/client-world.js';
import { meddledPair } from '../reference/refusal.js';

const join = (...parts: readonly Uint8Array[]): Uint8Array => concat(parts);

/** One field that holds bytes; the field's number and the length take one byte each. */
function field(number: number, bytes: Uint8Array): Uint8Array {
  return join(Uint8Array.of(number * 8 + 2, bytes.length), bytes);
}

const tagOf = (id: string, time = Uint8Array.of(0x08, 1)): Uint8Array => field(1, join(time, field(2, utf8(id))));
const to = field(3, field(1, utf8('example.test')));
const endless = Uint8Array.of(0x22, 0x7f);
const minusOne = Uint8Array.of(0x08, ...new Uint8Array(9).fill(0xff), 1);
const groups = Uint8Array.from({ length: 64 }, (_, at) => (at % 2 === 0 ? 0xa3 : 0x06));

const withId: Readonly<Record<string, readonly [code: string, make: (id: string) => Uint8Array]>> = {
  'that is for nobody': ['missing-field', (id) => tagOf(id)],
  'that breaks off': ['truncated', (id) => join(tagOf(id), to, endless)],
  'with two tags': ['malformed', (id) => join(tagOf(id), tagOf('another'), to)],
  'with a time that is none': ['number', (id) => join(tagOf(id, minusOne), to)],
  'with groups in groups': ['too-deep', (id) => join(tagOf(id), groups)],
  'with more signatures than a relay gives': [
    'too-long',
    (id) => join(tagOf(id), to, ...Array.from({ length: 9 }, () => Uint8Array.of(0xca, 0x3e, 0))),
  ],
};

const withoutId: Readonly<Record<string, Uint8Array>> = {
  'no bytes at all': new Uint8Array(0),
  'no tag': to,
  'a tag without an id': join(field(1, Uint8Array.of(0x08, 1)), endless),
  'a tag behind the place where it breaks off': join(endless, tagOf('late')),
};

describe('a push that cannot be decoded', () => {
  let world: ClientWorld | undefined;

  afterEach(async () => {
    await world?.close();
  });

  async function begin(seed: string): Promise<ClientWorld> {
    world = await ClientWorld.create(`unreadable ${seed}`, defaultSuite);
    return world;
  }

  for (const [what, [code, make]] of Object.entries(withId)) {
    test(`${what} is counted, told and consumed as failed in one commit, also when it comes again`, async () => {
      const client = await begin(what);
      const push = make('unreadable');
      const first = await client.deliverPush(push);
      expect(first.events).toMatchObject([{ type: 'undecryptable', code, recovery: 'dropped', from: undefined }]);
      expect(first.requests.map(({ name, body }) => [name, requests.consume_proto_msg.decodeRequest(body)])).toEqual([
        ['consume_proto_msg', { pushId: 'unreadable', outcome: 3 }],
      ]);
      expect((await client.client.status()).undecryptable).toEqual({ [code]: 1 });
      expect(new Set(first.changes.map(({ table }) => table))).toEqual(new Set(['meta', 'push']));
      const again = await client.deliverPush(push);
      expect(again.events).toEqual([]);
      expect((await client.client.status()).undecryptable).toEqual({ [code]: 1 });
      await client.deliverGood(client.next(client.alice, encodeContent(client.text())));
    });
  }

  test('and has no id that can be read is told of once per connection, and changes nothing', async () => {
    const client = await begin('without id');
    for (const [number, [what, push]] of Object.entries(withoutId).entries()) {
      const seen = await client.deliverPush(push);
      const told = number === 0 ? [{ type: 'error', during: 'decoding a push', error: { name: 'DecodeError' } }] : [];
      expect([what, seen.events]).toMatchObject([what, told]);
      expect([what, seen.requests, seen.changes]).toEqual([what, [], []]);
    }
    await client.deliverGood(client.next(client.alice, encodeContent(client.text())));
    // No frame at all: the connection ends, and another is made.
    await client.deliver(Uint8Array.of(0x0f));
    await client.deliverGood(client.next(client.alice, encodeContent(client.text())));
    const [push] = Object.values(withoutId);
    const { events } = await client.deliverPush(push ?? new Uint8Array(0));
    expect(events).toMatchObject([{ type: 'error', during: 'decoding a push' }]);
  });
});

describe('a push that was damaged on its way', () => {
  const damaged = (push: Uint8Array): Uint8Array => join(push, endless);

  test('does not come again from the relay, and what follows is read', async () => {
    const { world, alice, bob, meddler } = await meddledPair('damaged on its way');
    const push = await meddler.keepsBack('message', () => alice.send(bob, 'damaged'));
    meddler.keeps.clear();
    meddler.kept.length = 0;
    meddler.deliver(damaged(push));
    expect(await bob.sees('undecryptable')).toMatchObject([{ code: 'truncated' }]);
    await bob.isQuiet();
    await bob.restart();
    await alice.send(bob, 'whole');
    await world.passes(() => bob.texts.includes('whole'), 'what follows is read');
    expect(bob.texts).not.toContain('damaged');
    expect(bob.eventsOf('undecryptable')).toHaveLength(1);
    expect(await world.end()).toEqual([]);
  });

  test('comes again, whole, when its refusal could not be stored', async () => {
    const { world, alice, bob, meddler } = await meddledPair('refusal not stored');
    const push = await meddler.keepsBack('message', () => alice.send(bob, 'damaged once'));
    await bob.isQuiet();
    meddler.keeps.clear();
    meddler.kept.length = 0;
    bob.failures = ['disk-full'];
    meddler.deliver(damaged(push));
    await world.passes(() => bob.texts.includes('damaged once'), 'the relay sends it anew');
    expect(bob.eventsOf('error')).toMatchObject([{ during: 'refusing a push', error: { code: 'disk-full' } }]);
    expect(bob.eventsOf('undecryptable')).toEqual([]);
    expect(await world.end()).toEqual([]);
  });
});
