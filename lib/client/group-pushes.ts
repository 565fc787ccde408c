/**
 * Pushes about groups, each group's in the order in which they came.
 *
 * Owns: that one is begun when the one before has been carried out (not: stored, so that steps share commits), and that none is while a change of
 * ours awaits its answer: it belongs behind it. Does not own: carrying them out.
 */
import { type GroupAddress, groupKey } from '../base/address.js';

/** What became of a push: `blocked`, it keeps its place until {@link GroupPushes.release}. */
export type Begun = 'carried-out' | 'blocked';

/** What is done with the pushes. */
export interface PushHandling<Push> {
  /** Whether nothing of the group can be carried out now. */
  isBlocked(group: GroupAddress): boolean;
  /** Whether the push changes its group. */
  isChange(push: Push): boolean;
  /** Must not reject, and resolves as soon as the next push may begin. */
  carryOut(push: Push): Promise<Begun>;
  /** The last push of the group has been carried out. */
  onIdle(group: GroupAddress): void;
}

interface Queue<Push> {
  readonly group: GroupAddress;
  readonly pushes: Push[];
  /** The one that is being carried out. */
  current: Push | undefined;
}

/** The pushes about groups of one client. */
export class GroupPushes<Push> {
  readonly #handling: PushHandling<Push>;
  readonly #queues = new Map<string, Queue<Push>>();

  constructor(handling: PushHandling<Push>) {
    this.#handling = handling;
  }

  /** Puts a push behind those of its group. */
  add(group: GroupAddress, push: Push): void {
    const key = groupKey(group);
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      queue = { group, pushes: [], current: undefined };
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

  /** Whether a change of the group has come and is not carried out. */
  isChanging(group: GroupAddress): boolean {
    const queue = this.#queues.get(groupKey(group));
    if (queue === undefined) return false;
    const { current, pushes } = queue;
    return (current !== undefined && this.#handling.isChange(current)) || pushes.some((push) => this.#handling.isChange(push));
  }

  /** Gives up what has not begun. */
  clear(): void {
    this.#queues.clear();
  }

  async #run(key: string, queue: Queue<Push>): Promise<void> {
    if (queue.current !== undefined) return;
    while (this.#queues.get(key) === queue && !this.#handling.isBlocked(queue.group)) {
      const push = queue.pushes.shift();
      if (push === undefined) break;
      queue.current = push;
      // What comes meanwhile stays behind it, also when it has to wait.
      if ((await this.#handling.carryOut(push)) === 'blocked') queue.pushes.unshift(push);
      queue.current = undefined;
    }
    if (queue.pushes.length > 0 || this.#queues.get(key) !== queue) return;
    this.#queues.delete(key);
    this.#handling.onIdle(queue.group);
  }
}
