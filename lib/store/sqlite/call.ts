import type { Table } from '../store.js';

/** What the main thread asks of the worker. The worker answers every call, in order. */
export type Call =
  | { readonly kind: 'get'; readonly id: number; readonly table: Table; readonly key: Uint8Array }
  | ({ readonly kind: 'list'; readonly id: number; readonly table: Table } & KeyInterval)
  /** `packed`: see `packWrites`; the worker wipes it. */
  | { readonly kind: 'commit'; readonly id: number; readonly packed: Uint8Array }
  | { readonly kind: 'close'; readonly id: number };

/** The keys from `from` up to, but without, `to`; at most `limit` of them, -1 for all. */
export interface KeyInterval {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
  readonly limit: number;
  readonly reverse: boolean;
}

/** Why a call failed; becomes a `StoreError`. */
export interface Failure {
  readonly code: string;
  readonly message: string;
}

/** The worker's answer to the call `id`; 0 is the opening. `bytes`: the value of `get`, the packed rows of `list`. */
export type Answer =
  | { readonly id: number; readonly bytes?: Uint8Array | undefined; readonly failure?: never }
  | { readonly id: number; readonly failure: Failure };

/** How the worker is to open its database. */
export interface Opening {
  readonly path: string;
  /** Milliseconds after a commit at which the write-ahead log is emptied. */
  readonly checkpointDelay: number;
  /** Largest size of the database in pages, or 0. */
  readonly maxPages: number;
  /** Without the exclusive lock. */
  readonly sharedAccess: boolean;
}
