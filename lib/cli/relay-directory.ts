import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { StoreError, UsageError } from '../index.js';

/** The relay's database in its data directory. */
export function relayStorePath(data: string): string {
  return path.join(data, 'relay.db');
}

/** The control socket of the relay that runs on this data directory. */
export function controlSocketPath(data: string): string {
  return path.join(path.resolve(data), 'control.sock');
}

/**
 * The domain of the relay in this data directory: the first start notes it, so that later ones need not name it. Throws
 * `UsageError('domain')` when another one is asked for: every address and certificate carries it.
 */
export async function relayDomain(data: string, asked: string | undefined): Promise<string> {
  const noted = await notedDomain(data);
  if (noted === undefined) return asked ?? 'localhost';
  if (asked !== undefined && asked !== noted) throw new UsageError('domain', `the relay in ${data} serves the domain ${noted}`);
  return noted;
}

/** Makes the data directory, for its owner only. */
export async function makeRelayDirectory(data: string): Promise<void> {
  await mkdir(data, { recursive: true, mode: 0o700 });
}

/** Notes the domain of a relay that has been opened. */
export async function noteRelayDomain(data: string, domain: string): Promise<void> {
  await writeFile(noteFile(data), `${JSON.stringify({ domain })}\n`, { mode: 0o600 });
}

async function notedDomain(data: string): Promise<string | undefined> {
  const file = noteFile(data);
  if (!existsSync(file)) return undefined;
  try {
    const content: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (typeof content === 'object' && content !== null && 'domain' in content && typeof content.domain === 'string') return content.domain;
  } catch (error) {
    throw new StoreError('unavailable', `cannot read ${file}`, { cause: error });
  }
  throw new StoreError('damaged', `${file} names no domain`);
}

function noteFile(data: string): string {
  return path.join(data, 'relay.json');
}
