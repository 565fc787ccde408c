import { limits } from '../base/limits.js';
import type { Secret } from '../base/secret.js';
import type { PassedOver } from './receiver-chain.js';

/** The key of a message that has not arrived yet. `order` grows with every key kept; the oldest has the smallest. */
export interface SkippedMessageKey {
  /** Names the chain; keys of one chain share one array. */
  readonly ratchetKey: Uint8Array;
  /** Position in the chain: the message's `sequence`. */
  readonly index: number;
  readonly key: Secret<'MessageKey'>;
  readonly order: number;
}

/** What one message changes: first `removed` go, then `added` come. The keys of `removed` are among the transition's `retired`. */
export interface SkippedChange {
  readonly added: readonly SkippedMessageKey[];
  readonly removed: readonly SkippedMessageKey[];
}

/** The change that changes nothing. */
export const noSkippedChange: SkippedChange = { added: [], removed: [] };

/** Keys passed over in one chain, oldest first. */
export interface KeptChain {
  readonly ratchetKey: Uint8Array;
  readonly keys: readonly PassedOver[];
}

/**
 * The change that keeps `chains`, in this order, in `skipped`: the oldest keys go when there are more than `limits.skippedMessageKeys`.
 * The caller keeps no more than that in `chains`. Spec: crypto.md §7.6.
 */
export function keep(skipped: SkippedMessageKeys, chains: readonly KeptChain[]): SkippedChange {
  const added: SkippedMessageKey[] = [];
  for (const { ratchetKey, keys } of chains) {
    for (const { index, key } of keys) added.push({ ratchetKey, index, key, order: skipped.nextOrder + added.length });
  }
  if (added.length === 0) return noSkippedChange;
  const removed: SkippedMessageKey[] = [];
  const surplus = skipped.size + added.length - limits.skippedMessageKeys;
  for (const entry of skipped.entries()) {
    if (removed.length >= surplus) break;
    removed.push(entry);
  }
  return { added, removed };
}

/**
 * Message keys kept for late messages of one session.
 *
 * The ratchet only reads it; changes come out of `decrypt` as values and are applied by the owner together with the new state, so a
 * refused message leaves it as it was. Spec: crypto.md §7.6.
 */
export class SkippedMessageKeys {
  readonly #byOrder = new Map<number, SkippedMessageKey>();
  readonly #byChain = new Map<string, Map<number, SkippedMessageKey>>();
  #nextOrder = 0;

  /** Holds `entries`, in any order. */
  constructor(entries: Iterable<SkippedMessageKey> = []) {
    const sorted = [...entries].sort((a, b) => a.order - b.order);
    for (const entry of sorted) this.#add(entry);
  }

  /** Number of keys. */
  get size(): number {
    return this.#byOrder.size;
  }

  /** The `order` of the next key to be kept. */
  get nextOrder(): number {
    return this.#nextOrder;
  }

  /** The key of position `index` in the chain of `ratchetKey`. */
  find(ratchetKey: Uint8Array, index: number): SkippedMessageKey | undefined {
    return this.#byChain.get(chainName(ratchetKey))?.get(index);
  }

  /** All keys, oldest first. */
  entries(): IterableIterator<SkippedMessageKey> {
    return this.#byOrder.values();
  }

  /** Takes over what a successful `decrypt` returned; wipes nothing. */
  apply(change: SkippedChange): void {
    for (const entry of change.removed) this.#remove(entry);
    for (const entry of change.added) this.#add(entry);
  }

  /** Wipes all keys and forgets them. */
  wipe(): void {
    for (const entry of this.#byOrder.values()) entry.key.wipe();
    this.#byOrder.clear();
    this.#byChain.clear();
  }

  #add(entry: SkippedMessageKey): void {
    const name = chainName(entry.ratchetKey);
    let chain = this.#byChain.get(name);
    if (chain === undefined) {
      chain = new Map();
      this.#byChain.set(name, chain);
    }
    const previous = chain.get(entry.index);
    // Only an imported list can name a position twice; its keys are the same bytes, the newer entry stands.
    if (previous !== undefined) this.#byOrder.delete(previous.order);
    chain.set(entry.index, entry);
    this.#byOrder.set(entry.order, entry);
    this.#nextOrder = Math.max(this.#nextOrder, entry.order + 1);
  }

  #remove(entry: SkippedMessageKey): void {
    if (!this.#byOrder.delete(entry.order)) return;
    const name = chainName(entry.ratchetKey);
    const chain = this.#byChain.get(name);
    chain?.delete(entry.index);
    if (chain?.size === 0) this.#byChain.delete(name);
  }
}

/** Ratchet keys are public; as text they are compared and hashed by the engine. */
function chainName(ratchetKey: Uint8Array): string {
  return Buffer.from(ratchetKey.buffer, ratchetKey.byteOffset, ratchetKey.length).toString('latin1');
}
