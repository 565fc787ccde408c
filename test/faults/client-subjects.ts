/** What the commits of a client do, read from the rows that they write. */
import { StoreError } from '../../lib/base/errors.js';
import { accountKeys, oneTimePreKeyPrefix } from '../../lib/store/client/account-rows.js';
import { groupQueuePrefix } from '../../lib/store/client/group-queue-rows.js';
import { metaKeys } from '../../lib/store/client/peer-rows.js';
import { pendingPrefixes, readHandledPush, readOutboxEntry } from '../../lib/store/client/queue-rows.js';
import type { Row, Table, Write } from '../../lib/store/store.js';
import type { Subjects } from './pointed-store.js';

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

function begins(key: Uint8Array, prefix: Uint8Array): boolean {
  return isSame(key.subarray(0, prefix.length), prefix);
}

/** Follows the store of one client. */
export class ClientSubjects implements Subjects {
  /** Kinds of queued requests, by the hex of their keys. */
  readonly #requests = new Map<string, string>();
  /** Kinds of pushes by their ids, from the connection. */
  readonly #pushes = new Map<string, string>();
  #incarnation: string | undefined;

  /** A push has come. */
  pushCame(id: string, kind: string): void {
    this.#pushes.set(id, kind);
  }

  read(table: Table, rows: readonly Row[]): void {
    if (table === 'outbox') for (const row of rows) this.#requests.set(Buffer.from(row.key).toString('hex'), kindOf(row));
    if (table === 'meta') for (const { key, value } of rows) if (isSame(key, metaKeys.incarnation)) this.#named(value);
  }

  of(writes: readonly Write[]): readonly string[] {
    return [...new Set(writes.flatMap((write) => this.#subject(write) ?? []))];
  }

  #subject({ table, key, value }: Write): string | undefined {
    switch (table) {
      case 'account':
        if (isSame(key, accountKeys.registration)) return value === undefined ? 'registration answered' : 'registration begun';
        return isSame(key, accountKeys.credentials) ? 'credentials renewed' : undefined;
      case 'pre-key':
        return value === undefined && begins(key, oneTimePreKeyPrefix) ? 'one-time pre-key used' : undefined;
      case 'pending':
        return value !== undefined && begins(key, pendingPrefixes.device) ? 'message waits' : undefined;
      case 'inbox':
        return value === undefined ? 'message acknowledged' : undefined;
      case 'group':
        if (value === undefined) return undefined;
        if (begins(key, groupQueuePrefix('order'))) return 'group change wished';
        return begins(key, groupQueuePrefix('waiting')) ? 'group message waits' : undefined;
      case 'meta':
        return value !== undefined && isSame(key, metaKeys.incarnation) ? this.#named(value) : undefined;
      case 'outbox':
        return this.#request(key, value);
      case 'push': {
        if (value === undefined) return undefined;
        const kind = this.#pushes.get(idOf({ key, value }) ?? '');
        return kind === undefined ? undefined : `push ${kind} handled`;
      }
      default:
        return undefined;
    }
  }

  #named(value: Uint8Array): string | undefined {
    const name = Buffer.from(value).toString('hex');
    const isChanged = this.#incarnation !== undefined && this.#incarnation !== name;
    this.#incarnation = name;
    return isChanged ? 'store given up' : undefined;
  }

  #request(key: Uint8Array, value: Uint8Array | undefined): string | undefined {
    const name = Buffer.from(key).toString('hex');
    if (value === undefined) {
      const kind = this.#requests.get(name);
      this.#requests.delete(name);
      return kind === undefined ? undefined : `${kind} answered`;
    }
    const kind = kindOf({ key, value });
    this.#requests.set(name, kind);
    return `${kind} queued`;
  }
}

/** Reading wipes what was read. */
function kindOf({ key, value }: Row): string {
  return readOutboxEntry({ key, value: value.slice() }).kind;
}

/** The push of a row that notes one; the table has other rows, too. */
function idOf({ key, value }: Row): string | undefined {
  try {
    return readHandledPush({ key, value: value.slice() }).id;
  } catch (error) {
    if (error instanceof StoreError) return undefined;
    throw error;
  }
}
