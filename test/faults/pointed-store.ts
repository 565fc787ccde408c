/** A store with points around and in its commits. */
import { setTimeout } from 'node:timers/promises';
import { StoreError } from '../../lib/base/errors.js';
import type { Row, Store, Table, Write } from '../../lib/store/store.js';
import { type Side, commitLabel } from './labels.js';
import type { ArmedFault, Points } from './points.js';
import { walMark, walState } from './wal.js';

/** What a slow disk takes before the end, ms: frames leave and are answered meanwhile. */
const slowness = 100;

/** Longest wait for a commit to reach the disk, ms; it begins within one. */
const patience = 5_000;

/** Says what commits do. */
export interface Subjects {
  /** Rows that were read: they tell what later deletions are about. */
  read(table: Table, rows: readonly Row[]): void;
  /** What a commit with these writes does. */
  of(writes: readonly Write[]): readonly string[];
}

/** The opener of a store of which every commit passes the points of what it does. `path` is the database's. */
export function pointedStore(
  open: () => Promise<Store>,
  path: string,
  side: Side,
  points: Points,
  subjects: Subjects,
): () => Promise<Store> {
  return async () => {
    const inner = await open();
    return {
      get: async (table, key) => {
        const value = await inner.get(table, key);
        if (value !== undefined) subjects.read(table, [{ key, value }]);
        return value;
      },
      list: async (table, range) => {
        const rows = await inner.list(table, range);
        subjects.read(table, rows);
        return rows;
      },
      close: () => inner.close(),
      commit: async (writes) => {
        const named = subjects.of(writes);
        const at = (moment: 'before' | 'during' | 'after'): ArmedFault | undefined =>
          firstOf(named.map((subject) => points.reach(commitLabel(side, subject, moment))));
        const before = at('before');
        if (before?.kind === 'slow-kill') await setTimeout(slowness);
        if (before?.kind === 'kill' || before?.kind === 'slow-kill') points.die(before.label);
        if (before !== undefined) await fail(points, before, inner);
        const during = at('during');
        const wal = during?.kind === 'kill' ? walState(path) : undefined;
        const mark = walMark(path);
        const durable = inner.commit(writes);
        if (during?.kind === 'kill') {
          const end = Date.now() + patience;
          while (walMark(path) === mark && Date.now() < end);
          points.die(during.label, wal);
        }
        await durable;
        const after = at('after');
        if (after?.kind === 'kill') points.die(after.label);
        if (after?.kind === 'outcome-unknown') await fail(points, after, inner);
      },
    };
  };
}

/** Every point counts, one fault happens. */
function firstOf(faults: readonly (ArmedFault | undefined)[]): ArmedFault | undefined {
  return faults.find((fault) => fault !== undefined);
}

async function fail(points: Points, { kind, label }: ArmedFault, inner: Store): Promise<never> {
  points.fail(label, kind);
  if (kind === 'disk-full') throw new StoreError('disk-full', 'the story has filled the disk');
  // As a driver does: the caller has to open the store again.
  await inner.close();
  throw new StoreError('outcome-unknown', 'the story hides how the commit went');
}
