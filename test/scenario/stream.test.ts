/** What client and relay say to each other on the stream: signs of life, and asking for pushes again. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { limits } from '../../lib/base/limits.js';
import { type ReceivedPush, decodePayload, decodePush } from '../../lib/wire/push.js';
import type { Connection, Transport } from '../../lib/transport/transport.js';
import { type Device, World, until } from '../support/scenario.js';
import { Gates, gate, turns } from '../support/scenario-gates.js';

/** The relay's interval in these scenarios, ms: its default. */
const interval = 30_000;

let world: World;

beforeEach(async () => {
  world = await World.create('stream', { limits: { lowOneTimePreKeys: 0 } });
});

afterEach(async () => {
  expect(await world.end()).toEqual([]);
});

/** Sees what goes over a device's stream. */
class Tap {
  /** What the client said. */
  readonly said: ReceivedPush[] = [];
  /** What came from the relay, lost or not. */
  readonly came: ReceivedPush[] = [];
  /** Whether a push never arrives. */
  loses: (push: ReceivedPush) => boolean = () => false;
  /** The interval that the relay names. */
  heartbeatInterval: number | undefined;

  get transport(): Transport {
    const inner = world.relay.network.transport;
    return {
      connect: async (options): Promise<Connection> => {
        const connection = await inner.connect({
          ...options,
          onPush: (bytes) => {
            const push = decodePush(bytes);
            this.came.push(push);
            if (!this.loses(push)) options.onPush(bytes);
          },
        });
        const { welcome } = connection;
        return {
          welcome: { ...welcome, heartbeatInterval: this.heartbeatInterval ?? welcome.heartbeatInterval },
          closed: connection.closed,
          close: () => connection.close(),
          request: (name, body, requestOptions) => connection.request(name, body, requestOptions),
          push: (message) => {
            this.said.push(decodePush(message));
            connection.push(message);
          },
        };
      },
    };
  }

  kinds(pushes: readonly ReceivedPush[]): string[] {
    return pushes.map(({ payload }) => payload.kind);
  }

  /** Times that a push of a message came. */
  messages(): number {
    return this.came.filter(({ payload }) => payload.kind === 'message').length;
  }
}

describe('heartbeats', () => {
  test('the client gives a sign of life at the interval of the relay, which answers each', async () => {
    const tap = new Tap();
    const alice = await world.join('alice', 'one', { client: { transport: tap.transport } });
    for (let beat = 1; beat <= 3; beat += 1) {
      await world.clock.advance(interval);
      await until(() => tap.came.length >= beat, `heartbeat ${beat} is answered`);
    }
    expect(tap.kinds(tap.said)).toEqual(['client-heartbeat', 'client-heartbeat', 'client-heartbeat']);
    expect(tap.kinds(tap.came)).toEqual(['server-heartbeat', 'server-heartbeat', 'server-heartbeat']);
    const [said] = tap.said;
    if (said === undefined) throw new Error('nothing was said');
    expect(said).toMatchObject({ tag: undefined, from: alice.address, to: alice.address });
    expect(decodePayload(said.payload)).toMatchObject({ value: { time: world.clock.now() - 2 * interval } });
    expect(alice.events.map(({ type }) => type)).toEqual(['registered', 'connection']);
  });

  test('they end with the connection', async () => {
    const tap = new Tap();
    const alice = await world.join('alice', 'one', { client: { transport: tap.transport } });
    await world.stopRelay();
    await until(() => alice.eventsOf('connection').at(-1)?.state === 'disconnected', 'the connection ends');
    await world.clock.advance(4 * interval);
    expect(tap.said).toEqual([]);
    await world.startRelay();
  });

  test('an interval that makes no sense does not make the client do nothing else', async () => {
    const tap = new Tap();
    tap.heartbeatInterval = 1;
    await world.join('alice', 'one', { client: { transport: tap.transport } });
    await world.clock.advance(limits.shortestHeartbeat);
    expect(tap.said).toHaveLength(1);
    const patient = new Tap();
    patient.heartbeatInterval = 0;
    await world.join('bob', 'one', { client: { transport: patient.transport } });
    await world.clock.advance(2 * interval);
    expect(patient.said).toEqual([]);
  });
});

