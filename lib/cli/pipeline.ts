/**
 * Work in flight: many sends or acknowledgements share one durable commit when they do not wait for each other. Results are awaited in the
 * order in which the work was added; the first failure is thrown by a later `add` or by `drain`.
 */
export class Pipeline {
  readonly #width: number;
  readonly #running: Promise<unknown>[] = [];

  /** `width` pieces of work may be unfinished before `add` waits. */
  constructor(width: number) {
    this.#width = width;
  }

  /** Takes running work and waits while the pipeline is full. */
  async add(work: Promise<unknown>): Promise<void> {
    // A failure is reported when its turn comes; until then it must not count as unhandled.
    work.catch(() => undefined);
    this.#running.push(work);
    while (this.#running.length > this.#width) await this.#running.shift();
  }

  /** Waits for all of it. */
  async drain(): Promise<void> {
    while (this.#running.length > 0) await this.#running.shift();
  }
}
