import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * `<path>.owner` says who has the store open, for the message that the next opener gets. It is no lock: SQLite's is, which ends with the
 * process, while this file may be left behind. So everything here is best effort.
 */
function ownerPath(path: string): string {
  return `${path}.owner`;
}

/** Notes this process as the owner of the store at `path`. */
export function writeOwner(path: string): void {
  const startTime = new Date(Date.now() - Math.round(process.uptime() * 1_000)).toISOString();
  ignoringErrors(() => {
    writeFileSync(ownerPath(path), JSON.stringify({ pid: process.pid, host: hostname(), startTime }), { mode: 0o600 });
  });
}

/** Removes the note. */
export function removeOwner(path: string): void {
  ignoringErrors(() => {
    rmSync(ownerPath(path), { force: true });
  });
}

/** Who holds the store at `path`, in words. */
export function describeOwner(path: string): string {
  let owner: unknown;
  ignoringErrors(() => {
    owner = JSON.parse(readFileSync(ownerPath(path), 'utf8'));
  });
  if (typeof owner !== 'object' || owner === null || !('pid' in owner) || !('host' in owner) || !('startTime' in owner)) {
    return 'another process';
  }
  return `process ${String(owner.pid)} on ${String(owner.host)}, running since ${String(owner.startTime)}`;
}

function ignoringErrors(action: () => void): void {
  try {
    action();
  } catch {
    // The store works without the note.
  }
}
