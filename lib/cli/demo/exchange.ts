import { InternalError } from '../../index.js';
import { fromJsonContent, toJsonContent } from '../content.js';
import type { OutputEvent } from '../output.js';
import type { Child } from './child.js';
import { digest, Direction, type DirectionResult } from './direction.js';
import { isTrouble, patience, Reports } from './reports.js';

/** Messages on their way without an answer; enough to fill every batch, small enough that no queue grows with the input. */
const window = 256;

/** What the exchange came to. */
export interface ExchangeResult {
  /** What either client reported that should not happen, one text per report. */
  readonly troubles: readonly string[];
  readonly messages: DirectionResult;
  readonly answers: DirectionResult;
}

/**
 * The conversation: every message goes from the sender's process to the receiver's, and each is answered with its SHA-256. The two processes
 * are told what to send on their standard input and report what they sent and received on their standard output.
 */
export class Exchange {
  readonly #messages: readonly Uint8Array[];
  readonly #forward = new Direction();
  readonly #back = new Direction();
  readonly #reports = new Reports();
  readonly #troubles: string[] = [];
  #ready = 0;
  #receiver: Child | undefined;

  constructor(messages: readonly Uint8Array[]) {
    this.#messages = messages;
    for (const message of messages) this.#forward.expect(message);
  }

  /** Takes a report of the sender's process. */
  senderReports(event: OutputEvent): void {
    this.#book(event, this.#forward, this.#back);
  }

  /** Takes a report of the receiver's process; a message is answered. */
  receiverReports(event: OutputEvent): void {
    const bytes = this.#book(event, this.#back, this.#forward);
    if (bytes === undefined) return;
    const answer = answerTo(bytes);
    this.#back.expect(answer);
    void this.#receiver?.write(command(answer));
  }

  /** Resolves when both processes have opened their accounts. */
  async ready(): Promise<void> {
    if (!(await this.#reports.until(() => this.#ready === 2))) {
      throw new InternalError('demonstration-stalled', `the two accounts were not open after ${patience / 1000} s`);
    }
  }

  /**
   * Sends all messages and waits for all answers, or until nothing has come for a minute. `onProgress` hears how many answers have come;
   * `onHalf` is called once in the middle and its time does not count. Returns the seconds taken.
   */
  async run(sender: Child, receiver: Child, onProgress: (answered: number) => void, onHalf: () => Promise<void>): Promise<number> {
    this.#receiver = receiver;
    const total = this.#messages.length;
    const half = Math.ceil(total / 2);
    const started = performance.now();
    let paused = 0;
    const reached = async (arrivals: number): Promise<boolean> => {
      onProgress(this.#back.arrivals);
      return this.#reports.until(() => this.#back.arrivals >= arrivals);
    };
    for (const [position, message] of this.#messages.entries()) {
      if (position === half) {
        const from = performance.now();
        await onHalf();
        paused = performance.now() - from;
      }
      if (!(await reached(position - window + 1))) break;
      await sender.write(command(message));
    }
    let next = this.#back.arrivals + 1;
    while (next <= total && (await reached(next))) next = this.#back.arrivals + 1;
    onProgress(this.#back.arrivals);
    return (performance.now() - started - paused) / 1000;
  }

  /** The balance of both directions. Call it when both processes have ended: a duplicate may come late. */
  result(): ExchangeResult {
    return { troubles: this.#troubles, messages: this.#forward.result(), answers: this.#back.result() };
  }

  #book(event: OutputEvent, outgoing: Direction, incoming: Direction): Uint8Array | undefined {
    let bytes: Uint8Array | undefined;
    if (event.event === 'ready') this.#ready += 1;
    else if (event.event === 'sent') outgoing.sent(String(event['messageId']));
    else if (event.event === 'message') {
      bytes = fromJsonContent(event);
      incoming.received(String(event['messageId']), bytes);
    } else if (isTrouble(event.event)) this.#troubles.push(JSON.stringify(event));
    this.#reports.arrived();
    return bytes;
  }
}

function answerTo(message: Uint8Array): Uint8Array {
  return Buffer.from(`${digest(message)}\n`, 'utf8');
}

function command(bytes: Uint8Array): Uint8Array {
  return Buffer.from(`${JSON.stringify(toJsonContent(bytes))}\n`, 'utf8');
}
