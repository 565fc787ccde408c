/** What every carrier promises, run against each of them. */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { ChannelEnd, FrameChannel } from '../../lib/transport/channel.js';
import { lowWaterMark } from '../../lib/transport/channel.js';
import type { Hello, HelloAck } from '../../lib/wire/frame.js';
import { decodeFrame, encodeFrame } from '../../lib/wire/frame.js';
import type { Connection, Transport } from '../../lib/transport/transport.js';
import { FakeClock, settled } from './fake-clock.js';

/** One carrier under test. */
export interface Carrier {
  readonly transport: Transport;
  /** Names who takes the next channels on the relay's side. */
  listen(accept: (channel: FrameChannel) => void): void;
  /** Opens a channel without the hello. */
  dial(): Promise<FrameChannel>;
  close(): Promise<void>;
}

/** Opens a carrier whose frames have at most `maxFrameLength` bytes and whose connections run on `clock`. */
export type OpenCarrier = (clock: FakeClock, maxFrameLength: number) => Promise<Carrier>;

const maxFrameLength = 1_048_576;

const hello: Hello = {
  version: 1,
  address: { domain: 'example.test', userId: 'alice', deviceId: 'phone' },
  credential: { kind: 'token', token: 'a token' },
  incarnation: new Uint8Array(16).fill(9),
  commitCounter: 7,
  lastPushId: '',
  greeting: new Uint8Array(16).fill(3),
  previousGreeting: new Uint8Array(16).fill(2),
};

const welcome: HelloAck = {
  code: 200,
  reason: '',
  token: 'a new token',
  tokenExpiresAt: 5,
  serverTime: 6,
  pushWindow: 8,
  heartbeatInterval: 1_000,
  maxFrameLength,
  storeSince: 9,
};

