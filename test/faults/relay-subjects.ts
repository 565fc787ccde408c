/** What the commits of a relay do: which tables they touch. */
import type { Subjects } from './pointed-store.js';

/** The relay's rows tell by their tables what they are about. */
export const tableSubjects: Subjects = {
  read: () => undefined,
  of: (writes) => [...new Set(writes.map(({ table, value }) => `${table} ${value === undefined ? 'deleted' : 'put'}`))],
};
