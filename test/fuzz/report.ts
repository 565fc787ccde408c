/** What a campaign in another process says: lines of JSON, the last one the result. */

/** Something that must not happen. */
export interface ReportedFinding {
  /** In base64. */
  readonly input: string;
  readonly what: string;
}

/** The result of one target. */
export interface Report {
  readonly executions: number;
  readonly failed: number;
  readonly found: readonly ReportedFinding[];
  readonly outcomes: number;
  readonly features: number;
  readonly corpus: number;
  /** Of the slowest execution, ms. */
  readonly slowest: number;
  /** Bytes by which the heap, with what it holds outside, grew once it was warm. */
  readonly heapGrowth: number;
  /** The same for the process. */
  readonly rssGrowth: number;
  /** Inputs that would be worth keeping, in base64; empty unless asked for. */
  readonly kept: readonly string[];
}

/** One line. */
export type Line = { readonly progress: number } | { readonly result: Report };

const columns = ['target', 'executions', 'failed', 'outcomes', 'features', 'corpus', 'slowest ms', 'heap +MB', 'rss +MB', '/s'];

function row(cells: readonly (string | number)[]): string {
  return cells.map((cell, index) => (index === 0 ? String(cell).padEnd(16) : String(cell).padStart(11))).join('');
}

/** The head of the table. */
export const tableHead: string = row(columns);

function megabytes(bytes: number): string {
  return (bytes / 1_048_576).toFixed(1);
}

/** One line of the table; `seconds` is how long it took. */
export function tableRow(target: string, report: Report, seconds: number): string {
  const { executions, failed, outcomes, features, corpus, slowest, heapGrowth, rssGrowth } = report;
  const cells = [slowest.toFixed(1), megabytes(heapGrowth), megabytes(rssGrowth), Math.round(executions / Math.max(seconds, 0.001))];
  return row([target, executions, failed, outcomes, features, corpus, ...cells]);
}