/** Collects what a channel brings. */
class Inbox {
  readonly frames: Uint8Array[] = [];
  drained = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(channel: FrameChannel) {
    channel.receive({
      onFrame: (frame) => {
        this.frames.push(Uint8Array.from(frame));
        for (const wake of this.#waiting.splice(0)) wake();
      },
      onDrain: () => {
        this.drained += 1;
        for (const wake of this.#waiting.splice(0)) wake();
      },
    });
  }

  async until(done: () => boolean): Promise<void> {
    while (!done()) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  async take(count: number): Promise<Uint8Array[]> {
    await this.until(() => this.frames.length >= count);
    return this.frames;
  }
}

function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}

/** Runs the suite. */
export function transportContract(name: string, open: OpenCarrier): void {
  let carrier: Carrier | undefined;
  let clock = new FakeClock();

  afterEach(async () => {
    await carrier?.close();
    carrier = undefined;
  });

  async function opened(): Promise<Carrier> {
    clock = new FakeClock();
    carrier = await open(clock, maxFrameLength);
    return carrier;
  }

  async function pair(): Promise<[FrameChannel, FrameChannel]> {
    const under = await opened();
    const accepted = new Promise<FrameChannel>((resolve) => {
      under.listen(resolve);
    });
    return [await under.dial(), await accepted];
  }

  describe(`${name}: channels`, () => {
    test('frames arrive whole and in order, in both directions, the empty one too', async () => {
      const [client, server] = await pair();
      const up = new Inbox(server);
      const down = new Inbox(client);
      const large = new Uint8Array(70_000).fill(3);
      for (const frame of [bytes(1), bytes(), large, bytes(2, 3)]) client.send(frame);
      server.send(bytes(9));
      expect(await up.take(4)).toEqual([bytes(1), bytes(), large, bytes(2, 3)]);
      expect(await down.take(1)).toEqual([bytes(9)]);
    });

    test('frames sent before there is a receiver wait for it', async () => {
      const [client, server] = await pair();
      client.send(bytes(1));
      client.send(bytes(2));
      await settled();
      expect(await new Inbox(server).take(2)).toEqual([bytes(1), bytes(2)]);
    });

    test('closing delivers what was sent before, then both sides see the end', async () => {
      const [client, server] = await pair();
      const up = new Inbox(server);
      client.send(bytes(1));
      client.close();
      client.close();
      expect(await client.closed).toEqual({ cause: 'local', reason: 'closed' });
      expect(await server.closed).toEqual({ cause: 'remote', reason: 'closed' });
      expect(up.frames).toEqual([bytes(1)]);
      expect(() => {
        client.send(bytes(2));
      }).toThrow(expect.objectContaining({ code: 'offline' }));
    });

    test('a cut ends both sides, and the other one knows that it was not a farewell', async () => {
      const [client, server] = await pair();
      new Inbox(server);
      client.cut();
      const ends: ChannelEnd[] = [await client.closed, await server.closed];
      expect(ends).toEqual([
        { cause: 'local', reason: 'cut' },
        { cause: 'failed', reason: 'cut' },
      ]);
    });

    test('a frame over the limit is not delivered and ends the channel', async () => {
      const [client, server] = await pair();
      const up = new Inbox(server);
      new Inbox(client);
      client.send(new Uint8Array(maxFrameLength));
      client.send(new Uint8Array(maxFrameLength + 1));
      expect(await server.closed).toEqual({ cause: 'failed', reason: 'too-large' });
      expect((await client.closed).cause).toBe('remote');
      expect(up.frames.map(({ length }) => length)).toEqual([maxFrameLength]);
    });

    test('a paused side is sent nothing until it resumes, and loses nothing', async () => {
      const [client, server] = await pair();
      const up = new Inbox(server);
      client.send(bytes(1));
      await up.take(1);
      server.pause();
      const sizes = Array.from({ length: 40 }, (_, index) => 100_000 + index);
      for (const size of sizes) client.send(new Uint8Array(size));
      await settled();
      const before = up.frames.length;
      expect(before).toBeLessThan(41);
      server.resume();
      expect((await up.take(41)).slice(1).map(({ length }) => length)).toEqual(sizes);
    });

    test('what waits is counted, and the sender is told when it has gone', async () => {
      const [client, server] = await pair();
      const down = new Inbox(client);
      const up = new Inbox(server);
      server.pause();
      // More than the buffers of any system hold between two sockets.
      let sent = 0;
      while (client.bufferedAmount < 4 * lowWaterMark && sent < 64) {
        client.send(new Uint8Array(maxFrameLength));
        sent += 1;
        await settled();
      }
      expect(client.bufferedAmount).toBeGreaterThanOrEqual(4 * lowWaterMark);
      expect(down.drained).toBe(0);
      server.resume();
      await up.take(sent);
      await down.until(() => down.drained > 0);
      expect(down.drained).toBe(1);
      expect(client.bufferedAmount).toBeLessThan(lowWaterMark);
    });
  });

  describe(`${name}: connections`, () => {
    /** Connects and answers the hello; gives both ends. */
    async function connected(
      ack: HelloAck = welcome,
    ): Promise<{ connection: Connection; server: FrameChannel; inbox: Inbox; pushes: Uint8Array[] }> {
      const under = await opened();
      const pushes: Uint8Array[] = [];
      const accepted = new Promise<{ server: FrameChannel; inbox: Inbox }>((resolve) => {
        under.listen((channel) => {
          resolve({ server: channel, inbox: new Inbox(channel) });
        });
      });
      const connecting = under.transport.connect({
        hello,
        onPush: (push) => {
          pushes.push(push);
        },
      });
      connecting.catch(() => undefined);
      const { server, inbox } = await accepted;
      await inbox.take(1);
      server.send(encodeFrame({ kind: 'hello-ack', ack }));
      return { connection: await connecting, server, inbox, pushes };
    }

    function respond(server: FrameChannel, id: number, ...body: number[]): void {
      server.send(encodeFrame({ kind: 'response', id, status: 200, body: bytes(...body) }));
    }

    /** Ids of the requests that came, in order. */
    function requestIds(inbox: Inbox): number[] {
      return inbox.frames.flatMap((encoded) => {
        const frame = decodeFrame(encoded);
        return frame.kind === 'request' ? [frame.id] : [];
      });
    }

    test('the hello arrives as it was given and the answer is the welcome', async () => {
      const { connection, inbox } = await connected();
      expect(decodeFrame(inbox.frames[0]!)).toEqual({ kind: 'hello', hello });
      expect(connection.welcome).toEqual(welcome);
    });

    test.each(['unauthorized', 'store-rolled-back', 'version', 'busy'])('a refusal becomes the error %s', async (reason) => {
      await expect(connected({ ...welcome, code: 401, reason })).rejects.toMatchObject({ name: 'TransportError', code: reason });
    });

    test('nobody there is offline', async () => {
      const under = await opened();
      await under.close();
      await expect(under.transport.connect({ hello, onPush: () => undefined })).rejects.toMatchObject({ code: 'offline' });
    });

    test('a relay that does not answer the hello in time is given up', async () => {
      const under = await opened();
      const accepted = new Promise<FrameChannel>((resolve) => {
        under.listen(resolve);
      });
      const connecting = expect(under.transport.connect({ hello, onPush: () => undefined })).rejects.toMatchObject({ code: 'timeout' });
      const server = await accepted;
      const inbox = new Inbox(server);
      await inbox.take(1);
      await clock.advance(60_000);
      await connecting;
      await server.closed;
    });

    test('an abort while connecting gives up with its reason', async () => {
      const under = await opened();
      const accepted = new Promise<FrameChannel>((resolve) => {
        under.listen(resolve);
      });
      const abort = new AbortController();
      const reason = new Error('enough');
      const connecting = expect(under.transport.connect({ hello, onPush: () => undefined, signal: abort.signal })).rejects.toBe(reason);
      const server = await accepted;
      new Inbox(server);
      abort.abort(reason);
      await connecting;
      await server.closed;
      await expect(under.transport.connect({ hello, onPush: () => undefined, signal: abort.signal })).rejects.toBe(reason);
    });

    test('what answers with anything but frames of a relay is refused as protocol', async () => {
      const under = await opened();
      under.listen((channel) => {
        channel.receive({
          onFrame: () => {
            channel.send(bytes(0xff, 0xff, 0xff));
          },
          onDrain: () => undefined,
        });
      });
      await expect(under.transport.connect({ hello, onPush: () => undefined })).rejects.toMatchObject({ code: 'protocol' });
    });

    test('answers find their requests in any order', async () => {
      const { connection, server, inbox } = await connected();
      const answers = [1, 2, 3].map((value) => connection.request('accept', bytes(value)));
      await inbox.take(4);
      const ids = requestIds(inbox);
      expect(new Set(ids).size).toBe(3);
      for (const index of [2, 0, 1]) respond(server, ids[index]!, 10 + index);
      expect(await Promise.all(answers)).toEqual([bytes(10), bytes(11), bytes(12)]);
    });

    test('no more requests than the bound are in flight; the rest follow in order', async () => {
      const { connection, server, inbox } = await connected();
      const answers = Array.from({ length: 300 }, (_, index) => connection.request('accept', bytes(index % 256)));
      await inbox.take(257);
      await settled();
      expect(requestIds(inbox)).toHaveLength(256);
      for (const id of requestIds(inbox).slice(0, 50)) respond(server, id);
      await inbox.take(301);
      for (const id of requestIds(inbox).slice(50)) respond(server, id);
      await Promise.all(answers);
      expect(inbox.frames.slice(1).map((frame) => decodeFrame(frame))).toEqual(
        Array.from({ length: 300 }, (_, index): unknown => expect.objectContaining({ kind: 'request', body: bytes(index % 256) })),
      );
    });

    test('a request without an answer times out, and a late answer is ignored', async () => {
      const { connection, server, inbox } = await connected({ ...welcome, heartbeatInterval: 0 });
      const waiting = expect(connection.request('accept', bytes(1), { timeout: 500 })).rejects.toMatchObject({ code: 'timeout' });
      await inbox.take(2);
      await clock.advance(500);
      await waiting;
      const [id] = requestIds(inbox);
      respond(server, id!, 1);
      const next = connection.request('accept', bytes(2));
      await inbox.take(3);
      respond(server, requestIds(inbox)[1]!, 2);
      expect(await next).toEqual(bytes(2));
    });

    test('an aborted request rejects with the reason and does not disturb the others', async () => {
      const { connection, server, inbox } = await connected();
      const abort = new AbortController();
      const reason = new Error('enough');
      const given = expect(connection.request('accept', bytes(1), { signal: abort.signal })).rejects.toBe(reason);
      const kept = connection.request('accept', bytes(2));
      await inbox.take(3);
      abort.abort(reason);
      await given;
      for (const id of requestIds(inbox)) respond(server, id, 5);
      expect(await kept).toEqual(bytes(5));
      await expect(connection.request('accept', bytes(3), { signal: abort.signal })).rejects.toBe(reason);
    });

    test('a request that the relay does not understand is refused', async () => {
      const { connection, server, inbox } = await connected();
      const waiting = expect(connection.request('accept', bytes(1))).rejects.toMatchObject({ code: 'refused' });
      await inbox.take(2);
      server.send(encodeFrame({ kind: 'response', id: requestIds(inbox)[0]!, status: 400, body: bytes() }));
      await waiting;
    });

    test('pushes come in order, and the client can push too', async () => {
      const { connection, server, inbox, pushes } = await connected();
      for (const value of [1, 2, 3]) server.send(encodeFrame({ kind: 'push', body: bytes(value) }));
      connection.push(bytes(7));
      await inbox.take(2);
      expect(decodeFrame(inbox.frames[1]!)).toEqual({ kind: 'push', body: bytes(7) });
      const round = connection.request('accept', bytes());
      await inbox.take(3);
      respond(server, requestIds(inbox)[0]!);
      await round;
      expect(pushes).toEqual([bytes(1), bytes(2), bytes(3)]);
    });

    test('heartbeats are answered with their number', async () => {
      const { server, inbox } = await connected();
      server.send(encodeFrame({ kind: 'heartbeat', number: 42 }));
      await inbox.take(2);
      expect(decodeFrame(inbox.frames[1]!)).toEqual({ kind: 'heartbeat', number: 42 });
    });

    test('a relay that has fallen silent is given up, open requests are offline', async () => {
      const { connection } = await connected();
      const waiting = expect(connection.request('accept', bytes(1))).rejects.toMatchObject({ code: 'offline' });
      await clock.advance(2_499);
      const open = Symbol('open');
      expect(await Promise.race([connection.closed, Promise.resolve(open)])).toBe(open);
      await clock.advance(1);
      expect(await connection.closed).toEqual({ cause: 'lost', reason: 'silent' });
      await waiting;
      expect(clock.waiting).toBe(0);
    });

    test('a goodbye ends the connection with its reason', async () => {
      const { connection, server } = await connected();
      server.send(encodeFrame({ kind: 'goodbye', reason: 'replaced' }));
      expect(await connection.closed).toEqual({ cause: 'goodbye', reason: 'replaced' });
      await expect(connection.request('accept', bytes())).rejects.toMatchObject({ code: 'offline' });
      expect(() => {
        connection.push(bytes());
      }).toThrow(expect.objectContaining({ code: 'offline' }));
    });

    test('a broken network ends the connection as lost', async () => {
      const { connection, server } = await connected();
      const waiting = expect(connection.request('accept', bytes(1))).rejects.toMatchObject({ code: 'offline' });
      server.cut();
      expect(await connection.closed).toEqual({ cause: 'lost', reason: 'cut' });
      await waiting;
    });

    test('bytes that are no frame end the connection', async () => {
      const { connection, server } = await connected();
      server.send(bytes(0xff, 0xff));
      expect(await connection.closed).toEqual({ cause: 'lost', reason: 'protocol' });
    });

    test('closing says goodbye, leaves no timer behind, and can be repeated', async () => {
      const { connection, server, inbox } = await connected();
      await connection.close();
      await connection.close();
      await server.closed;
      expect(decodeFrame(inbox.frames[1]!)).toEqual({ kind: 'goodbye', reason: 'closing' });
      expect(await connection.closed).toEqual({ cause: 'local', reason: 'closed' });
      expect(clock.waiting).toBe(0);
    });
  });
}
