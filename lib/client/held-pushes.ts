/** Pushes that came while too many messages wait for the application, in the order in which they came. They come again over the next connection. */
import { limits } from '../base/limits.js';
import type { ReceivedPush } from '../wire/push.js';

/** The held pushes of one connection. */
export class HeldPushes {
  #pushes: { readonly push: ReceivedPush; readonly length: number }[] = [];
  #bytes = 0;

  /** How many there are. */
  get count(): number {
    return this.#pushes.length;
  }

  /** Whether a push of `length` bytes may be held: the first always. The relay's window bounds their number, which the receiver checks. */
  hasRoomFor(length: number): boolean {
    return this.#pushes.length === 0 || this.#bytes + length <= limits.heldPushBytes;
  }

  /** Puts a push of `length` bytes behind the others. */
  add(push: ReceivedPush, length: number): void {
    this.#pushes.push({ push, length });
    this.#bytes += length;
  }

  /** Takes the first. */
  take(): ReceivedPush | undefined {
    const first = this.#pushes.shift();
    this.#bytes -= first?.length ?? 0;
    return first?.push;
  }

  /** Gives up all of them. */
  clear(): void {
    this.#pushes = [];
    this.#bytes = 0;
  }
}
