/**
 * The rows of the relay's mailboxes, and of the bodies that several of them share.
 *
 * Owns: which table and key holds what, and the form of each row. Does not own: sequences, quotas, when a body is no longer needed.
 *
 * | table | key | row |
 * |---|---|---|
 * | `push` | user, device | {@link MailboxHead}; exists as long as the device does |
 * | `push` | user, device, sender's user | {@link SenderShare}; only while the mailbox is crowded |
 * | `mailbox` | user, device, sequence | {@link MailboxRow}: form 1 with the whole push, form 2 without the body |
 * | `body` | `bytes`, body id | the payload that pushes of several devices have in common |
 * | `body` | `count`, body id | how many rows name the body; apart from it, because it changes with every one that is consumed |
 */
import type { DeviceAddress } from '../base/address.js';
import { concat } from '../base/bytes.js';
import { StoreError, UsageError } from '../base/errors.js';
import { Slab } from '../base/slab.js';
import { checkKey } from './argument.js';
import type { GroupCommit } from './group-commit.js';
import { type RecordReader, decodeRecord, encodeRecord } from './record.js';
import type { MailboxHead, MailboxRow } from './relay-records.js';
import { allKeys, deleteRow, deviceParts, getRecord, putRecord } from './relay-row.js';
import { RowKeyReader, rowKey } from './row-key.js';
import type { Write } from './store.js';

/** First byte of a row with the whole push. */
const wholeForm = 1;

/** First byte of a row whose body lies elsewhere. */
const sharedForm = 2;

/** Bytes of an id's text in a row of {@link wholeForm}. */
const pushIdLength = 24;

/** Memory for a row with a push of so many bytes, and its end, where the push belongs. */
export function wholeRow(slab: Slab, pushLength: number): { readonly row: Uint8Array; readonly push: Uint8Array } {
  const row = slab.allocate(1 + pushIdLength + pushLength);
  return { row, push: row.subarray(1 + pushIdLength) };
}

/** Bytes of a sequence in a key. */
const sequenceLength = 8;

/** What goes with a mailbox. */
export interface MailboxRemoval {
  readonly writes: readonly Write[];
  /** How many of the rows named each body. */
  readonly bodies: ReadonlyMap<string, number>;
}

/** What one user has put into a mailbox since it became crowded. */
export interface SenderShare {
  readonly rows: number;
  readonly bytes: number;
}

/** Typed access to mailboxes. Reads see queued writes; writes are values for a commit. */
export class MailboxRows {
  readonly #commits: GroupCommit;
  readonly #slab = new Slab();

  constructor(commits: GroupCommit) {
    this.#commits = commits;
  }

