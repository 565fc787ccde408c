import { type Wipeable, wipeAll } from '../base/secret.js';

/**
 * The secrets a transition has made so far. At the end of its scope they are wiped, unless the transition got to its end: a refused
 * message, a refused job or an abandoned computation leaves no key material behind.
 */
export class Unfinished {
  #secrets: Wipeable[] = [];

  /** Takes responsibility for `secret` and returns it. */
  own<T extends Wipeable>(secret: T): T {
    this.#secrets.push(secret);
    return secret;
  }

  /** The transition has succeeded: what it made now belongs to its result. */
  finish(): void {
    this.#secrets = [];
  }

  [Symbol.dispose](): void {
    wipeAll(this.#secrets);
  }
}
