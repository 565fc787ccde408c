/** The form of a report, as `--json` writes it. Fields and names are stable: later runs are compared by them. */
import type { Machine } from './machine.js';

/** Another implementation, measured in the same rounds. */
export interface PeerFigure {
  readonly name: string;
  readonly version: string;
  readonly opsPerSecond: number;
  /** Median over the rounds of the peer's time over ours; 2 means that ours does twice as many. */
  readonly ratio: number;
}

/** Operations per second. */
export interface Figure {
  readonly name: string;
  readonly suite?: string;
  readonly algorithm?: string;
  readonly opsPerSecond: number;
  /** Median over the rounds of raw time over our time; 1 means no overhead over the C library. */
  readonly ratioToRaw?: number;
  readonly rawOpsPerSecond?: number;
  /** Median over the rounds of the time of the portable build, or of mbed TLS, over ours, for what the processor speeds up. */
  readonly ratioToPortable?: number;
  readonly peers?: readonly PeerFigure[];
  /** 99th percentile, ms, by which a timer of one millisecond came late while the operation was repeated. */
  readonly loopDelayP99Ms?: number;
  readonly rounds: number;
  /** What one operation is, and anything a reader must know to judge the figure. */
  readonly about: string;
}

/** What something takes on the wire or in memory, as the tables or an encoding say. */
export interface Size {
  readonly name: string;
  readonly suite?: string;
  readonly algorithm?: string;
  readonly bytes: number;
  readonly about: string;
}

/** Something measured that is not a rate. */
export interface Quantity {
  readonly name: string;
  readonly suite?: string;
  readonly value: number;
  readonly unit: 'bytes' | 'ms';
  readonly about: string;
}

/** How long messages were under way while they were sent at one rate. */
export interface LatencyCurve {
  readonly name: string;
  readonly suite: string;
  /** Messages sent per second. */
  readonly rate: number;
  /** Messages received per second of the time from the first arrival to the last receipt. */
  readonly received: number;
  readonly messages: number;
  /** By rank, per cent. */
  readonly percentiles: readonly { readonly percent: number; readonly milliseconds: number }[];
  readonly about: string;
}

/** What a task has found. */
export interface Findings {
  readonly results?: readonly Figure[];
  readonly sizes?: readonly Size[];
  readonly quantities?: readonly Quantity[];
  readonly latency?: readonly LatencyCurve[];
}

/** One run. */
export interface Report extends Required<Findings> {
  readonly machine: Machine;
}

/** A report of `machine` with what all `findings` say, in their order. */
export function reportOf(machine: Machine, findings: readonly Findings[]): Report {
  return {
    machine,
    results: findings.flatMap(({ results = [] }) => results),
    sizes: findings.flatMap(({ sizes = [] }) => sizes),
    quantities: findings.flatMap(({ quantities = [] }) => quantities),
    latency: findings.flatMap(({ latency = [] }) => latency),
  };
}

/** The report that `text` holds. Throws an `Error` when it is not one. */
export function parseReport(text: string): Report {
  const read: unknown = JSON.parse(text);
  const lists = ['results', 'sizes', 'quantities', 'latency'];
  if (typeof read !== 'object' || read === null || !('machine' in read) || !lists.every((name) => Array.isArray(Reflect.get(read, name)))) {
    throw new Error('the file holds no report of this benchmark');
  }
  return read as Report;
}
