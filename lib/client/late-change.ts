import type { Write } from '../store/store.js';
import type { BookChange } from './session-book.js';

/**
 * A change whose rows are made when its step commits, because they depend on what others have changed until then.
 *
 * A class, and no literal with a getter: V8 makes a hidden class of its own for each of those, where it stays until the next full collection and
 * keeps alive what the getter refers to. Of what sending a message uses a fifth was copied twice for that.
 */
export class LateChange implements BookChange {
  readonly #make: () => readonly Write[];
  readonly apply: () => void;

  /** `make` is called once, when the step commits. */
  constructor(make: () => readonly Write[], apply: () => void) {
    this.#make = make;
    this.apply = apply;
  }

  get writes(): readonly Write[] {
    return this.#make();
  }
}
