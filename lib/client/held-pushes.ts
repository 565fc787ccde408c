/** Pushes that came while too many messages wait for the application, in the order in which they came. They come again over the next connection. */
import { limits } from '../base/limits.js';
import type { ReceivedPush } from '../wire/push.js';

/** A push as it came. */
export interface Arrived {
  readonly push: ReceivedPush;
  readonly bytes: Uint8Array;
}

/** The held pushes of one connection. */
export class HeldPushes {
  #pushes: Arrived[] = [];
  #bytes = 0;

  /** How many there are. */
  get count(): number {
    return this.#pushes.length;
  }

  /** The one that came first. */
  get first(): Arrived | undefined {
    return this.#pushes[0];
  }

  /** Whether a push of `length` bytes may be held: the first always. The relay's window bounds their number, which the receiver checks. */
  hasRoomFor(length: number): boolean {
    return this.#pushes.length === 0 || this.#bytes + length <= limits.heldPushBytes;
  }

  /** Puts a push behind the others. */
  add(arrived: Arrived): void {
    this.#pushes.push(arrived);
    this.#bytes += arrived.bytes.length;
  }

  /** Puts a push that was taken back in front of the others. */
  putBack(arrived: Arrived): void {
    this.#pushes.unshift(arrived);
    this.#bytes += arrived.bytes.length;
  }

  /** Takes the first. */
  take(): Arrived | undefined {
    const first = this.#pushes.shift();
    this.#bytes -= first?.bytes.length ?? 0;
    return first;
  }

  /** Gives up all of them. */
  clear(): void {
    this.#pushes = [];
    this.#bytes = 0;
  }
}
