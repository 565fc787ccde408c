import type { AddonJob, NativeAddon } from '../../lib/crypto/addon.js';

/** An argument of a right call. */
export interface TableArgument {
  readonly kind: 'input' | 'output' | 'scheme' | 'count' | 'jobs';
  readonly name: string;
  readonly value: unknown;
}

/** A function of the addon (for one scheme) and how to call it. */
export interface TableRow {
  readonly name: string;
  readonly label: string;
  readonly operation?: AddonJob['operation'];
  /** Fresh arguments of a right call. */
  make(): TableArgument[];
  /** Whether a right call did what it should. */
  holds(values: unknown[], result: unknown): boolean;
}

/** A call that must be refused. */
export interface WrongCall {
  readonly title: string;
  readonly arguments: unknown[];
  readonly code: string;
  readonly zero: readonly Uint8Array[];
  readonly untouched: readonly { readonly bytes: Uint8Array; readonly expected: Uint8Array }[];
}

export function counting(length: number): Uint8Array;
export function exportTable(addon: NativeAddon): TableRow[];
export function uncovered(addon: NativeAddon, rows: readonly TableRow[]): string[];
export function wrongCalls(row: TableRow): Generator<WrongCall>;
export function jobOf(row: TableRow, values: unknown[]): AddonJob | undefined;
export function complaint(wrongCall: WrongCall, run: () => unknown): string | undefined;
export function valuesOf(callArguments: readonly TableArgument[]): unknown[];
