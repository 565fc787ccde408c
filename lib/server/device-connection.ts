/**
 * One connection of one device, the relay's side: hello, requests, pushes, heartbeats, goodbye.
 *
 * Owns: the order of frames, how much work one connection may cause at a time. Does not own: what requests do. A violation of the frames ends
 * the connection; a bad request is answered.
 */
import type { DeviceAddress } from '../base/address.js';
import { E2eeError, TransportError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import type { FrameChannel } from '../transport/channel.js';
import type { Frame, Hello } from '../wire/frame.js';
import { decodeFrame, encodeFrame } from '../wire/frame.js';
import { decodePayload, decodePush, encodePayload, encodePush } from '../wire/push.js';
import type { RelayContext } from './context.js';
import { type OutgoingResponse, dispatch } from './dispatch.js';
import { greet } from './hello.js';
import type { Guest } from './guest.js';
import { askAfterConnecting } from './pre-keys.js';
import { splitPushId } from './push-id.js';
import type { PushStream } from './push-stream.js';
import { RequestPace } from './request-pace.js';

/** Heartbeats that may go unanswered. */
const missedHeartbeats = 2.5;

/** Bytes of answers waiting in the socket above which no more requests are read. */
const crowdedMark = 16_777_216;

/** Bytes of requests in work above which no more are read: a few of the largest messages, so that no client fills the relay's memory. */
const bodyBytesMark = 8_388_608;

/** Frames that may still come from the socket's buffer while the hello is checked; a client waits for the answer. */
const maxEarlyFrames = 1_024;

/** What a connection tells the relay. */
export interface ConnectionHost {
  /** The device has proved itself: an older connection of it must go first. */
  connected(connection: DeviceConnection): void;
  ended(connection: DeviceConnection): void;
}

/** One connection; made by the relay for each channel. */
export class DeviceConnection {
  readonly remoteAddress: string;
  readonly #context: RelayContext;
  readonly #channel: FrameChannel;
  readonly #host: ConnectionHost;
  readonly #early: Frame[] = [];
  readonly #pace: RequestPace;
  #phase: 'waiting' | 'greeting' | 'open' | 'ended' = 'waiting';
  #guest: Guest | undefined;
  #stream: PushStream | undefined;
  #cancelTimer: () => void;
  #lastHeard: number;
  readonly #openedAt: number;
  #heartbeats = 0;
  #inFlight = 0;
  #bodyBytes = 0;
  #paused = false;
  #idle: (() => void) | undefined;

  constructor(context: RelayContext, channel: FrameChannel, host: ConnectionHost) {
    this.#context = context;
    this.#channel = channel;
    this.#host = host;
    this.remoteAddress = channel.remoteAddress;
    this.#openedAt = context.clock.now();
    this.#lastHeard = this.#openedAt;
    this.#pace = new RequestPace(context.clock, context.limits.requests, () => {
      this.#resumeIfRelieved();
    });
    this.#cancelTimer = context.clock.schedule(context.limits.helloTimeout, () => {
      this.end('timeout');
    });
    void channel.closed.then(() => {
      this.#finish();
    });
    channel.receive({
      onFrame: (bytes) => {
        this.#onFrame(bytes);
      },
      onDrain: () => {
        this.#stream?.pump();
        this.#resumeIfRelieved();
      },
    });
  }

  /** The device, once it has proved itself. */
  get address(): DeviceAddress | undefined {
    return this.#guest?.address;
  }

  /** Says goodbye and closes; requests that are being done are done, their answers are lost. */
  end(reason: string): void {
    if (this.#phase === 'ended') return;
    this.#send({ kind: 'goodbye', reason });
    this.#channel.close();
    this.#finish();
  }

  /** As {@link end}, but takes no new requests and lets those that are being done be answered first. */
  async endGracefully(reason: string): Promise<void> {
    this.#channel.pause();
    this.#paused = true;
    if (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    this.end(reason);
    await this.#channel.closed;
  }

  #onFrame(bytes: Uint8Array): void {
    if (this.#phase === 'ended') return;
    this.#lastHeard = this.#context.clock.now();
    try {
      this.#take(decodeFrame(bytes, this.#context.limits.frameLength));
    } catch (error) {
      if (!(error instanceof E2eeError)) {
        // Our own mistake must not end the process, with everybody else's connections.
        this.#fail('a frame could not be handled', error);
        return;
      }
      this.#context.logger.info({ code: error.code, remote: this.remoteAddress }, 'a frame was refused');
      this.end('protocol');
    }
  }

  #take(frame: Frame): void {
    switch (this.#phase) {
      case 'waiting':
        if (frame.kind === 'hello') this.#onHello(frame.hello);
        else this.end('protocol');
        return;
      case 'greeting':
        if (this.#early.push(frame) > maxEarlyFrames) this.end('protocol');
        return;
      case 'open':
        this.#dispatchFrame(frame);
        return;
      case 'ended':
        return;
    }
  }

  #dispatchFrame(frame: Frame): void {
    // Frames that ask for nothing count as well: each costs its decoding.
    this.#pace.count();
    this.#pauseIfCrowded();
    switch (frame.kind) {
      case 'request':
        if (this.#guest !== undefined) this.#context.counters.note(this.#guest, frame.commitCounter);
        this.#onRequest(frame.id, frame.request, frame.body);
        return;
      case 'push':
        this.#onPush(frame.body);
        return;
      case 'heartbeat':
      case 'unknown':
        return;
      case 'goodbye':
        this.#channel.close();
        this.#finish();
        return;
      case 'hello':
      case 'hello-ack':
      case 'response':
        this.end('protocol');
        return;
    }
  }

  #onHello(hello: Hello): void {
    this.#phase = 'greeting';
    this.#channel.pause();
    this.#welcome(hello).catch((error: unknown) => {
      this.#fail('a hello could not be checked', error);
    });
  }

  async #welcome(hello: Hello): Promise<void> {
    const { ack, guest } = await greet(this.#context, this.remoteAddress, hello);
    if (this.#hasEnded()) return;
    if (ack.code !== 200) {
      this.#context.logger.info({ reason: ack.reason, remote: this.remoteAddress }, 'a connection was refused');
      this.#send({ kind: 'hello-ack', ack });
      this.end('unauthorized');
      return;
    }
    if (guest !== undefined) {
      this.#guest = guest;
      this.#host.connected(this);
      this.#context.counters.open(guest);
      await this.#openStream(guest.address);
      if (this.#hasEnded()) return;
    }
    this.#cancelTimer();
    this.#scheduleHeartbeat();
    this.#phase = 'open';
    this.#send({ kind: 'hello-ack', ack });
    this.#stream?.start();
    for (const frame of this.#early.splice(0)) this.#take(frame);
    if (!this.#paused) this.#channel.resume();
    if (guest !== undefined) await askAfterConnecting(this.#context, guest.address);
  }

  async #openStream(address: DeviceAddress): Promise<void> {
    const stream = await this.#context.mailboxes.stream(address, {
      bufferedAmount: () => this.#channel.bufferedAmount,
      sendPush: (push) => {
        this.#send({ kind: 'push', body: push });
      },
      onFailure: (error) => {
        this.#fail('a mailbox could not be read', error);
      },
    });
    if (this.#hasEnded()) this.#context.mailboxes.endStream(address, stream);
    else this.#stream = stream;
  }

  #onRequest(id: number, kind: number, body: Uint8Array): void {
    this.#inFlight += 1;
    this.#bodyBytes += body.length;
    this.#pauseIfCrowded();
    dispatch(this.#context, { kind, body, guest: this.#guest, remoteAddress: this.remoteAddress }).then(
      (response) => {
        this.#answer(id, response);
        this.#requestDone(body.length);
      },
      (error: unknown) => {
        this.#fail('a request could not be answered', error);
        this.#requestDone(body.length);
      },
    );
  }

  #answer(id: number, { status, body, breaksOrder }: OutgoingResponse): void {
    try {
      this.#send({ kind: 'response', id, status, body });
      // The device sends in order when it connects again; what is on its way on this connection would overtake what has failed.
      if (breaksOrder) this.end('unavailable');
    } catch (error) {
      this.#fail('a request could not be answered', error);
    }
  }

  #requestDone(length: number): void {
    this.#inFlight -= 1;
    this.#bodyBytes -= length;
    if (this.#inFlight === 0) this.#idle?.();
    this.#resumeIfRelieved();
  }

  /** What a client says on the stream. Spec: server.md §4. */
  #onPush(bytes: Uint8Array): void {
    const payload = decodePayload(decodePush(bytes).payload);
    switch (payload?.kind) {
      case 'acquire-sync':
        this.#stream?.resumeAfter(payload.value.last === undefined ? 0 : (splitPushId(payload.value.last.id)?.sequence ?? 0));
        return;
      case 'client-heartbeat':
        this.#answerHeartbeat();
        return;
      default:
        return;
    }
  }

  #answerHeartbeat(): void {
    const to = this.#guest?.address;
    if (to === undefined) return;
    const payload = encodePayload({ kind: 'server-heartbeat', value: { hostName: this.#context.domain, time: this.#context.clock.now() } });
    this.#send({ kind: 'push', body: encodePush({ tag: undefined, from: undefined, to, payload, signatures: [] }) });
  }

  #scheduleHeartbeat(): void {
    const { clock, limits: bounds } = this.#context;
    this.#cancelTimer = clock.schedule(bounds.heartbeatInterval, () => {
      if (clock.now() - this.#lastHeard >= bounds.heartbeatInterval * missedHeartbeats) {
        this.end('timeout');
        return;
      }
      if (this.#guest === undefined && clock.now() - this.#openedAt >= bounds.strangerTime) {
        this.end('timeout');
        return;
      }
      // Requests are refused from its end on; a client that does not renew its token stops receiving, too.
      if (this.#guest !== undefined && clock.now() >= this.#guest.tokenExpiresAt + bounds.heartbeatInterval) {
        this.end('unauthorized');
        return;
      }
      if (this.#guest !== undefined) this.#context.counters.save(this.#guest.address);
      this.#heartbeats += 1;
      this.#send({ kind: 'heartbeat', number: this.#heartbeats });
      this.#scheduleHeartbeat();
    });
  }

  #isCrowded(): boolean {
    return (
      this.#inFlight >= limits.requestsInFlight ||
      this.#bodyBytes >= bodyBytesMark ||
      this.#channel.bufferedAmount >= crowdedMark ||
      this.#pace.isSpent
    );
  }

  #pauseIfCrowded(): void {
    if (this.#paused || !this.#isCrowded()) return;
    this.#paused = true;
    this.#channel.pause();
  }

  #resumeIfRelieved(): void {
    if (!this.#paused || this.#idle !== undefined || this.#phase === 'ended' || this.#isCrowded()) return;
    this.#paused = false;
    this.#channel.resume();
  }

  #send(frame: Frame): void {
    if (this.#phase === 'ended') return;
    try {
      this.#channel.send(encodeFrame(frame));
    } catch (error) {
      // The channel has just ended; its end is on its way here.
      if (!(error instanceof TransportError)) throw error;
    }
  }

  #fail(what: string, error: unknown): void {
    if (this.#phase === 'ended') return;
    const code = error instanceof E2eeError ? error.code : 'internal';
    this.#context.logger.error({ code }, what);
    this.end('overload');
  }

  /** A method, because the phase changes behind an await where the compiler would not expect it. */
  #hasEnded(): boolean {
    return this.#phase === 'ended';
  }

  #finish(): void {
    if (this.#phase === 'ended') return;
    this.#phase = 'ended';
    this.#cancelTimer();
    this.#pace.stop();
    this.#early.length = 0;
    if (this.#guest !== undefined) {
      if (this.#stream !== undefined) this.#context.mailboxes.endStream(this.#guest.address, this.#stream);
      this.#context.counters.close(this.#guest);
    }
    this.#host.ended(this);
  }
}
