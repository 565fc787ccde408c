/**
 * A store with one damaged row as a target: whatever stands in it, reading gives a value or says that the row is damaged. An input is the number
 * of a row (2 bytes), whether its key or its value is replaced (1 byte), and by what.
 */
import { concat } from '../../lib/base/bytes.js';
import { StoreError } from '../../lib/base/errors.js';
import type { MemoryTables } from '../../lib/store/memory/memory-store.js';
import { type Table, tables as tableNames } from '../../lib/store/store.js';
import { behindHead, byteDamage } from './decoder-target.js';
import { shapeOf } from './shape.js';
import { type Outcome, type Target, refused } from './target.js';

const headLength = 3;
const longestKey = 1_024;

/** Reads that touch a table; what they give is looked at. */
export type Reads = { readonly [T in Table]?: readonly (() => Promise<unknown>)[] };

interface Slot {
  readonly table: Table;
  readonly key: string;
  readonly value: Uint8Array;
}

function slotsOf(tables: MemoryTables): Slot[] {
  return tableNames.flatMap((table) =>
    [...tables.rows(table).entries({ prefix: '' })].map(([key, value]) => ({ table, key, value: value.slice() })),
  );
}

/** The target over `tables`, whose rows `reads` read. */
export function tableTarget(tables: MemoryTables, reads: Reads): Target {
  const slots = slotsOf(tables).filter(({ table }) => reads[table] !== undefined);
  const seeds = slots.flatMap(({ key, value }, index) => {
    const head = [index >> 8, index & 0xff];
    return [concat([Uint8Array.of(...head, 0), value]), concat([Uint8Array.of(...head, 1), Buffer.from(key, 'latin1')])];
  });
  return {
    seeds,
    mutate: behindHead(headLength, byteDamage),
    async run(input) {
      const [high = 0, low = 0, isKey = 0] = input;
      const { table, key, value } = slots[((high << 8) | low) % slots.length]!;
      const rows = tables.rows(table);
      const damage = input.slice(headLength);
      const keyText = isKey % 2 === 1 && damage.length > 0 ? Buffer.from(damage.subarray(0, longestKey)).toString('latin1') : key;
      rows.delete(key);
      const hidden = rows.get(keyText);
      rows.set(keyText, keyText === key && isKey % 2 === 0 ? damage : value.slice());
      try {
        return await readAll(table, reads[table] ?? []);
      } finally {
        if (hidden === undefined) rows.delete(keyText);
        else rows.set(keyText, hidden);
        rows.set(key, value.slice());
      }
    },
  };
}

async function readAll(table: Table, reads: readonly (() => Promise<unknown>)[]): Promise<Outcome> {
  let outcome: Outcome = { label: `${table} read`, features: [] };
  for (const [index, read] of reads.entries()) {
    const what = `${table} ${index}`;
    try {
      outcome = { label: outcome.label, features: [...outcome.features, ...shapeOf(await read(), what)] };
    } catch (error) {
      outcome = refused(what, error, StoreError, ['damaged', 'newer-schema']);
    }
  }
  return outcome;
}
