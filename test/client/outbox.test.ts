import { describe, expect, test } from '@jest/globals';
import type { DeviceAddress } from '../../lib/base/address.js';
import { asMessageId } from '../../lib/base/brand.js';
import { TransportError } from '../../lib/base/errors.js';
import { utf8, fromUtf8 } from '../../lib/base/bytes.js';
import { type NewOutboxEntry, type Outcome, Outbox } from '../../lib/client/outbox.js';
import { ClientStore } from '../../lib/store/client-store.js';
import type { OutboxKind } from '../../lib/store/client/queue-rows.js';
import { GroupCommit } from '../../lib/store/group-commit.js';
import { openMemoryStore } from '../../lib/store/memory/memory-store.js';
import type { Connection } from '../../lib/transport/transport.js';
import { FakeClock, settled } from '../transport/fake-clock.js';

/** A relay that answers when the test says so. */
class Relay {
  readonly asked: string[] = [];
  readonly open = new Map<string, { resolve: (answer: Uint8Array) => void; reject: (error: Error) => void }>();
  readonly connection: Connection;

  constructor() {
    const ack = {
      code: 200,
      reason: '',
      token: '',
      tokenExpiresAt: 0,
      serverTime: 0,
      pushWindow: 1,
      heartbeatInterval: 0,
      maxFrameLength: 1,
      storeSince: 0,
    };
    this.connection = {
      welcome: ack,
      closed: new Promise(() => undefined),
      push: () => undefined,
      close: () => Promise.resolve(),
      request: (_name, body) => {
        const text = fromUtf8(body);
        this.asked.push(text);
        return new Promise((resolve, reject) => {
          this.open.set(text, { resolve, reject });
        });
      },
    };
  }

  async answer(text: string, outcome: Outcome): Promise<void> {
    this.open.get(text)?.resolve(utf8(outcome));
    await settled();
  }

  async fail(text: string): Promise<void> {
    this.open.get(text)?.reject(new TransportError('timeout', 'no answer'));
    await settled();
  }
}

interface Bench {
  readonly outbox: Outbox;
  readonly relay: Relay;
  readonly clock: FakeClock;
  readonly store: GroupCommit;
  connection: Connection | undefined;
  renewals: number;
}

function device(deviceId: string): DeviceAddress {
  return { domain: 'example.test', userId: 'bob', deviceId };
}

function entry(body: string, to = 'one', kind: OutboxKind = 'send_one2one_msg'): NewOutboxEntry {
  const origin = { messageId: asMessageId(body), notification: 0, content: utf8(body) };
  return { kind, device: device(to), sessionId: undefined, origin, body: utf8(body) };
}

function bench(): Bench {
  const clock = new FakeClock();
  const relay = new Relay();
  const store = new GroupCommit(() => openMemoryStore());
  const state: Bench = {
    relay,
    clock,
    store,
    connection: relay.connection,
    renewals: 0,
    outbox: new Outbox({
      store: new ClientStore(store),
      clock,
      random: { fill: (out) => out.fill(0) },
      connection: () => state.connection,
      onAnswer: (_request, answer) => {
        const text = fromUtf8(answer);
        return Promise.resolve(text === 'retry' || text === 'aside' || text === 'renew' ? text : 'done');
      },
      onRenew: () => {
        state.renewals += 1;
      },
      onError: (error) => {
        throw error;
      },
    }),
  };
  return state;
}

async function queue({ outbox, store }: Bench, ...entries: NewOutboxEntry[]): Promise<void> {
  const added = outbox.add(entries);
  const { writes } = added.change;
  added.change.apply();
  await store.commit(writes);
  added.release();
  await settled();
}

