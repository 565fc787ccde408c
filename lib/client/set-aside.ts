/**
 * Pushes that could not be carried out, whatever the reason but the store: how often they were tried, and those that were set aside.
 *
 * Owns: counts and bounds. Does not own: when a push is tried again (receive.ts) and what is told (set-aside-pushes.ts).
 */
import { limits } from '../base/limits.js';
import type { ClientStore } from '../store/client-store.js';
import { type SetAsideRow, deletePushTries, deleteSetAside, putPushTries, putSetAside } from '../store/client/trouble-rows.js';
import type { Write } from '../store/store.js';
import { LateChange } from './late-change.js';
import type { BookChange } from './session-book.js';

/** The troublesome pushes of one client. */
export class SetAside {
  readonly #store: ClientStore;
  /** Tries of pushes that will come again, oldest first. */
  readonly #tries = new Map<string, number>();
  /** Lengths of the pushes that are kept, by number, oldest first. */
  readonly #lengths = new Map<number, number>();
  #next = 1;

  constructor(store: ClientStore) {
    this.#store = store;
  }

  /** Forgets everything and loads it anew. */
  async load(): Promise<void> {
    this.#tries.clear();
    this.#lengths.clear();
    for (const { id, count } of await this.#store.loadPushTries()) this.#tries.set(id, count);
    await this.#store.walkSetAside(({ sequence, bytes }) => {
      this.#lengths.set(sequence, bytes.length);
      this.#next = Math.max(this.#next, sequence + 1);
    });
  }

  /** Pushes that are set aside. */
  get count(): number {
    return this.#lengths.size;
  }

  /** How often a push could not be carried out. */
  triesOf(id: string): number {
    return this.#tries.get(id) ?? 0;
  }

  /** The change that notes how often a push was tried; of too many, the oldest is forgotten. */
  noteTry(id: string, count: number): BookChange {
    const writes = [putPushTries(id, count)];
    const [oldest] = this.#tries.keys();
    const surplus = this.#tries.size >= limits.pushWindow && !this.#tries.has(id) ? oldest : undefined;
    if (surplus !== undefined) writes.push(deletePushTries(surplus));
    return {
      writes,
      apply: () => {
        if (surplus !== undefined) this.#tries.delete(surplus);
        this.#tries.set(id, count);
      },
    };
  }

  /** The change that forgets the tries of a push. */
  forget(id: string): BookChange {
    return { writes: this.#tries.has(id) ? [deletePushTries(id)] : [], apply: () => void this.#tries.delete(id) };
  }

  /** The change that sets a push aside; the oldest make room for it. It gets its number when its step commits. */
  add(push: Omit<SetAsideRow, 'sequence'>): BookChange {
    const isKept = push.bytes.length <= limits.setAsideBytes;
    const put = (): Write[] => {
      const bytes = isKept ? push.bytes : new Uint8Array(0);
      const writes = this.#makeRoom(bytes.length).map(deleteSetAside);
      this.#lengths.set(this.#next, bytes.length);
      writes.push(putSetAside({ ...push, bytes, sequence: this.#next }));
      this.#next += 1;
      return writes;
    };
    return new LateChange(put, () => undefined);
  }

  /** The change that forgets a push that was set aside. */
  remove(sequence: number): BookChange {
    return { writes: [deleteSetAside(sequence)], apply: () => void this.#lengths.delete(sequence) };
  }

  #makeRoom(length: number): number[] {
    const gone: number[] = [];
    let bytes = [...this.#lengths.values()].reduce((sum, each) => sum + each, length);
    for (const [sequence, each] of this.#lengths) {
      if (this.#lengths.size < limits.setAsidePushes && bytes <= limits.setAsideBytes) break;
      this.#lengths.delete(sequence);
      bytes -= each;
      gone.push(sequence);
    }
    return gone;
  }
}
