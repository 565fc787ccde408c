import type { PushTag } from '../wire/push.js';

interface OpenPush {
  /** The push that arrived before it. */
  readonly before: PushTag | undefined;
  /** Somebody is at it: being carried out, held, or waiting for another push. */
  isBusy: boolean;
}

/**
 * The pushes of one connection in the order in which they arrived: up to which of them everything is handled and durable. As long as the relay's window of
 * pushes on their way, whatever the connection has lived.
 */
export class PushOrder {
  /** Pushes that are not handled, in order of arrival. */
  readonly #open = new Map<string, OpenPush>();
  #last: PushTag | undefined;

  /** A push has arrived; false when a copy of it is being handled, so that this one is not needed. */
  arrived(tag: PushTag): boolean {
    const open = this.#open.get(tag.id);
    if (open?.isBusy === true) return false;
    if (open === undefined) this.#open.set(tag.id, { before: this.#last, isBusy: true });
    else open.isBusy = true;
    this.#last = tag;
    return true;
  }

  /** The push's effect is durable. */
  done(id: string): void {
    this.#open.delete(id);
  }

  /** The push had no effect: a copy of it is welcome. */
  failed(id: string): void {
    const open = this.#open.get(id);
    if (open !== undefined) open.isBusy = false;
  }

  /** The newest push up to which everything is done; `undefined`: not even the first of the connection. */
  get newestDone(): PushTag | undefined {
    const [first] = this.#open.values();
    return first === undefined ? this.#last : first.before;
  }

  /** Another connection: what it brings begins with everything that was not acknowledged. */
  reset(): void {
    this.#open.clear();
    this.#last = undefined;
  }
}