describe('asking for pushes again', () => {
  async function pair(tap: Tap, gates = new Gates()): Promise<{ alice: Device; bob: Device }> {
    const alice = await world.join('alice');
    const bob = world.device('bob', 'one', { client: { transport: tap.transport, store: gates.open } }, gates.tables);
    await bob.register();
    await alice.send(bob, 'first');
    await bob.hears(1);
    await bob.isQuiet();
    return { alice, bob };
  }

  test('what was lost on its way comes again, behind the newest push that was handled', async () => {
    const tap = new Tap();
    const { alice, bob } = await pair(tap);
    let isLosing = true;
    tap.loses = () => isLosing;
    for (const text of ['second', 'third']) await alice.send(bob, text);
    await until(() => tap.messages() === 3, 'both have left the relay');
    expect(bob.texts).toEqual(['first']);
    isLosing = false;
    await bob.client.sync();
    expect(await bob.hears(3)).toEqual(['first', 'second', 'third']);
    const last = decodePayload(tap.said.at(-1)?.payload ?? { kind: 'unknown', bytes: new Uint8Array(0) });
    const firstTag = tap.came.find(({ payload }) => payload.kind === 'message')?.tag;
    expect(last).toEqual({ kind: 'acquire-sync', value: { last: firstTag } });
    await bob.isQuiet();
  });

  test('what is being stored when the client asks comes once more, and is handed out once', async () => {
    const tap = new Tap();
    const gates = new Gates();
    const { alice, bob } = await pair(tap, gates);
    const held = gate();
    gates.beforeCommit = () => held.opened;
    for (const text of ['second', 'third', 'fourth']) await alice.send(bob, text);
    await until(() => tap.messages() === 4, 'all have come');
    await bob.client.sync();
    await until(() => tap.messages() === 7, 'all three come again');
    expect(bob.texts).toEqual(['first']);
    gates.beforeCommit = undefined;
    held.open();
    expect(await bob.hears(4)).toEqual(['first', 'second', 'third', 'fourth']);
    await bob.isQuiet();
    await turns();
    expect(bob.texts).toEqual(['first', 'second', 'third', 'fourth']);
    expect(bob.eventsOf('undecryptable')).toEqual([]);
  });

  test('nothing comes again when everything was handled', async () => {
    const tap = new Tap();
    const { alice, bob } = await pair(tap);
    const before = tap.came.length;
    for (let time = 1; time <= 3; time += 1) await bob.client.sync();
    await turns();
    expect(tap.came).toHaveLength(before);
    await alice.send(bob, 'second');
    expect(await bob.hears(2)).toEqual(['first', 'second']);
  });

  test('messages that wait because the application is slow are asked for again without growing in number', async () => {
    const tap = new Tap();
    const alice = await world.join('alice');
    const limited = { limits: { unacknowledgedMessages: 2 }, transport: tap.transport };
    const bob = world.device('bob', 'one', { client: limited });
    bob.acknowledges = false;
    await bob.register();
    const texts = ['1', '2', '3', '4', '5'];
    for (const text of texts) await alice.send(bob, text);
    await until(() => tap.messages() === 5, 'all have come');
    await bob.hears(2);
    for (let time = 1; time <= 3; time += 1) await bob.client.sync();
    await turns();
    for (let count = 1; count <= 5; count += 1) {
      await bob.hears(count);
      await bob.received[count - 1]?.ack();
    }
    await bob.isQuiet();
    expect(bob.texts).toEqual(texts);
  });

  test('without a connection the call fails, and the next connection brings everything anyway', async () => {
    const tap = new Tap();
    const { alice, bob } = await pair(tap);
    await bob.close();
    await alice.send(bob, 'second');
    await alice.isQuiet();
    await world.stopRelay();
    await bob.open();
    await bob.sees('connection', 3);
    await expect(bob.client.sync()).rejects.toMatchObject({ name: 'TransportError', code: 'offline' });
    await world.startRelay();
    await world.passes(() => bob.received.length === 2, 'the message comes');
  });
});
