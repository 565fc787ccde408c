import type { Wipeable } from '../base/secret.js';
import type { Write } from '../store/store.js';
import type { BookChange } from './session-book.js';
import type { Transition } from './step.js';

/** Collects what one step changes, from several books, into one transition. */
export class Plan {
  readonly #changes: BookChange[] = [];
  readonly #retired: Wipeable[] = [];
  readonly #created: Wipeable[] = [];
  readonly #afterwards: (() => void)[] = [];

  /** Adds a change of a book. */
  add(change: BookChange & { readonly retired?: readonly Wipeable[] }): this {
    this.#changes.push(change);
    if (change.retired !== undefined) this.#retired.push(...change.retired);
    return this;
  }

  /** Adds everything of `part`: what was collected apart because it could still have been refused. */
  include(part: Plan): this {
    this.#changes.push(...part.#changes);
    this.#retired.push(...part.#retired);
    this.#created.push(...part.#created);
    this.#afterwards.push(...part.#afterwards);
    return this;
  }

  /** Adds rows. */
  write(...writes: readonly Write[]): this {
    this.#changes.push({ writes, apply: () => undefined });
    return this;
  }

  /** Adds what happens in memory when the writes are queued. */
  apply(apply: () => void): this {
    this.#changes.push({ writes: [], apply });
    return this;
  }

  /** Adds secrets to be wiped when the writes are durable. */
  retire(secrets: Iterable<Wipeable>): this {
    this.#retired.push(...secrets);
    return this;
  }

  /** Adds secrets to be wiped if the step is refused. */
  create(secrets: Iterable<Wipeable>): this {
    this.#created.push(...secrets);
    return this;
  }

  /** Adds content that the writes are made of: wiped when they are durable or refused. */
  borrow(content: Uint8Array): this {
    const wipeable = { wipe: () => void content.fill(0) };
    this.#retired.push(wipeable);
    this.#created.push(wipeable);
    return this;
  }

  /** Adds what happens when the writes are durable: network and events. */
  afterwards(action: () => void): this {
    this.#afterwards.push(action);
    return this;
  }

  /** The transition, with what the step's caller gets; an uncounted one leaves the commit counter as it is. */
  finish<T>(result: T, options: { readonly isUncounted?: boolean } = {}): Transition<T> {
    const parts = { changes: this.#changes, retired: this.#retired, created: this.#created, afterwards: this.#afterwards };
    return new PlannedTransition(result, parts, options.isUncounted === true);
  }
}

/** What a plan has collected. */
interface Parts {
  readonly changes: readonly BookChange[];
  readonly retired: readonly Wipeable[];
  readonly created: readonly Wipeable[];
  readonly afterwards: readonly (() => void)[];
}

/** A class for the reason that {@link LateChange} gives. */
class PlannedTransition<T> implements Transition<T> {
  readonly result: T;
  readonly isUncounted: boolean;
  readonly retired: readonly Wipeable[];
  readonly created: readonly Wipeable[];
  readonly #changes: readonly BookChange[];
  readonly #afterwards: readonly (() => void)[];

  constructor(result: T, { changes, retired, created, afterwards }: Parts, isUncounted: boolean) {
    this.result = result;
    this.isUncounted = isUncounted;
    this.retired = retired;
    this.created = created;
    this.#changes = changes;
    this.#afterwards = afterwards;
  }

  /** Asked for when the step commits: what a change writes may depend on what others have changed until then. */
  get writes(): readonly Write[] {
    const all: Write[] = [];
    for (const { writes } of this.#changes) for (const write of writes) all.push(write);
    return all;
  }

  apply(): void {
    for (const change of this.#changes) change.apply();
  }

  after(): void {
    for (const action of this.#afterwards) action();
  }
}