  /** Counters of a device's mailbox; `undefined`: there is no such device. */
  head(address: DeviceAddress): Promise<MailboxHead | undefined> {
    return getRecord(this.#commits, 'push', headKey(address), (reader) => ({
      next: reader.uint(),
      rows: reader.uint(),
      bytes: reader.uint(),
    }));
  }

  putHead(address: DeviceAddress, head: MailboxHead): Write {
    return putRecord('push', headKey(address), (writer) => writer.uint(head.next).uint(head.rows).uint(head.bytes));
  }

  /** What the user `sender` has put into a crowded mailbox; `undefined`: nothing. */
  share(address: DeviceAddress, sender: string): Promise<SenderShare | undefined> {
    return getRecord(this.#commits, 'push', shareKey(address, sender), (reader) => ({ rows: reader.uint(), bytes: reader.uint() }));
  }

  putShare(address: DeviceAddress, sender: string, share: SenderShare): Write {
    return putRecord('push', shareKey(address, sender), (writer) => writer.uint(share.rows).uint(share.bytes));
  }

  /** Deletes the shares of all senders of a mailbox. */
  async deleteShares(address: DeviceAddress): Promise<Write[]> {
    const prefix = headKey(address);
    const keys = await allKeys(this.#commits, 'push', prefix);
    return keys.filter(({ length }) => length > prefix.length).map((key) => deleteRow('push', key));
  }

  /** Rows behind `after` in order. */
  async rows(address: DeviceAddress, after: number, limit: number): Promise<MailboxRow[]> {
    const prefix = headKey(address);
    const rows = await this.#commits.list('mailbox', { prefix, after: this.#rowKey(address, after), limit });
    return rows.map(({ key, value }) => decodeRow(sequenceOf(key, prefix), value));
  }

  async row(address: DeviceAddress, sequence: number): Promise<MailboxRow | undefined> {
    const value = await this.#commits.get('mailbox', this.#rowKey(address, sequence));
    return value === undefined ? undefined : decodeRow(sequence, value);
  }

  putRow(address: DeviceAddress, row: MailboxRow): Write {
    return { table: 'mailbox', key: this.#rowKey(address, row.sequence), value: encodeRow(row) };
  }

  deleteRow(address: DeviceAddress, sequence: number): Write {
    return deleteRow('mailbox', this.#rowKey(address, sequence));
  }

  /** The bytes of a body. */
  body(id: string): Promise<Uint8Array | undefined> {
    return this.#commits.get('body', bodyKey(id));
  }

  /** How many rows name the body. */
  bodyCount(id: string): Promise<number | undefined> {
    return getRecord(this.#commits, 'body', countKey(id), (reader) => reader.uint());
  }

  /** A new body that `count` rows name; `bytes` stay the caller's. */
  putBody(id: string, bytes: Uint8Array, count: number): Write[] {
    return [{ table: 'body', key: bodyKey(id), value: concat([bytes]) }, this.putBodyCount(id, count)];
  }

  putBodyCount(id: string, count: number): Write {
    return putRecord('body', countKey(id), (writer) => writer.uint(count));
  }

  deleteBody(id: string): Write[] {
    return [deleteRow('body', bodyKey(id)), deleteRow('body', countKey(id))];
  }

  /** Deletes head and rows. Reads what is there in pages, so it is for rare use. */
  async deleteAll(address: DeviceAddress): Promise<MailboxRemoval> {
    const prefix = headKey(address);
    const bodies = new Map<string, number>();
    const keys = await allKeys(this.#commits, 'mailbox', prefix, ({ key, value }) => {
      const { content } = decodeRow(sequenceOf(key, prefix), value);
      if (content.kind === 'shared') bodies.set(content.bodyId, (bodies.get(content.bodyId) ?? 0) + 1);
    });
    const shares = await this.deleteShares(address);
    return { writes: [deleteRow('push', headKey(address)), ...shares, ...keys.map((key) => deleteRow('mailbox', key))], bodies };
  }

  /** As `deviceParts(address).uint64(sequence)`. */
  #rowKey(address: DeviceAddress, sequence: number): Uint8Array {
    if (!Number.isSafeInteger(sequence) || sequence < 0) throw new UsageError('key-number', 'a sequence is a whole number');
    const prefix = headKey(address);
    const key = this.#slab.allocate(prefix.length + sequenceLength);
    key.set(prefix);
    let rest = sequence;
    for (let at = key.length - 1; rest > 0; at -= 1) {
      key[at] = rest % 256;
      rest = Math.floor(rest / 256);
    }
    checkKey(key);
    return key;
  }
}

/** Keys of heads, which are the beginning of the keys of all rows; made once for each object, because addresses of mailboxes stay. */
const headKeys = new WeakMap<DeviceAddress, Uint8Array>();

function encodeRow({ id, content }: MailboxRow): Uint8Array {
  if (content.kind === 'whole') {
    const row = content.row ?? concat([new Uint8Array(1 + pushIdLength), content.push]);
    row[0] = wholeForm;
    for (let at = 0; at < pushIdLength; at += 1) row[1 + at] = id.charCodeAt(at);
    return row;
  }
  return encodeRecord(sharedForm, (writer) =>
    writer.string(id).string(content.bodyId).uint(content.bodyLength).bytes(content.prefix).bytes(content.suffix),
  );
}

function decodeRow(sequence: number, value: Uint8Array): MailboxRow {
  if (value[0] !== wholeForm) return decodeRecord(value, [sharedForm], (reader) => readSharedRow(sequence, reader));
  if (value.length < 1 + pushIdLength) throw new StoreError('damaged', 'a mailbox row is too short');
  const id = Buffer.from(value.subarray(1, 1 + pushIdLength)).toString('latin1');
  return { sequence, id, content: { kind: 'whole', push: value.subarray(1 + pushIdLength) } };
}

function readSharedRow(sequence: number, reader: RecordReader): MailboxRow {
  const id = reader.string();
  const bodyId = reader.string();
  const bodyLength = reader.uint();
  return { sequence, id, content: { kind: 'shared', bodyId, bodyLength, prefix: reader.bytes(), suffix: reader.bytes() } };
}

function sequenceOf(key: Uint8Array, prefix: Uint8Array): number {
  return new RowKeyReader(key.subarray(prefix.length)).uint64();
}

function headKey(address: DeviceAddress): Uint8Array {
  const known = headKeys.get(address);
  if (known !== undefined) return known;
  const key = deviceParts(address).toBytes();
  headKeys.set(address, key);
  return key;
}

function shareKey(address: DeviceAddress, sender: string): Uint8Array {
  return deviceParts(address).text(sender).toBytes();
}

function bodyKey(id: string): Uint8Array {
  return rowKey().text('bytes').text(id).toBytes();
}

function countKey(id: string): Uint8Array {
  return rowKey().text('count').text(id).toBytes();
}
