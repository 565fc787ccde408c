import { type Table, tables } from '../store.js';

/** The name of a table in SQL. */
export function sqlTable(table: Table): string {
  return table.replaceAll('-', '_');
}

/** The names of all tables in SQL. */
export const sqlTables: readonly string[] = tables.map((table) => sqlTable(table));
