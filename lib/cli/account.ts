import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { Client, limits, StoreError, webSocketTransport, type EventHandler, type Store, type Transport } from '../index.js';
import { openSqliteStore } from '../store/sqlite/index.js';
import type { AccountOptions } from './options.js';
import type { Recording } from './recording.js';

/** Opens the account in the store of the options; `recording` records what the relay pushes. Throws `StoreError` when there is no account. */
export async function openAccount(options: AccountOptions, events?: EventHandler, recording?: Recording): Promise<Client> {
  if (!existsSync(options.store)) {
    throw new StoreError('unavailable', `no account in ${options.store}: make one with "skissm register"`);
  }
  const url = options.relay ?? (await readRelayUrl(options.store));
  const transport = relayTransport(url);
  return Client.open({
    store: storeFactory(options.store),
    transport: recording === undefined ? transport : recording.of(transport),
    ...(events === undefined ? {} : { events }),
    ...(options.newDevices === undefined ? {} : { newDevices: options.newDevices }),
  });
}

/** Opens the SQLite store of an account; the client calls it again after a failure. */
export function storeFactory(file: string): () => Promise<Store> {
  return () => openSqliteStore({ path: file });
}

/** The way to a relay, for suites of any key size. Throws `UsageError('url')` for an address that is none. */
export function relayTransport(url: string): Transport {
  return webSocketTransport({ url, maxFrameLength: limits.largeKeyFrameLength });
}

/** Remembers beside the store which relay the account belongs to, so that later commands need no `--relay`. */
export async function writeRelayUrl(store: string, url: string): Promise<void> {
  await writeFile(relayFile(store), `${JSON.stringify({ relay: url })}\n`, { mode: 0o600 });
}

async function readRelayUrl(store: string): Promise<string> {
  const file = relayFile(store);
  try {
    const content: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (typeof content === 'object' && content !== null && 'relay' in content && typeof content.relay === 'string') return content.relay;
  } catch (error) {
    throw new StoreError('unavailable', `cannot read ${file}, which names the relay; give it with --relay`, { cause: error });
  }
  throw new StoreError('damaged', `${file} names no relay; give it with --relay`);
}

function relayFile(store: string): string {
  return `${store}.relay.json`;
}
