/**
 * A frame channel: binary frames in both directions, whole, in order, until one side closes.
 *
 * Owns: what every carrier (WebSocket, in-memory) promises to the connection above it. Does not own: what the frames mean.
 */

/** How a channel came to its end. */
export interface ChannelEnd {
  /** `local`: closed here; `remote`: closed by the other side; `failed`: cut, or the other side broke the carrier's rules. */
  readonly cause: 'local' | 'remote' | 'failed';
  /** A stable word for logs: `closed`, `cut`, `too-large`, `not-binary`, `carrier-error`. */
  readonly reason: string;
}

/** Who takes what a channel brings. Neither method may throw. */
export interface FrameReceiver {
  /** One whole frame; the bytes may be a view of a larger buffer, which nobody changes any more. */
  onFrame(frame: Uint8Array): void;
  /** What had been sent has mostly left this process: {@link FrameChannel.bufferedAmount} fell below the low mark again. */
  onDrain(): void;
}

/** One end of a channel. */
export interface FrameChannel {
  /** Who is on the other side, for limits per address; never an authenticated name. */
  readonly remoteAddress: string;
  /** Bytes accepted by {@link send} that have not left this process. */
  readonly bufferedAmount: number;
  /** Resolves once, when no frame can come or go any more. Never rejects. */
  readonly closed: Promise<ChannelEnd>;
  /** Takes a frame for sending; the bytes must not change afterwards. Throws `TransportError('offline')` once the channel has ended. */
  send(frame: Uint8Array): void;
  /** Names the receiver, once; frames that came before are delivered then. */
  receive(receiver: FrameReceiver): void;
  /** Stops deliveries until {@link resume}: the other side is slowed down, nothing is lost. */
  pause(): void;
  resume(): void;
  /** Sends what was accepted, then ends the channel; a second call does nothing. */
  close(): void;
  /** Ends the channel at once; what was not yet sent is lost. */
  cut(): void;
}

/** Below so many buffered bytes a channel calls {@link FrameReceiver.onDrain}: enough to keep a socket busy, little enough to matter for nobody's memory. */
export const lowWaterMark = 262_144;
