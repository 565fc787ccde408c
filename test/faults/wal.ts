/** SQLite's write-ahead log as bytes: how far it is durable, and what a power failure in the last write leaves. Spec: sqlite.org/fileformat2.html §4. */
import { closeSync, existsSync, fsyncSync, ftruncateSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import type { Dice } from '../stories/dice.js';

/** What a log holds of durable commits. */
export interface WalState {
  /** Names the log since its last restart. */
  readonly salt: string;
  /** Bytes up to the end of the last commit. */
  readonly committed: number;
}

const headerLength = 32;
const frameHeaderLength = 24;

/** The state of the log beside the database at `path`; `undefined` when there is none. */
export function walState(path: string): WalState | undefined {
  const file = `${path}-wal`;
  if (!existsSync(file)) return undefined;
  const bytes = readFileSync(file);
  if (bytes.length < headerLength) return undefined;
  const salt = bytes.toString('hex', 16, 24);
  const frameLength = frameHeaderLength + bytes.readUInt32BE(8);
  let committed = headerLength;
  for (let at = headerLength; at + frameLength <= bytes.length; at += frameLength) {
    if (bytes.toString('hex', at + 8, at + 16) !== salt) break;
    // The size of the database stands in the last frame of a commit only.
    if (bytes.readUInt32BE(at + 4) !== 0) committed = at + frameLength;
  }
  return { salt, committed };
}

/**
 * Whether a page of what was written behind `committed` stands in the database: pages are copied there when the log is safe on the disk, and what is can
 * not be torn any more.
 */
function isCopied(path: string, committed: number): boolean {
  const log = readFileSync(`${path}-wal`);
  const database = readFileSync(path);
  const pageLength = log.readUInt32BE(8);
  for (let at = committed; at + frameHeaderLength + pageLength <= log.length; at += frameHeaderLength + pageLength) {
    const start = (log.readUInt32BE(at) - 1) * pageLength;
    const page = log.subarray(at + frameHeaderLength, at + frameHeaderLength + pageLength);
    if (start >= 0 && page.equals(database.subarray(start, start + pageLength))) return true;
  }
  return false;
}

/** Whether and when the log was written to. */
export function walMark(path: string): string {
  const { size, mtimeNs } = statSync(`${path}-wal`, { bigint: true, throwIfNoEntry: false }) ?? { size: 0n, mtimeNs: 0n };
  return `${size} ${mtimeNs}`;
}

/**
 * Does to the log what a power failure can do to a write that was under way: of the bytes behind the last commit that was durable some are there, some
 * are not, some are other ones. Returns what it did.
 */
export function tearLastWrite(path: string, before: WalState, dice: Dice): string {
  const now = walState(path);
  if (now?.salt !== before.salt) return 'nothing: the log was begun anew';
  const { size } = statSync(`${path}-wal`);
  const open = size - before.committed;
  if (open <= 0) return 'nothing: nothing was written';
  if (isCopied(path, before.committed)) return 'nothing: it has been copied into the database';
  const at = before.committed + dice.below(open);
  const file = openSync(`${path}-wal`, 'r+');
  try {
    const how = dice.below(3);
    if (how === 0) ftruncateSync(file, at);
    else {
      const length = Math.min(size - at, 1 + dice.below(4_096));
      writeSync(file, how === 1 ? Buffer.alloc(length) : Buffer.alloc(length, 0xa5), 0, length, at);
    }
    fsyncSync(file);
    return `${['cut off', 'zeros', 'rubbish'][how] ?? ''} at byte ${at - before.committed} of ${open}`;
  } finally {
    closeSync(file);
  }
}
