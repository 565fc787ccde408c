/**
 * Pushes about groups, each group's in the order in which they came.
 *
 * Owns: that one is begun when the one before has been carried out (not: stored, so that steps share commits), and that none is while a change of
 * ours awaits its answer: it belongs behind it. Does not own: carrying them out.
 */
import { type GroupAddress, groupKey } from '../base/address.js';

/** What became of a push: `blocked`, it keeps its place until {@link GroupPushes.release}. */
export type Begun = 'carried-out' | 'blocked';

interface Queue<Push> {
  readonly group: GroupAddress;
  readonly pushes: Push[];
  isRunning: boolean;
}

/** The pushes about groups of one client. */
export class GroupPushes<Push> {
  readonly #isBlocked: (group: GroupAddress) => boolean;
  readonly #carryOut: (push: Push) => Promise<Begun>;
  readonly #queues = new Map<string, Queue<Push>>();

  /** `carryOut` must not reject, and resolves as soon as the next push may begin. */
  constructor(isBlocked: (group: GroupAddress) => boolean, carryOut: (push: Push) => Promise<Begun>) {
    this.#isBlocked = isBlocked;
    this.#carryOut = carryOut;
  }

  /** Puts a push behind those of its group. */
  add(group: GroupAddress, push: Push): void {
    const key = groupKey(group);
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      queue = { group, pushes: [], isRunning: false };
      this.#queues.set(key, queue);
    }
    queue.pushes.push(push);
    void this.#run(key, queue);
  }

  /** An answer has come: goes on with what waited for it. */
  release(): void {
    for (const [key, queue] of this.#queues) void this.#run(key, queue);
  }

  /** Pushes that have not begun. */
  get size(): number {
    let size = 0;
    for (const { pushes } of this.#queues.values()) size += pushes.length;
    return size;
  }

  /** Gives up what has not begun. */
  clear(): void {
    this.#queues.clear();
  }

  async #run(key: string, queue: Queue<Push>): Promise<void> {
    if (queue.isRunning) return;
    queue.isRunning = true;
    while (this.#queues.get(key) === queue && !this.#isBlocked(queue.group)) {
      const push = queue.pushes.shift();
      if (push === undefined) break;
      // What comes meanwhile stays behind it, also when it has to wait.
      if ((await this.#carryOut(push)) === 'blocked') queue.pushes.unshift(push);
    }
    queue.isRunning = false;
    if (queue.pushes.length === 0 && this.#queues.get(key) === queue) this.#queues.delete(key);
  }
}
