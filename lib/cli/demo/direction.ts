import { createHash } from 'node:crypto';

/** What became of the messages of one direction. */
export interface DirectionResult {
  /** Messages that arrived at least once. */
  readonly arrived: number;
  /** Messages that were to be sent and never arrived. */
  readonly lost: number;
  /** Arrivals beyond the first of a message, and arrivals of messages that nobody sent. */
  readonly duplicated: number;
  /** Arrivals of a message before which a later one had arrived. */
  readonly outOfOrder: number;
  /** Messages whose bytes changed on the way. */
  readonly altered: number;
  /** Whether all that arrived, joined in the order of arrival, is what was to be sent. */
  readonly identical: boolean;
}

/**
 * The books of one direction: what was to be sent, under which id each message left and what arrived. Everything is counted by the ids and
 * bytes that the two processes report, so equal lines are told apart.
 */
export class Direction {
  readonly #expected: Uint8Array[] = [];
  readonly #ids: string[] = [];
  readonly #arrivals: { readonly messageId: string; readonly hash: string }[] = [];
  readonly #stream = createHash('sha256');

  /** Arrivals so far. */
  get arrivals(): number {
    return this.#arrivals.length;
  }

  /** The sending process is to send this next. */
  expect(bytes: Uint8Array): void {
    this.#expected.push(bytes);
  }

  /** The sending process reports that its next message has left under this id. */
  sent(messageId: string): void {
    this.#ids.push(messageId);
  }

  /** The receiving process reports a message. */
  received(messageId: string, bytes: Uint8Array): void {
    this.#arrivals.push({ messageId, hash: digest(bytes) });
    this.#stream.update(bytes);
  }

  /** The balance. Call it after the last report. */
  result(): DirectionResult {
    const positions = new Map(this.#ids.map((id, position) => [id, position]));
    const seen = new Set<number>();
    let duplicated = 0;
    let outOfOrder = 0;
    let altered = 0;
    let latest = -1;
    for (const { messageId, hash } of this.#arrivals) {
      const position = positions.get(messageId);
      const expected = position === undefined ? undefined : this.#expected[position];
      if (position === undefined || expected === undefined || seen.has(position)) {
        duplicated += 1;
        continue;
      }
      seen.add(position);
      if (position < latest) outOfOrder += 1;
      if (hash !== digest(expected)) altered += 1;
      latest = Math.max(latest, position);
    }
    const whole = createHash('sha256');
    for (const bytes of this.#expected) whole.update(bytes);
    return {
      arrived: seen.size,
      lost: this.#expected.length - seen.size,
      duplicated,
      outOfOrder,
      altered,
      identical: this.#stream.copy().digest('hex') === whole.digest('hex'),
    };
  }
}

/** SHA-256 in hexadecimal digits: also the answer that the receiver gives to each message. */
export function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
