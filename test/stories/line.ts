/** The network between one device and the relay: slow by turns of the event loop, and as bad as the story wants. Frames keep their order. */
import type { Clock } from '../../lib/base/clock.js';
import { type InMemoryNetwork, createInMemoryNetwork } from '../../lib/transport/in-memory.js';
import type { FrameInTransit } from '../../lib/transport/in-memory.js';
import type { FrameChannel } from '../../lib/transport/channel.js';
import { decodeFrame } from '../../lib/wire/frame.js';
import { type Dice, turns } from './dice.js';

type Direction = 'up' | 'down';

function refusesHello(bytes: Uint8Array): boolean {
  const frame = decodeFrame(bytes);
  return frame.kind === 'hello-ack' && frame.ack.code !== 200;
}

/** Turns that a frame takes at most. */
const slowest = 5;

/** Where the line breaks: at so many frames from now, or at the next answer. */
interface Break {
  readonly direction: Direction;
  frames: number;
  readonly onlyAnswers: boolean;
  /** Whether the last frame still arrives. */
  readonly arrives: boolean;
}

/** Sees frames: those that reach the relay, and those that leave it. */
export interface LineTap {
  up(frame: Uint8Array): void;
  down(frame: Uint8Array): void;
}

/** The line of one device. */
export class Line {
  readonly #dice: Dice;
  readonly #tap: LineTap;
  readonly #accept: (channel: FrameChannel) => void;
  readonly #network: InMemoryNetwork;
  readonly #queues: Readonly<Record<Direction, FrameInTransit[]>> = { up: [], down: [] };
  readonly #moving: Record<Direction, boolean> = { up: false, down: false };
  #stalled = { up: false, down: false };
  #break: Break | undefined;
  #current: FrameInTransit | undefined;
  #isUp = true;

  constructor(clock: Clock, dice: Dice, tap: LineTap, accept: (channel: FrameChannel) => void) {
    this.#dice = dice;
    this.#tap = tap;
    this.#accept = accept;
    this.#network = createInMemoryNetwork({ clock, intercept: (transit) => this.#take(transit) });
    this.connect();
  }

  get transport(): InMemoryNetwork['transport'] {
    return this.#network.transport;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Whether nothing is on its way. */
  get isQuiet(): boolean {
    return this.#queues.up.length === 0 && this.#queues.down.length === 0;
  }

  /** Connections can be made. */
  connect(): void {
    this.#isUp = true;
    this.#network.listen(this.#accept);
  }

  /** No connection can be made, the present one ends. */
  disconnect(): void {
    this.#isUp = false;
    this.#network.listen(undefined);
    this.cut();
  }

  /** Ends the present connection; what is on its way is lost. */
  cut(): void {
    this.#queues.up.length = 0;
    this.#queues.down.length = 0;
    this.#break = undefined;
    this.#current?.cut();
  }

  /** Frames of one or both directions wait. */
  stall(up: boolean, down: boolean): void {
    this.#stalled = { up, down };
  }

  /** Nothing waits any more. */
  flow(): void {
    this.#stalled = { up: false, down: false };
    this.#move('up');
    this.#move('down');
  }

  /** The connection ends after `frames` more of one direction. */
  breakAfter(direction: Direction, frames: number, arrives: boolean): void {
    this.#break = { direction, frames, onlyAnswers: false, arrives };
  }

  /** The connection ends when the relay has done a request, before its answer arrives. */
  loseAnswer(): void {
    this.#break = { direction: 'down', frames: 1, onlyAnswers: true, arrives: false };
  }

  /** Nothing breaks any more. */
  mend(): void {
    this.#break = undefined;
  }

  #take(transit: FrameInTransit): void {
    this.#current = transit;
    if (transit.direction === 'down') this.#tap.down(transit.frame);
    // The end of the connection, which follows at once, does not wait on this network for what is on its way.
    if (transit.direction === 'down' && refusesHello(transit.frame)) transit.deliver();
    else this.#queues[transit.direction].push(transit);
    this.#move(transit.direction);
  }

  #move(direction: Direction): void {
    if (this.#moving[direction]) return;
    this.#moving[direction] = true;
    void this.#deliver(direction);
  }

  async #deliver(direction: Direction): Promise<void> {
    const queue = this.#queues[direction];
    while (queue.length > 0 && !this.#isStalled(direction)) {
      await turns(this.#dice.below(slowest + 1));
      if (this.#isStalled(direction)) break;
      const transit = queue.shift();
      if (transit === undefined) break;
      const breaks = this.#breaksAt(transit);
      if (!breaks || this.#break?.arrives === true) {
        if (direction === 'up') this.#tap.up(transit.frame);
        transit.deliver();
      }
      if (breaks) this.cut();
    }
    this.#moving[direction] = false;
  }

  #isStalled(direction: Direction): boolean {
    return this.#stalled[direction];
  }

  #breaksAt({ direction, frame }: FrameInTransit): boolean {
    const found = this.#break;
    if (found === undefined || found.direction !== direction) return false;
    if (found.onlyAnswers && decodeFrame(frame).kind !== 'response') return false;
    found.frames -= 1;
    return found.frames <= 0;
  }
}