describe('the outbox', () => {
  test('messages to one device overlap and leave in order', async () => {
    const state = bench();
    await queue(state, entry('1'), entry('2'), entry('3'));
    expect(state.relay.asked).toEqual(['1', '2', '3']);
    expect(state.outbox.size).toBe(3);
  });

  test('nothing follows an accept before it is answered', async () => {
    const state = bench();
    await queue(state, entry('accept', 'one', 'accept'), entry('1'), entry('elsewhere', 'two'));
    expect(state.relay.asked).toEqual(['accept', 'elsewhere']);
    await state.relay.answer('accept', 'done');
    expect(state.relay.asked).toEqual(['accept', 'elsewhere', '1']);
  });

  test('an accept waits for what is under way before it', async () => {
    const state = bench();
    await queue(state, entry('1'), entry('accept', 'one', 'accept'), entry('2'));
    expect(state.relay.asked).toEqual(['1']);
    await state.relay.answer('1', 'done');
    expect(state.relay.asked).toEqual(['1', 'accept']);
  });

  test('a refusal holds up its device only; then one at a time for a while, in the old order', async () => {
    const state = bench();
    await queue(state, entry('1'), entry('2'), entry('3'));
    await state.relay.answer('1', 'retry');
    await state.relay.answer('2', 'retry');
    await queue(state, entry('4'), entry('elsewhere', 'two'));
    expect(state.relay.asked).toEqual(['1', '2', '3', 'elsewhere']);
    await state.relay.answer('3', 'done');
    await state.clock.advance(60_000);
    expect(state.relay.asked.slice(4)).toEqual(['1']);
    await state.relay.answer('1', 'done');
    expect(state.relay.asked.slice(4)).toEqual(['1', '2']);
    await state.clock.advance(600_000);
    await queue(state, entry('5'));
    expect(state.relay.asked.slice(4)).toEqual(['1', '2', '4', '5']);
  });

  test('a lost answer is waited out and asked for again; a lost connection is not waited out', async () => {
    const state = bench();
    await queue(state, entry('1'));
    await state.relay.fail('1');
    expect(state.relay.asked).toEqual(['1']);
    await state.clock.advance(1_000);
    expect(state.relay.asked).toEqual(['1', '1']);
    state.connection = undefined;
    await state.relay.fail('1');
    expect(state.relay.asked).toEqual(['1', '1']);
    state.connection = state.relay.connection;
    state.outbox.pump();
    await settled();
    expect(state.relay.asked).toEqual(['1', '1', '1']);
  });

  test('what is refused for good stands aside and holds up nobody', async () => {
    const state = bench();
    await queue(state, entry('1'), entry('2'));
    await state.relay.answer('1', 'aside');
    await state.relay.answer('2', 'done');
    expect([state.outbox.size, state.outbox.refused.length]).toEqual([0, 1]);
    expect(state.outbox.forDevice(device('one')).map(({ messageId }) => messageId)).toEqual(['1']);
    await state.clock.advance(600_000);
    expect(state.relay.asked).toEqual(['1', '2']);
  });

  test('a token that is refused is renewed and the request goes again', async () => {
    const state = bench();
    await queue(state, entry('1'));
    await state.relay.answer('1', 'renew');
    expect(state.renewals).toBe(1);
    expect(state.outbox.size).toBe(1);
  });

  test('no more than 32 to one device and 128 in all are under way', async () => {
    const state = bench();
    await queue(state, ...Array.from({ length: 100 }, (_, number) => entry(`a${number}`)));
    expect(state.relay.asked).toHaveLength(32);
    for (let other = 0; other < 10; other += 1)
      await queue(state, ...Array.from({ length: 40 }, (_, number) => entry(`${other}-${number}`, `d${other}`)));
    expect(state.relay.asked).toHaveLength(128);
    await state.relay.answer('a0', 'done');
    expect(state.relay.asked).toHaveLength(129);
  });

  test('after a loss of state it loads what is durable, and ignores answers to what was before', async () => {
    const state = bench();
    await queue(state, entry('1'), entry('2'));
    const first = state.relay.open.get('1');
    await state.outbox.load();
    await settled();
    expect(state.relay.asked).toEqual(['1', '2', '1', '2']);
    first?.resolve(utf8('done'));
    await settled();
    expect(state.outbox.size).toBe(2);
    expect(state.outbox.isAnswered(state.outbox.next)).toBe(false);
    await state.relay.answer('1', 'done');
    await state.relay.answer('2', 'done');
    expect(state.outbox.isAnswered(state.outbox.next)).toBe(true);
  });

  test('a queue that outgrows memory is read from the store when its turn comes', async () => {
    const state = bench();
    const size = 4_194_304;
    const bodies = Array.from({ length: 8 }, (_, number) => String(number).repeat(size));
    await queue(state, entry('accept', 'one', 'accept'), ...bodies.map((body) => ({ ...entry(body), origin: undefined })));
    await state.relay.answer('accept', 'done');
    for (const body of bodies) {
      for (let turn = 0; turn < 50 && !state.relay.open.has(body); turn += 1) await settled();
      await state.relay.answer(body, 'done');
    }
    expect(state.relay.asked.slice(1).map((body) => [body[0], body.length])).toEqual(bodies.map((body) => [body[0], size]));
    expect(state.outbox.size).toBe(0);
  });

  test('requests that are dropped are never sent, and their place is free', async () => {
    const state = bench();
    await queue(state, entry('accept', 'one', 'accept'), entry('1'), entry('2'));
    state.outbox.drop(new Set([1, 2]));
    await settled();
    state.outbox.pump();
    await settled();
    expect(state.relay.asked).toEqual(['accept', '2']);
    await state.relay.answer('accept', 'done');
    expect(state.outbox.size).toBe(1);
  });
});
