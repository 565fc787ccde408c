/**
 * The rows of skipped message keys: one per key, and the ratchet key that names their chain once per chain. Design D8.
 */
import { StoreError } from '../../base/errors.js';
import { type SkippedChange, type SkippedMessageKey, SkippedMessageKeys } from '../../ratchet/skipped-message-keys.js';
import { RowKeyReader, rowKey } from '../row-key.js';
import type { Row, Write } from '../store.js';
import { deleteRow, putRow, readRow, readSecret } from './row.js';

const messageKeyLength = 48;

interface Chain {
  readonly number: number;
  readonly ratchetKey: Uint8Array;
  keys: number;
}

function nameOf(ratchetKey: Uint8Array): string {
  return Buffer.from(ratchetKey.buffer, ratchetKey.byteOffset, ratchetKey.length).toString('latin1');
}

/** The skipped keys of one session or chain of a group, and which rows hold them. */
export class StoredSkippedKeys {
  readonly keys: SkippedMessageKeys;
  readonly #owner: string;
  readonly #chains = new Map<string, Chain>();
  #nextChain = 0;

  /** The keys of a session, or of a chain of a group, as `rows` (of the prefix {@link skippedPrefix}) hold them; their values are wiped. Throws `StoreError('damaged')`. */
  constructor(owner: string, rows: readonly Row[] = []) {
    this.#owner = owner;
    const numbered = new Map<number, Chain>();
    const entries: SkippedMessageKey[] = [];
    // Chains come before keys: the texts that begin the two kinds of key sort so.
    for (const { key, value } of rows) {
      const reader = new RowKeyReader(key);
      reader.text();
      const kind = reader.text();
      const number = reader.uint64();
      if (kind === 'chain') {
        const chain = { number, ratchetKey: readRow(value, (row) => row.bytes()), keys: 0 };
        numbered.set(number, chain);
        this.#chains.set(nameOf(chain.ratchetKey), chain);
        this.#nextChain = Math.max(this.#nextChain, number + 1);
      } else {
        entries.push(
          readRow(value, (row) => {
            const chain = numbered.get(row.uint());
            if (chain === undefined) throw new StoreError('damaged', 'a skipped key belongs to no chain');
            chain.keys += 1;
            const index = row.uint();
            return { ratchetKey: chain.ratchetKey, index, key: readSecret<'MessageKey'>(row, messageKeyLength), order: number };
          }),
        );
      }
    }
    this.keys = new SkippedMessageKeys(entries);
  }

  /** The writes that store `change`. Nothing is changed yet. */
  writesOf(change: SkippedChange): Write[] {
    if (change.added.length === 0 && change.removed.length === 0) return [];
    const writes: Write[] = [];
    const counts = new Map<Chain, number>();
    const fresh = new Map<string, Chain>();
    let nextChain = this.#nextChain;
    const count = (chain: Chain, by: number): void => {
      counts.set(chain, (counts.get(chain) ?? chain.keys) + by);
    };
    for (const { ratchetKey, order } of change.removed) {
      const chain = this.#chains.get(nameOf(ratchetKey));
      if (chain !== undefined) count(chain, -1);
      writes.push(deleteRow('skipped-key', this.#key('key', order)));
    }
    for (const { ratchetKey, index, key, order } of change.added) {
      const name = nameOf(ratchetKey);
      let chain = this.#chains.get(name) ?? fresh.get(name);
      if (chain === undefined) {
        chain = { number: nextChain, ratchetKey, keys: 0 };
        nextChain += 1;
        fresh.set(name, chain);
        writes.push(putRow('skipped-key', this.#key('chain', chain.number), (writer) => writer.bytes(ratchetKey)));
      }
      const { number } = chain;
      count(chain, 1);
      writes.push(putRow('skipped-key', this.#key('key', order), (writer) => writer.uint(number).uint(index).bytes(key.expose())));
    }
    for (const [chain, left] of counts) if (left === 0) writes.push(deleteRow('skipped-key', this.#key('chain', chain.number)));
    return writes;
  }

  /** Takes `change` over, once its writes are queued. */
  apply(change: SkippedChange): void {
    for (const { ratchetKey } of change.removed) {
      const name = nameOf(ratchetKey);
      const chain = this.#chains.get(name);
      if (chain !== undefined) chain.keys -= 1;
    }
    for (const { ratchetKey } of change.added) {
      const name = nameOf(ratchetKey);
      let chain = this.#chains.get(name);
      if (chain === undefined) {
        chain = { number: this.#nextChain, ratchetKey, keys: 0 };
        this.#nextChain += 1;
        this.#chains.set(name, chain);
      }
      chain.keys += 1;
    }
    for (const { ratchetKey } of change.removed) {
      const name = nameOf(ratchetKey);
      if (this.#chains.get(name)?.keys === 0) this.#chains.delete(name);
    }
    this.keys.apply(change);
  }

  /** Deletes all rows. */
  deleteAll(): Write[] {
    return [
      ...[...this.#chains.values()].map(({ number }) => deleteRow('skipped-key', this.#key('chain', number))),
      ...[...this.keys.entries()].map(({ order }) => deleteRow('skipped-key', this.#key('key', order))),
    ];
  }

  /** Wipes the keys in memory. */
  wipe(): void {
    this.keys.wipe();
  }

  #key(kind: 'chain' | 'key', number: number): Uint8Array {
    return rowKey().text(this.#owner).text(kind).uint64(number).toBytes();
  }
}

/** Prefix of the rows of one session or chain in the table `skipped-key`. */
export function skippedPrefix(owner: string): Uint8Array {
  return rowKey().text(owner).toBytes();
}
