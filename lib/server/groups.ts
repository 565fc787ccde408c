import type { RelayStore } from '../store/relay-store.js';
import { type GroupState, groupState } from './group-state.js';

/** Devices of all groups in memory, some 300 bytes each. */
const cachedDevices = 262_144;

/** A group costs as much as some devices even when it has none. */
function sizeOf({ devices, record }: GroupState): number {
  return devices.length + record.members.length + 1;
}

/**
 * The groups in use, in memory, so that a message costs no look-up of its receivers.
 *
 * Owns: what is kept, and that it is what the store says. Does not own: locks; all calls for a group are made under its lock.
 */
export class Groups {
  readonly #store: RelayStore;
  readonly #maxSize: number;
  readonly #states = new Map<string, GroupState>();
  #size = 0;

  /** `maxSize`: devices and members of all groups in memory. */
  constructor(store: RelayStore, maxSize: number = cachedDevices) {
    this.#store = store;
    this.#maxSize = maxSize;
    store.onReset(() => {
      this.#states.clear();
      this.#size = 0;
    });
  }

  /** A group with its devices, or `undefined` when there is none. */
  async load(groupId: string): Promise<GroupState | undefined> {
    const known = this.#states.get(groupId);
    if (known !== undefined) {
      this.keep(known);
      return known;
    }
    const { generation } = this.#store;
    const record = await this.#store.groups.group(groupId);
    if (record === undefined) return undefined;
    const state = groupState(record, await this.#store.groups.marks(groupId));
    // What was read before a failed commit may never have become durable; whoever builds on it is refused.
    if (generation === this.#store.generation) this.keep(state);
    return state;
  }

  /** Takes over what has become durable. */
  keep(state: GroupState): void {
    this.forget(state.record.groupId);
    this.#states.set(state.record.groupId, state);
    this.#size += sizeOf(state);
    for (const oldest of this.#states.keys()) {
      if (this.#size <= this.#maxSize) return;
      this.forget(oldest);
    }
  }

  /** Reads the group again the next time. */
  forget(groupId: string): void {
    const known = this.#states.get(groupId);
    if (known === undefined) return;
    this.#states.delete(groupId);
    this.#size -= sizeOf(known);
  }
}
