/**
 * A frame channel over a WebSocket of either side: one binary message per frame.
 */
import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import { TransportError } from '../base/errors.js';
import type { ChannelEnd, FrameChannel, FrameReceiver } from './channel.js';
import { lowWaterMark } from './channel.js';

/** The WebSocket sub-protocol both sides insist on, so that a stray HTTP service is noticed at once. */
export const subProtocol = 'skissm.relay.v1';

/** Close code of RFC 6455 §7.4.1 for a message longer than the receiver takes. */
const tooLargeCode = 1009;
/** Close code of RFC 6455 §7.4.1 for a message of a kind the receiver does not take. */
const unsupportedCode = 1003;
/** A peer that does not finish the closing handshake is cut after so many ms. */
const closeTimeout = 5_000;

/** First byte of a binary message in one frame: FIN and the opcode. */
const finalBinary = 0x82;

/** Bytes gathered for one system call; more gain nothing and only wait. */
const gatheredAtMost = 65_536;

/** The message's bytes without a copy where it came in one piece. */
function bytesOf(message: RawData): Uint8Array {
  if (message instanceof ArrayBuffer) return new Uint8Array(message);
  const whole = Array.isArray(message) ? Buffer.concat(message) : message;
  return new Uint8Array(whole.buffer, whole.byteOffset, whole.length);
}

class WebSocketChannel implements FrameChannel {
  readonly remoteAddress: string;
  readonly closed: Promise<ChannelEnd>;
  readonly #socket: WebSocket;
  readonly #carrier: Duplex;
  #receiver: FrameReceiver | undefined;
  #end: ChannelEnd | undefined;
  readonly #masks: boolean;
  #crowded = false;
  #corked = false;
  /** Frames with their heads that leave at the end of this turn. */
  #gathered: Uint8Array[] = [];
  #gatheredLength = 0;

  constructor(socket: WebSocket, carrier: Duplex, remoteAddress: string, masks: boolean) {
    this.#socket = socket;
    this.#carrier = carrier;
    this.#masks = masks;
    this.remoteAddress = remoteAddress;
    // Nothing may be lost between the opening of the socket and the first receiver.
    socket.pause();
    socket.on('message', (message: RawData, isBinary: boolean) => {
      if (!isBinary) {
        this.#end ??= { cause: 'failed', reason: 'not-binary' };
        this.#shut(unsupportedCode);
      } else {
        this.#receiver?.onFrame(bytesOf(message));
      }
    });
    // Without a listener the error would end the process. `ws` closes the socket by itself.
    socket.on('error', (error: Error & { code?: string }) => {
      this.#cutLater();
      this.#end ??= { cause: 'failed', reason: error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' ? 'too-large' : 'carrier-error' };
    });
    this.closed = new Promise((resolve) => {
      socket.on('close', (code: number) => {
        resolve(this.#end ?? endOf(code));
      });
    });
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount + this.#gatheredLength;
  }

  send(frame: Uint8Array): void {
    if (this.#socket.readyState !== this.#socket.OPEN) throw new TransportError('offline', 'the channel has ended');
    this.#gather();
    if (this.#masks) this.#socket.send(frame, { binary: true }, this.#onSent);
    else {
      const head = headOf(frame.length);
      this.#gathered.push(head, frame);
      this.#gatheredLength += head.length + frame.length;
    }
    if (this.bufferedAmount >= gatheredAtMost) this.#release();
    if (this.bufferedAmount >= lowWaterMark) this.#crowded = true;
  }

  receive(receiver: FrameReceiver): void {
    this.#receiver = receiver;
    this.#socket.resume();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#end ??= { cause: 'local', reason: 'closed' };
    this.#shut(1000);
  }

  cut(): void {
    this.#end ??= { cause: 'local', reason: 'cut' };
    this.#socket.terminate();
  }

  readonly #onSent = (): void => {
    if (!this.#crowded || this.bufferedAmount >= lowWaterMark) return;
    this.#crowded = false;
    this.#receiver?.onDrain();
  };

  /** Frames sent in one turn leave in one system call: after a commit, hundreds of answers and pushes are sent at once. */
  #gather(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.#carrier.cork();
    process.nextTick(() => {
      this.#release();
    });
  }

  #release(): void {
    if (!this.#corked) return;
    this.#corked = false;
    this.#write();
    this.#carrier.uncork();
  }

  #write(): void {
    const frames = this.#gathered;
    const length = this.#gatheredLength;
    this.#gathered = [];
    this.#gatheredLength = 0;
    // Whoever is closing, or has been closed, may send nothing behind that.
    if (frames.length === 0 || this.#socket.readyState !== this.#socket.OPEN) return;
    // Many small frames are copied, a large one is not.
    if (length <= 2 * gatheredAtMost) this.#carrier.write(Buffer.concat(frames, length), this.#onSent);
    else for (const piece of frames) this.#carrier.write(piece, this.#onSent);
  }

  #shut(code: number): void {
    this.#release();
    // A paused socket would never see the other side's part of the closing handshake.
    this.#socket.resume();
    this.#socket.close(code);
    this.#cutLater();
  }

  #cutLater(): void {
    const timer = setTimeout(() => {
      this.#socket.terminate();
    }, closeTimeout);
    timer.unref();
    void this.closed.then(() => {
      clearTimeout(timer);
    });
  }
}

function endOf(code: number): ChannelEnd {
  // 1006: the socket went away without a closing handshake.
  if (code === 1006) return { cause: 'failed', reason: 'cut' };
  return { cause: 'remote', reason: code === tooLargeCode ? 'too-large' : 'closed' };
}

/** What precedes `length` bytes in a binary frame of a server, which masks nothing. Spec: RFC 6455 §5.2. */
function headOf(length: number): Uint8Array {
  if (length < 126) return Uint8Array.of(finalBinary, length);
  if (length < 65_536) return Uint8Array.of(finalBinary, 126, length >>> 8, length & 0xff);
  const head = Buffer.alloc(10);
  head[0] = finalBinary;
  head[1] = 127;
  head.writeUIntBE(length, 4, 6);
  return head;
}

/**
 * A channel over an open WebSocket, which then belongs to it, as does the stream `carrier` that the WebSocket runs over. `side`: a client's frames are
 * masked, which `ws` does; a server's are written by the channel itself, those of one turn in one piece.
 */
export function webSocketChannel(socket: WebSocket, carrier: Duplex, remoteAddress: string, side: 'client' | 'server'): FrameChannel {
  return new WebSocketChannel(socket, carrier, remoteAddress, side === 'client');
}
